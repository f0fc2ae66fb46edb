using System.CommandLine;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Modules.Rooms;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl room …</c>: on a running server, whose rooms are in its memory.</summary>
internal static class RoomCommands
{
    public static Command Create(Terminal terminal) => new("room", "Manage chat rooms")
    {
        List(terminal), Show(terminal), Make(terminal), Config(terminal), Destroy(terminal), Affiliation(terminal), Kick(terminal),
        Purge(terminal),
    };

    private static Command List(Terminal terminal)
    {
        var host = new Argument<string?>("host") { Description = "Only rooms of this host", Arity = ArgumentArity.ZeroOrOne };
        return new Command("list", "List rooms") { host }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var only = invocation.Command.GetValue(host);
            if (only is not null)
                UserCommands.RequireServed(only, invocation);
            var rooms = await invocation.Server.SendAsync<RoomOverview>(new ListRoomsRequest(only), cancellationToken)
                .ToListAsync(cancellationToken);
            invocation.Output.Table(rooms, ["Room", "Name", "Occupants", "Public", "Persistent", "Created"], room =>
            [
                room.Room.ToString(), room.Name ?? "-", Number(room.Occupants), YesNo(room.IsPublic), YesNo(room.IsPersistent),
                Output.Date(room.Created),
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Show(Terminal terminal)
    {
        var jid = RoomArgument();
        return new Command("show", "Show a room: its configuration, who is affiliated, who is in it") { jid }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var room = invocation.Command.GetRequiredValue(jid);
                if (await invocation.Server.SendForOneAsync<RoomDetails>(new ShowRoomRequest(room), cancellationToken) is not { } details)
                    return UserCommands.Refuse(terminal, $"There is no room {room}.");
                invocation.Output.Properties(details,
                [
                    ("Room", details.Room.ToString()),
                    ("Created", Output.Date(details.Created)),
                    ("Subject", details.Subject ?? "-"),
                    ("Messages", Number(details.Messages)),
                    .. details.Configuration.Select(value => ("Configuration", value)),
                    .. details.People.Select(person => ("Affiliation", Describe(person))),
                    .. details.Occupants.Select(occupant => ("Occupant", Describe(occupant))),
                ]);
                return ExitCode.Ok;
            });
    }

    private static Command Make(Terminal terminal)
    {
        var jid = RoomArgument();
        var owner = new Option<Jid?>("--owner")
        {
            Description = "Who owns it [default: administrators only]",
            HelpName = "jid",
            CustomParser = result => ReadBare(result, result.Tokens[0].Value),
        };
        var values = ValuesOption();
        return new Command("create", "Make a room that stays when nobody is in it") { jid, owner, values }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var room = invocation.Command.GetRequiredValue(jid);
                await invocation.Server.SendForOneAsync<bool>(
                    new CreateRoomRequest(room, invocation.Command.GetValue(owner), invocation.Command.GetValue(values) ?? []),
                    cancellationToken);
                invocation.Output.Say($"Made {room}.", new { room });
                return ExitCode.Ok;
            });
    }

    private static Command Config(Terminal terminal)
    {
        var jid = RoomArgument();
        var values = new Argument<string[]>("values")
        {
            Description = "field=value, such as membersonly=1; see show",
            Arity = ArgumentArity.OneOrMore,
        };
        return new Command("config", "Change a room's configuration") { jid, values }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var room = invocation.Command.GetRequiredValue(jid);
                await invocation.Server.SendForOneAsync<bool>(
                    new ConfigureRoomRequest(room, invocation.Command.GetRequiredValue(values)), cancellationToken);
                invocation.Output.Say($"Changed the configuration of {room}.", new { room });
                return ExitCode.Ok;
            });
    }

    private static Command Destroy(Terminal terminal)
    {
        var jid = RoomArgument();
        var venue = new Option<Jid?>("--venue")
        {
            Description = "Address of the room where the talk goes on",
            HelpName = "room",
            CustomParser = result => ReadBare(result, result.Tokens[0].Value),
        };
        var reason = ReasonOption();
        var yes = YesOption();
        return new Command("destroy", "Destroy a room with its archive") { jid, venue, reason, yes }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var (line, room) = (invocation.Command, invocation.Command.GetRequiredValue(jid));
                if (!line.GetValue(yes) && !UserCommands.Confirm(terminal, $"Destroy {room} and all that was said there?"))
                    return ExitCode.Failed;
                await invocation.Server.SendForOneAsync<bool>(
                    new DestroyRoomRequest(room, line.GetValue(venue), line.GetValue(reason)), cancellationToken);
                invocation.Output.Say($"Destroyed {room}.", new { room });
                return ExitCode.Ok;
            });
    }

    private static Command Affiliation(Terminal terminal)
    {
        var room = RoomArgument();
        var jid = CommandExtensions.JidArgument(
            "jid", "Address of somebody, or a domain", jid => jid.IsBare, CommandExtensions.SuggestAccountsAsync);
        var affiliation = new Argument<string>("affiliation") { Description = "owner, admin, member, none, or outcast for a ban" };
        affiliation.AcceptOnlyFromAmong("owner", "admin", "member", "none", "outcast");
        var reason = ReasonOption();
        var command = new Command("affiliation", "Give somebody an affiliation with a room") { room, jid, affiliation, reason };
        return command.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var line = invocation.Command;
                var request = new SetAffiliationRequest(
                    line.GetRequiredValue(room), line.GetRequiredValue(jid), line.GetRequiredValue(affiliation), line.GetValue(reason));
                await invocation.Server.SendForOneAsync<bool>(request, cancellationToken);
                invocation.Output.Say(
                    $"The affiliation of {request.Jid} with {request.Room} is \"{request.Affiliation}\".",
                    new { request.Room, request.Jid, request.Affiliation });
                return ExitCode.Ok;
            });
    }

    private static Command Kick(Terminal terminal)
    {
        var jid = RoomArgument();
        var nick = new Argument<string>("nick") { Description = "The occupant's nick" };
        var reason = ReasonOption();
        return new Command("kick", "Remove an occupant from a room") { jid, nick, reason }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var line = invocation.Command;
                var request = new KickOccupantRequest(line.GetRequiredValue(jid), line.GetRequiredValue(nick), line.GetValue(reason));
                await invocation.Server.SendForOneAsync<bool>(request, cancellationToken);
                invocation.Output.Say($"Removed {request.Nick} from {request.Room}.", new { request.Room, request.Nick });
                return ExitCode.Ok;
            });
    }

    private static Command Purge(Terminal terminal)
    {
        var jid = RoomArgument();
        var age = ArchiveCommands.DurationOption("--older-than", "Only messages older than this, such as 90d");
        var keep = new Option<int>("--keep") { Description = "So many of the newest stay", HelpName = "number" };
        var yes = YesOption();
        return new Command("purge", "Remove what was said in a room, also for those who enter") { jid, age, keep, yes }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var (line, room) = (invocation.Command, invocation.Command.GetRequiredValue(jid));
                if (line.GetValue(keep) < 0)
                    throw new UsageException("--keep: expected a number");
                if (!line.GetValue(yes) && !UserCommands.Confirm(terminal, $"Remove what was said in {room}?"))
                    return ExitCode.Failed;
                var request = new PurgeRoomRequest(room, TimeProvider.System.GetUtcNow() - line.GetValue(age), line.GetValue(keep));
                var removed = await invocation.Server.SendForOneAsync<int>(request, cancellationToken);
                invocation.Output.Say($"Removed {Number(removed)} messages of {room}.", new { room, removed });
                return ExitCode.Ok;
            });
    }

    private static string Describe(RoomPerson person) =>
        $"{person.Affiliation} {person.Jid}{(person.Nick is null ? "" : $" as {person.Nick}")}"
            + (person.Reason is null ? "" : $": {person.Reason}");

    private static string Describe(RoomOccupant occupant) =>
        $"{occupant.Nick}, {occupant.Role}, {occupant.Affiliation}: {string.Join(", ", occupant.Jids)}";

    private static Argument<Jid> RoomArgument() => CommandExtensions.JidArgument(
        "room", "Address of the room, such as coven@conference.example.org", jid => jid is { Local: not null, IsBare: true },
        async (invocation, cancellationToken) => await invocation.Server
            .SendAsync<RoomOverview>(new ListRoomsRequest(null), cancellationToken)
            .Select(room => room.Room.ToString())
            .Take(CommandExtensions.MostSuggestions)
            .ToListAsync(cancellationToken));

    private static Jid? ReadBare(System.CommandLine.Parsing.ArgumentResult result, string text)
    {
        if (Jid.TryParse(text, out var jid) && jid is { Local: not null, IsBare: true })
            return jid;
        result.AddError($"'{text}' is not an address such as romeo@example.org.");
        return null;
    }

    private static Option<string[]> ValuesOption() => new("--set")
    {
        Description = "field=value of the configuration, such as membersonly=1; may be given several times",
        HelpName = "field=value",
    };

    private static Option<string?> ReasonOption() => new("--reason")
    {
        Description = "What is told to those it concerns",
        HelpName = "text",
    };

    private static Option<bool> YesOption() => new("--yes", "-y") { Description = "Don't ask" };

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string YesNo(bool value) => value ? "yes" : "no";
}
