using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <summary>Removes what is over: rooms whose last occupant went with the server, and what rooms have of accounts that are gone.</summary>
internal sealed class RoomLeftovers(RoomDirectory rooms)
{
    private const int Page = 100;

    private readonly RoomServices _services = rooms.Services;

    /// <summary>
    /// Removes rooms that are not persistent and in which nobody is: to be done when clients of before a restart are back in their rooms.
    /// </summary>
    /// <param name="host">Whose rooms.</param>
    public async ValueTask RemoveRoomsAsync(string host, CancellationToken cancellationToken)
    {
        var service = _services.Options.DomainOf(host);
        string? last = null;
        while (await _services.Store.ListAsync(service, new(RoomFilter.Temporary, last), Page, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var left in page)
            {
                using var turn = await rooms.EnterAsync(left.Room, host, cancellationToken);
                await turn.Room.EndIfEmptyAsync(cancellationToken);
            }
            last = page[^1].Room.Local;
        }
    }

    /// <summary>Forgets an account that is gone, but for bans: who gets its name next is somebody else.</summary>
    public async ValueTask ForgetAsync(Jid account, CancellationToken cancellationToken)
    {
        Jid? last = null;
        while (await _services.Store.ListRoomsOfAsync(account, last, Page, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var (room, member) in page)
            {
                if (member.Affiliation == Affiliation.Outcast || _services.HostOf(room) is not { } host)
                    continue;
                using var turn = await rooms.EnterAsync(room, host, cancellationToken);
                await turn.Room.ForgetAsync(account, cancellationToken);
            }
            last = page[^1].Room;
        }
    }
}
