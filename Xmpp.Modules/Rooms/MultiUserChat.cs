using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>XEP-0045 Multi-User Chat: rooms at a domain of their own, such as "conference.example.org".</summary>
[Xep(45, "1.35.5")]
[Xep(249, "1.2")]
[Xep(410, "1.1.0")]
public sealed class MultiUserChat(RoomDirectory rooms, RoomAdministration administration, RoomOptions options) : IXmppModule
{
    private readonly RoomLeftovers _leftovers = new(rooms);

    public void Register(IModuleBuilder builder)
    {
        builder.Service(new RoomService(rooms, options));
        new RoomAdHocCommands(administration).Register(builder);
        builder.Starting(RestoreAsync);
        builder.PartlySent(SendRestAsync);
        builder.Stopping(TellShutDownAsync);
        builder.Unavailable((session, presence) => LeaveAllAsync(session, presence, hasEnded: false));
        builder.AccountRemoved(account => _leftovers.ForgetAsync(account, CancellationToken.None));
        builder.SessionEnded(session => LeaveAllAsync(session, presence: null, hasEnded: true));
    }

    /// <summary>Puts clients from before a restart back into their rooms.</summary>
    private async ValueTask RestoreAsync(CancellationToken cancellationToken)
    {
        var occupancies = rooms.Services.Sessions.All
            .SelectMany(session => Occupancy.Of(session).Select(occupancy => (Session: session, Occupancy: occupancy)));
        foreach (var room in occupancies.GroupBy(entry => entry.Occupancy.Room).ToList())
        {
            if (rooms.Services.HostOf(room.Key) is not { } host)
                continue;
            using var turn = await rooms.EnterAsync(room.Key, host, cancellationToken);
            foreach (var (session, occupancy) in room)
                turn.Room.Restore(session, occupancy);
        }
        foreach (var host in rooms.Services.Hosts.Hosts)
            rooms.Services.Tasks.Run($"Removal of rooms that are over at {host}", token => _leftovers.RemoveRoomsAsync(host, token));
    }

    private async ValueTask SendRestAsync(PartlySentMessage message, CancellationToken cancellationToken)
    {
        if (rooms.Services.HostOf(message.Message.Account) is not { } host)
            return;
        using var turn = await rooms.EnterAsync(message.Message.Account, host, cancellationToken);
        turn.Room.SendRest(message);
    }

    private async ValueTask TellShutDownAsync()
    {
        foreach (var room in rooms.Loaded)
        {
            using var turn = await rooms.EnterAsync(room.Jid, room.Host, CancellationToken.None);
            turn.Room.TellShutDown();
        }
    }

    /// <summary>A client is gone from all of its rooms (§7.14).</summary>
    private async ValueTask LeaveAllAsync(ISession session, Element? presence, bool hasEnded)
    {
        foreach (var occupancy in Occupancy.Of(session))
        {
            if (!rooms.TryFind(occupancy.Room, out var room))
                continue;
            using var turn = await rooms.EnterAsync(room.Jid, room.Host, CancellationToken.None);
            await turn.Room.LeaveAsync(session.Jid, session, presence, hasEnded, CancellationToken.None);
        }
    }
}
