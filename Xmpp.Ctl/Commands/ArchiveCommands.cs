using System.CommandLine;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl archive …</c>: what accounts and rooms keep of messages, with or without a running server.</summary>
internal static class ArchiveCommands
{
    public static Command Create(Terminal terminal) =>
        new("archive", "See, limit, remove and export archived messages")
        {
            Stats(terminal), Limit(terminal), Purge(terminal), Export(terminal),
        };

    private static Command Stats(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        jid.Arity = ArgumentArity.ZeroOrOne;
        jid.Description = "Address of an account [default: all hosts and services]";
        return new Command("stats", "Tell how many messages there are, and of which time") { jid }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                await using var archives = await Archives.OpenAsync(invocation.Options, cancellationToken);
                var infos = new List<ArchiveInfo>();
                foreach (var of in invocation.Command.GetValue(jid) is { } only ? [only] : invocation.Options.ArchivedDomains().Select(of => Jid.Parse(of.Domain)))
                    infos.Add(await archives.Control.CountAsync(of, cancellationToken));
                invocation.Output.Table(infos, ["Of", "Messages", "Bytes", "Oldest", "Newest", "Max. age", "Max. messages"], info =>
                [
                    info.Of.ToString(), Number(info.Messages), Number(info.Bytes), Output.Date(info.Oldest), Output.Date(info.Newest),
                    info.MaxAge is { } age ? Output.Duration(age) : "-", info.MaxMessages is { } messages ? Number(messages) : "-",
                ]);
                return ExitCode.Ok;
            });
    }

    private static Command Limit(Terminal terminal)
    {
        const string otherwise = "[default: as for the host, or as configured]";
        var of = CommandExtensions.JidArgument(
            "of", "Address of an account, or a host or a service of rooms for each of its", jid => jid.IsBare, CommandExtensions.SuggestAccountsAsync);
        var age = DurationOption("--max-age", $"How old messages may become, such as 90d; 0d: any age {otherwise}");
        var messages = new Option<int?>("--max-messages")
        {
            Description = $"How many there may be, the oldest go; 0: any number {otherwise}",
            HelpName = "number",
        };
        var command = new Command("limit", "Set how much an archive may hold; without options, it has no limits of its own")
        {
            of, age, messages,
        };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var limited = invocation.Command.GetRequiredValue(of);
            if (invocation.Options.ArchivedDomains().All(of => of.Domain != limited.Domain))
                UserCommands.RequireServed(limited.Domain, invocation);
            var (maxAge, maxMessages) = (invocation.Command.GetValue(age), invocation.Command.GetValue(messages));
            if (maxMessages < 0)
                throw new UsageException("--max-messages: expected a number");
            await using var archives = await Archives.OpenAsync(invocation.Options, cancellationToken);
            await archives.Control.LimitAsync(new(limited, maxAge, maxMessages), cancellationToken);
            invocation.Output.Say($"Set the limits of {limited}; they are enforced within an hour.", new { of = limited, maxAge, maxMessages });
            return ExitCode.Ok;
        });
    }

    private static Command Purge(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var age = DurationOption("--older-than", "Only messages older than this, such as 90d");
        var with = new Option<Jid?>("--with")
        {
            Description = "Only messages to and from this address",
            HelpName = "jid",
            CustomParser = result =>
            {
                if (Jid.TryParse(result.Tokens[0].Value, out var peer) && peer.IsBare)
                    return peer;
                result.AddError($"'{result.Tokens[0].Value}' is not an address without a resource.");
                return null;
            },
        };
        var keep = new Option<int>("--keep") { Description = "So many of the newest stay", HelpName = "number" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Don't ask" };
        var command = new Command("purge", "Remove messages from an account's archive") { jid, age, with, keep, yes };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var line = invocation.Command;
            var account = line.GetRequiredValue(jid);
            if (line.GetValue(keep) < 0)
                throw new UsageException("--keep: expected a number");
            if (!line.GetValue(yes) && !UserCommands.Confirm(terminal, $"Remove messages from the archive of {account}?"))
                return ExitCode.Failed;
            await using var archives = await Archives.OpenAsync(invocation.Options, cancellationToken);
            var removed = await archives.Control.PurgeAsync(
                new(account, TimeProvider.System.GetUtcNow() - line.GetValue(age), line.GetValue(with), line.GetValue(keep)),
                cancellationToken);
            invocation.Output.Say($"Removed {Number(removed)} messages from the archive of {account}.", new { jid = account, removed });
            return ExitCode.Ok;
        });
    }

    private static Command Export(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var file = new Argument<string>("file") { Description = "The file to make" };
        var command = new Command("export", "Write an account's archive as a file of XEP-0227") { jid, file };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var account = invocation.Command.GetRequiredValue(jid);
            var path = invocation.Command.GetRequiredValue(file);
            await using var archives = await Archives.OpenAsync(invocation.Options, cancellationToken);
            var messages = await ArchiveFile.WriteAsync(
                path, account, archives.Control.ExportAsync(account, cancellationToken), cancellationToken);
            invocation.Output.Say(
                $"Exported {Number(messages)} messages of {account} to {path}.", new { jid = account, file = path, messages });
            return ExitCode.Ok;
        });
    }

    public static Option<TimeSpan?> DurationOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "duration",
        CustomParser = result =>
        {
            var rule = new DurationAttribute("0s", "36500d");
            if (rule.Read(result.Tokens[0].Value) is TimeSpan duration)
                return duration;
            result.AddError($"{name}: expected {rule.Expected}");
            return null;
        },
    };

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
