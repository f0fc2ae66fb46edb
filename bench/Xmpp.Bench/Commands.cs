using System.CommandLine;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;
using Xmpp.Bench.Scenarios;
using static Xmpp.Bench.CommonOptions;

namespace Xmpp.Bench;

/// <summary>The command line: one command for each scenario, those that make accounts, the report and the fuzzer.</summary>
internal static class Commands
{
    public static Command Login()
    {
        var common = new CommonOptions();
        var count = Count("--count", 1000, "Logins");
        var concurrency = Count("--concurrency", 8, "Logins at a time", maximum: 1000);
        var accounts = Count("--accounts", 50, "Accounts used in turn");
        var warmup = Count("--warmup", 200, "Logins before the measured ones", minimum: 0);
        var fast = new Option<bool>("--fast")
        {
            Description = "By tokens (XEP-0484), each binding its resource along with that; needs a server that offers PLAIN for the first one",
        };
        var command = new Command("login", "Whole logins: connect, TLS, SASL, resource binding, end of stream")
        {
            count, concurrency, accounts, warmup, fast,
        };
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "login", (target, server) => LoginScenario.Run(
            target,
            server,
            new(
                arguments.GetRequiredValue(count),
                arguments.GetRequiredValue(concurrency),
                arguments.GetRequiredValue(accounts),
                arguments.GetRequiredValue(warmup),
                arguments.GetValue(fast)))));
        return command;
    }

    public static Command Idle()
    {
        var common = new CommonOptions();
        var counts = new Option<int[]>("--counts")
        {
            Description = "Ascending numbers of sessions at which memory is read",
            DefaultValueFactory = _ => [500, 2000],
            AllowMultipleArgumentsPerToken = true,
        };
        counts.Validators.Add(result =>
        {
            var values = result.GetValueOrDefault<int[]>() ?? [];
            if (values.Length < 2 || values[0] < 1 || values.Zip(values.Skip(1)).Any(pair => pair.First >= pair.Second))
                result.AddError("--counts takes two or more ascending numbers");
        });
        var settle = Positive("--settle", 3, "Seconds of rest before memory is read");
        var available = new Option<bool>("--available") { Description = "The sessions send initial presence" };
        var hibernating = new Option<bool>("--hibernating")
        {
            Description = "The sessions have lost their connections and can be resumed (XEP-0198)",
        };
        var command = new Command("idle", "Bound sessions that say nothing: memory per session (start the server afresh for it)")
        {
            counts, settle, available, hibernating,
        };
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "idle", (target, server) => IdleScenario.Run(
            target,
            server ?? throw new BenchException("idle measures a process: name it with --pid"),
            new(
                arguments.GetRequiredValue(counts),
                TimeSpan.FromSeconds(arguments.GetRequiredValue(settle)),
                arguments.GetValue(available),
                arguments.GetValue(hibernating)))));
        return command;
    }

    public static Command Chat()
    {
        var common = new CommonOptions();
        var length = new LengthOptions();
        var pairs = Count("--pairs", 200, "Conversations", maximum: 100_000);
        var window = Window();
        var rate = Count("--rate", 0, "Messages per second altogether, instead of a window", minimum: 0);
        var size = Count("--size", 200, "Bytes of a message stanza", minimum: 100, maximum: 60_000);
        var idle = Count("--idle", 0, "Further sessions that say nothing", minimum: 0, maximum: 100_000);
        var threads = Count("--threads", 1, "Threads of the load generator", maximum: 64);
        var acknowledged = new Option<bool>("--acknowledged") { Description = "With stream management, and acknowledgements both ways" };
        var peerDomain = new Option<string?>("--peer-domain") { Description = "Virtual host of another server: there is one account of each pair" };
        var peerHost = new Option<string>("--peer-host") { Description = "That server's address", DefaultValueFactory = _ => "127.0.0.1" };
        var peerPort = Count("--peer-port", 5222, "Its port", maximum: 65_535);
        var peerPid = new Option<int[]>("--peer-pid") { Description = "Its process", AllowMultipleArgumentsPerToken = true };
        var command = new Command("chat", "One-to-one messages; fails when one is lost or out of order")
        {
            pairs, window, rate, size, idle, threads, acknowledged, peerDomain, peerHost, peerPort, peerPid,
        };
        length.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "chat", (target, server) => ChatScenario.Run(
            target,
            server,
            arguments.GetValue(peerDomain) is { } domain
                ? new(
                    target with
                    {
                        Host = arguments.GetRequiredValue(peerHost),
                        Port = arguments.GetRequiredValue(peerPort),
                        Domain = domain,
                    },
                    arguments.GetValue(peerPid) is { Length: > 0 } pids ? new ServerProcess(pids) : null)
                : null,
            new(
                arguments.GetRequiredValue(pairs),
                new(arguments.GetRequiredValue(window), arguments.GetRequiredValue(rate)),
                arguments.GetRequiredValue(size),
                arguments.GetRequiredValue(idle),
                Math.Min(arguments.GetRequiredValue(threads), arguments.GetRequiredValue(pairs)),
                arguments.GetValue(acknowledged),
                length.Read(arguments)))));
        return command;
    }

    public static Command Ping()
    {
        var common = new CommonOptions();
        var length = new LengthOptions();
        var sessions = Count("--sessions", 200, "Sessions that ping", maximum: 100_000);
        var window = Window();
        var command = new Command("ping", "Pings to the server (XEP-0199)") { sessions, window };
        length.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "ping", (target, server) => PingScenario.Run(
            target,
            server,
            new(
                arguments.GetRequiredValue(sessions),
                new(arguments.GetRequiredValue(window), 0),
                length.Read(arguments)))));
        return command;
    }

    public static Command Register()
    {
        var common = new CommonOptions();
        var count = Count("--count", 2000, "Accounts");
        var concurrency = Count("--concurrency", 8, "Registrations at a time", maximum: 1000);
        var command = new Command("register", "Makes the accounts by in-band registration (XEP-0077)") { count, concurrency };
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "register", (target, server) => RegisterScenario.Run(
            target,
            server,
            arguments.GetRequiredValue(count),
            arguments.GetRequiredValue(concurrency))));
        return command;
    }

    public static Command Contacts()
    {
        var common = new CommonOptions();
        var ring = new RingOptions();
        var command = new Command("contacts", "Makes accounts without contacts those of each other: roster, both subscriptions");
        ring.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "contacts", (target, server) =>
            ContactsScenario.Run(target, server, ring.Read(arguments))));
        return command;
    }

    public static Command Presence()
    {
        var common = new CommonOptions();
        var ring = new RingOptions();
        var rounds = Count("--rounds", 2, "Changes of everybody's presence");
        var command = new Command("presence", "A storm of logins of users who are contacts, then presences; after the command contacts")
        {
            rounds,
        };
        ring.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "presence", (target, server) => PresenceScenario.Run(
            target,
            server,
            new(ring.Read(arguments), arguments.GetRequiredValue(rounds)))));
        return command;
    }

    public static Command Offline()
    {
        var common = new CommonOptions();
        var receivers = Count("--receivers", 200, "Accounts that are offline");
        var messages = Count("--messages", 50, "Messages for each of them");
        var senders = Count("--senders", 8, "Sessions that send them", maximum: 1000);
        var command = new Command("offline", "Messages to accounts that are offline, and their delivery") { receivers, messages, senders };
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "offline", (target, server) => OfflineScenario.Run(
            target,
            server,
            new(
                arguments.GetRequiredValue(receivers),
                arguments.GetRequiredValue(messages),
                arguments.GetRequiredValue(senders)))));
        return command;
    }

    public static Command Eventing()
    {
        var common = new CommonOptions();
        var ring = new RingOptions();
        var command = new Command(
            "eventing", "A storm of logins of contacts who have avatars and OMEMO lists (XEP-0163); after the command contacts");
        ring.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "eventing", (target, server) => EventingScenario.Run(
            target, server, ring.Read(arguments))));
        return command;
    }

    public static Command Publish()
    {
        var common = new CommonOptions();
        var length = new LengthOptions();
        var service = new Option<string?>("--service") { Description = "The nodes' domain (default: pubsub.DOMAIN)" };
        var subscribers = Count("--subscribers", 1000, "Subscribers of the node", maximum: 100_000);
        var window = Count("--window", 1, "Items under way at once", maximum: 256);
        var size = Count("--size", 200, "Bytes of a payload", minimum: 1, maximum: 60_000);
        var command = new Command("publish", "Items for the subscribers of a node (XEP-0060); ends when a notification is lost")
        {
            service, subscribers, window, size,
        };
        length.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "publish", (target, server) => PublishScenario.Run(
            target,
            server,
            new(
                arguments.GetValue(service) ?? $"pubsub.{target.Domain}",
                arguments.GetRequiredValue(subscribers),
                arguments.GetRequiredValue(window),
                arguments.GetRequiredValue(size),
                length.Read(arguments)))));
        return command;
    }

    public static Command Room()
    {
        var common = new CommonOptions();
        var length = new LengthOptions();
        var service = new Option<string?>("--service") { Description = "The rooms' domain (default: conference.DOMAIN)" };
        var rooms = Count("--rooms", 1, "Rooms");
        var occupants = Count("--occupants", 200, "Occupants of each", maximum: 100_000);
        var sessions = Count("--sessions", 0, "Sessions that share the seats of all rooms (default: as many as a room has)", minimum: 0);
        var joins = Count("--joins", 100, "How often somebody enters the first room when it is full", minimum: 0);
        var windows = new Option<int[]>("--windows")
        {
            Description = "Messages under way at once, over all rooms; each a measurement",
            DefaultValueFactory = _ => [1, 8],
            AllowMultipleArgumentsPerToken = true,
        };
        var size = Count("--size", 200, "Bytes of a message stanza", minimum: 100, maximum: 60_000);
        var command = new Command("room", "Rooms (XEP-0045): entering, and messages; fails when a copy is lost or doubled")
        {
            service, rooms, occupants, sessions, joins, windows, size,
        };
        windows.Validators.Add(result =>
        {
            if ((result.GetValueOrDefault<int[]>() ?? []).Any(window => window is < 1 or > RoomSessions.MaximumWindow))
                result.AddError($"--windows takes numbers from 1 to {RoomSessions.MaximumWindow}");
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(sessions) is > 0 and var count && count < result.GetValue(occupants))
                result.AddError("--sessions has to be at least --occupants: nobody sits in a room twice");
        });
        length.AddTo(command);
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "room", (target, server) => RoomScenario.Run(
            target,
            server,
            new(
                arguments.GetValue(service) ?? $"conference.{target.Domain}",
                arguments.GetRequiredValue(rooms),
                arguments.GetRequiredValue(occupants),
                arguments.GetRequiredValue(sessions) is > 0 and var count ? count : arguments.GetRequiredValue(occupants),
                arguments.GetRequiredValue(joins),
                arguments.GetRequiredValue(windows),
                arguments.GetRequiredValue(size),
                length.Read(arguments)))));
        return command;
    }

    public static Command Upload()
    {
        var common = new CommonOptions();
        var service = new Option<string?>("--service") { Description = "The domain that gives out slots (default: upload.DOMAIN)" };
        var files = Count("--files", 200, "Files", maximum: 100_000);
        var accounts = Count("--accounts", 20, "Accounts whose files they are", maximum: 1000);
        var size = Count("--size", 1024 * 1024, "Bytes of a file", maximum: 100 * 1024 * 1024);
        var concurrency = Count("--concurrency", 8, "Files on their way at the same time", maximum: 10_000);
        var warmup = Count("--warmup", 100, "Files before the measured ones", minimum: 0);
        var command = new Command("upload", "Files by HTTP (XEP-0363), up and down; fails when one doesn't come back as it went")
        {
            service, files, accounts, size, concurrency, warmup,
        };
        common.AddMeasuringTo(command);
        command.SetAction(arguments => common.Run(arguments, "upload", (target, server) => UploadScenario.Run(
            target,
            server,
            new(
                arguments.GetValue(service) ?? $"upload.{target.Domain}",
                arguments.GetRequiredValue(files),
                arguments.GetRequiredValue(accounts),
                arguments.GetRequiredValue(size),
                arguments.GetRequiredValue(concurrency),
                arguments.GetRequiredValue(warmup)))));
        return command;
    }

    public static Command Accounts()
    {
        var common = new CommonOptions();
        var count = Count("--count", 2000, "Accounts");
        var command = new Command("accounts", "Prints a line \"JID password\" for each account, for the import of a server") { count };
        common.AddTo(command);
        command.SetAction(arguments =>
        {
            var target = common.Target(arguments);
            for (var number = 0; number < arguments.GetRequiredValue(count); number++)
                Console.WriteLine($"{target.User(number)}@{target.Domain} {target.Password(number)}");
        });
        return command;
    }

    public static Command Report()
    {
        var files = new Argument<FileInfo[]>("results") { Description = "Files with a line of JSON for each run", Arity = ArgumentArity.OneOrMore };
        var write = new Option<FileInfo?>("--write") { Description = "Markdown file whose generated block is to be replaced" };
        var command = new Command("report", "Compares the results of several servers") { files.AcceptExistingOnly(), write };
        command.SetAction(arguments =>
        {
            var results = arguments.GetRequiredValue(files)
                .SelectMany(file => File.ReadLines(file.FullName))
                .Select(Result.FromJson)
                .ToList();
            var table = new Comparison(results).ToMarkdown();
            Console.Write(table);
            if (arguments.GetValue(write) is { } file)
                GeneratedBlock.Replace(file.FullName, $"{Machine.Describe()}.\n\n{table}");
        });
        return command;
    }

    public static Command Fuzz()
    {
        var mutations = new Option<long>("--mutations")
        {
            Description = "Inputs to try (default: on and on, until a divergence or Ctrl-C)",
            DefaultValueFactory = _ => long.MaxValue,
        };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same inputs", DefaultValueFactory = _ => 1 };
        var command = new Command("fuzz", "Differential fuzz of the stanza framer against System.Xml") { mutations, seed };
        command.SetAction(arguments =>
            XmlFuzz.Run(arguments.GetRequiredValue(mutations), arguments.GetRequiredValue(seed), Console.Out) ? 0 : 1);
        return command;
    }

    // Templates times window must fit in a socket's buffer: see Channel.Send.
    private static Option<int> Window() => Count("--window", 1, "Stanzas under way at once in each conversation", maximum: 256);

    private sealed class RingOptions
    {
        private readonly Option<int> _users = Count("--users", 2000, "Users, more than each has contacts", minimum: 3);
        private readonly Option<int> _contacts = Count("--contacts", 50, "Contacts of each, an even number", minimum: 2);

        public void AddTo(Command command)
        {
            command.Options.Add(_users);
            command.Options.Add(_contacts);
            command.Validators.Add(result =>
            {
                if (result.GetValue(_contacts) % 2 != 0 || result.GetValue(_contacts) >= result.GetValue(_users))
                    result.AddError("--contacts takes an even number below that of --users");
            });
        }

        public ContactRing Read(ParseResult arguments) => new(arguments.GetRequiredValue(_users), arguments.GetRequiredValue(_contacts));
    }

    private sealed class LengthOptions
    {
        private readonly Option<double> _warmup = Positive("--warmup", 1, "Seconds before the measurement", minimum: 0);
        private readonly Option<double> _duration = Positive("--duration", 3, "Seconds of the measurement");
        private readonly Option<int> _count =
            Count("--count", 0, "End the measurement after so many stanzas", minimum: 0, maximum: int.MaxValue);

        public void AddTo(Command command)
        {
            command.Options.Add(_warmup);
            command.Options.Add(_duration);
            command.Options.Add(_count);
        }

        public RunLength Read(ParseResult arguments) => new(
            TimeSpan.FromSeconds(arguments.GetRequiredValue(_warmup)),
            TimeSpan.FromSeconds(arguments.GetRequiredValue(_duration)),
            arguments.GetRequiredValue(_count));
    }
}
