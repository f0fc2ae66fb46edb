namespace Xmpp.Modules.Rooms;

/// <summary>Takes reports of spam and abuse (XEP-0377) to moderators: those about occupants, or that name messages of a room.</summary>
public sealed class RoomReports(RoomDirectory rooms) : IReportsAtOrigin
{
    /// <summary>Rooms that one report may concern.</summary>
    private const int MaxRooms = 3;

    async ValueTask IReportsAtOrigin.PassOnAsync(SpamReport report, CancellationToken cancellationToken)
    {
        foreach (var jid in report.Messages.Select(message => message.Archive.Bare).Prepend(report.Reported.Bare).Distinct().Take(MaxRooms))
        {
            if (jid.Local is null || rooms.Services.HostOf(jid) is not { } host)
                continue;
            using var turn = await rooms.EnterAsync(jid, host, cancellationToken);
            turn.Room.TakeReport(report);
        }
    }
}
