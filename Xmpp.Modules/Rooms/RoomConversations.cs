using System.Collections.Concurrent;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// The rooms that an account belongs to as conversations of its inbox (XEP-0430). They are counted when somebody asks: what is said in a
/// room is kept once, however many belong to it.
/// </summary>
public sealed class RoomConversations(RoomDirectory rooms, IArchiveStore archive)
{
    private const int Page = 200;

    /// <summary>Rooms that are looked at beside each other; and of one account, at most.</summary>
    private const int AtOnce = 4, MaxRooms = 2000;

    private readonly RoomServices _services = rooms.Services;

    /// <summary>In no particular order; those rooms in which something was said that is kept.</summary>
    internal async ValueTask<IReadOnlyCollection<Conversation>> ListAsync(Jid account, CancellationToken cancellationToken)
    {
        var members = new List<Jid>();
        Jid? last = null;
        while (members.Count < MaxRooms
            && await _services.Store.ListRoomsOfAsync(account, last, Page, cancellationToken) is { Count: > 0 } page)
        {
            members.AddRange(page
                .Where(entry => entry.Member.Affiliation >= Affiliation.Member && _services.HostOf(entry.Room) is not null)
                .Select(entry => entry.Room));
            last = page[^1].Room;
            if (page.Count < Page)
                break;
        }
        if (members.Count == 0)
            return [];
        var marks = await _services.ReadMarks.ListAsync(account, cancellationToken);
        var found = new ConcurrentBag<Conversation>();
        await Parallel.ForEachAsync(
            members, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (room, token) =>
            {
                SortableId? readUpTo = marks.TryGetValue(room, out var mark) ? mark : null;
                if (await archive.FindRoomConversationAsync(room, account, readUpTo, token) is { } conversation)
                    found.Add(conversation);
            });
        return found;
    }

    /// <summary>Takes note of what an account has read in a room, where that is one of this server.</summary>
    internal void MarkRead(Jid account, Jid room, SortableId upTo)
    {
        if (_services.HostOf(room) is not null)
            _services.ReadMarks.Note(account, room, upTo);
    }

    /// <summary>A message of a room, for somebody who may read what is said there (XEP-0313 §5.1.2); else null.</summary>
    internal async ValueTask<ArchiveEntry?> ReadAsync(Jid room, Jid reader, SortableId id, CancellationToken cancellationToken)
    {
        if (_services.HostOf(room) is not { } host)
            return null;
        using (var turn = await rooms.EnterAsync(room, host, cancellationToken))
        {
            if (turn.Room.ReaderOf(reader).Refusal is not null)
                return null;
        }
        return await _services.Archive.FindAsync(room, id, cancellationToken);
    }
}
