using System.Collections.Concurrent;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// How far members have read what is said in rooms (XEP-0333): data of their accounts, one mark for each room. A mark is written in the
/// background, the newest of those that have come meanwhile; a crash loses no more than that something counts as unread that was read.
/// </summary>
internal sealed class RoomReadMarks(IAccountDataStore store, RoomArchive archive, IServerTasks tasks)
{
    internal const string Kind = "room-read";
    private const string Markers = "urn:xmpp:chat-markers:0";

    /// <summary>Rooms of an account, and those that are forgotten when there are more: where it has read nothing for longest.</summary>
    private const int MaxRooms = 2000, Forgotten = 100;

    private static readonly AccountDataLimit Limit = new(MaxRooms, MaxBytes: 1024 * 1024);

    private readonly ConcurrentDictionary<(Jid Account, Jid Room), SortableId> _moving = new();

    /// <summary>The message that a marker names by its id in the room's archive (§4.3); null when there is none.</summary>
    public static SortableId? Find(Element message) =>
        (message.Child(Markers, "displayed") ?? message.Child(Markers, "acknowledged")) is { } marker
        && SortableId.TryParse(marker["id"], out var id) ? id : null;

    /// <summary>Whether a message is a marker.</summary>
    public static bool IsMarker(StanzaView message) =>
        message.HasChild("urn:xmpp:chat-markers:0"u8, "displayed"u8) || message.HasChild("urn:xmpp:chat-markers:0"u8, "acknowledged"u8);

    /// <summary>Takes note of what an account has read.</summary>
    public void Note(Jid account, Jid room, SortableId upTo)
    {
        var key = (account, room);
        while (true)
        {
            if (_moving.TryGetValue(key, out var before))
            {
                if (before.Value >= upTo.Value || _moving.TryUpdate(key, upTo, before))
                    return;
            }
            else if (_moving.TryAdd(key, upTo))
            {
                tasks.Run($"Marks of what {account} has read in {room}", token => MoveAsync(account, room, upTo, token));
                return;
            }
        }
    }

    /// <summary>All marks of an account, by room.</summary>
    public async ValueTask<Dictionary<Jid, SortableId>> ListAsync(Jid account, CancellationToken cancellationToken)
    {
        var moving = _moving.Where(move => move.Key.Account == account).ToList();
        var marks = (await store.ListAsync(account, Kind, cancellationToken))
            .ToDictionary(entry => Jid.Parse(entry.Key), entry => Parse(entry.Value));
        foreach (var ((_, room), upTo) in moving)
        {
            if (marks.GetValueOrDefault(room).Value < upTo.Value)
                marks[room] = upTo;
        }
        return marks;
    }

    private async ValueTask MoveAsync(Jid account, Jid room, SortableId upTo, CancellationToken cancellationToken)
    {
        var key = (account, room);
        try
        {
            while (true)
            {
                await WriteAsync(account, room, upTo, cancellationToken);
                if (_moving.TryRemove(new(key, upTo)))
                    return;
                upTo = _moving[key];
            }
        }
        catch
        {
            _moving.TryRemove(key, out _);
            throw;
        }
    }

    private async ValueTask WriteAsync(Jid account, Jid room, SortableId upTo, CancellationToken cancellationToken)
    {
        var name = room.ToString();
        // §5: they move forward only, and name what there is.
        if ((await store.FindAsync(account, Kind, name, cancellationToken) is { } kept && Parse(kept).Value >= upTo.Value)
            || await archive.FindAsync(room, upTo, cancellationToken) is null)
        {
            return;
        }
        var value = Encoding.ASCII.GetBytes(upTo.ToString());
        if (await store.SetAsync(account, Kind, name, value, Limit, cancellationToken) != AccountDataOutcome.TooMuch)
            return;
        var oldest = (await store.ListAsync(account, Kind, cancellationToken)).OrderBy(entry => Parse(entry.Value).Value).Take(Forgotten);
        foreach (var entry in oldest)
            await store.RemoveAsync(account, Kind, entry.Key, cancellationToken);
        await store.SetAsync(account, Kind, name, value, Limit, cancellationToken);
    }

    private static SortableId Parse(ReadOnlyMemory<byte> mark) =>
        SortableId.TryParse(Encoding.ASCII.GetString(mark.Span), out var id) ? id : default;
}
