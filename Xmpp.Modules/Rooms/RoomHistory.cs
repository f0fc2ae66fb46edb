using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>How much of what was said before somebody wants who enters (XEP-0045 §7.2.14). Null leaves a condition out.</summary>
/// <param name="MaxCharacters">Of the stanzas as they are sent.</param>
/// <param name="Since">At that time or later.</param>
internal sealed record HistoryRequest(int? MaxCharacters, int? MaxStanzas, DateTimeOffset? Since)
{
    public static HistoryRequest Everything { get; } = new(null, null, null);

    /// <summary>What is no number or no time counts as not given.</summary>
    public static HistoryRequest Parse(Element? history, DateTimeOffset now)
    {
        if (history is null)
            return Everything;
        DateTimeOffset? since = XmppDateTime.TryParse(history["since"], out var time) ? time : null;
        if (Number(history["seconds"]) is { } seconds && now.AddSeconds(-seconds) is var from && !(since > from))
            since = from;
        return new(Number(history["maxchars"]), Number(history["maxstanzas"]), since);
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>The last messages of a room, for who enters.</summary>
internal sealed class RoomHistory(Jid room)
{
    private readonly LinkedList<Entry> _entries = new();
    private int _bytes;

    public int Count => _entries.Count;

    /// <summary>Takes a copy of a message, in the place of one that goes: so a room in which it is talked allocates nothing.</summary>
    /// <param name="id">In the room's archive, or null.</param>
    /// <param name="author">Whose it is, a bare JID.</param>
    public void Add(in BroadcastStanza message, DateTimeOffset at, SortableId? id, Jid author, int maxCount, int maxBytes)
    {
        var bytes = message.Utf8.Length;
        if (maxCount == 0 || bytes > maxBytes)
        {
            Clear();
            return;
        }
        LinkedListNode<Entry>? place = null;
        while (_entries.First is { } first && (_entries.Count >= maxCount || _bytes + bytes > maxBytes))
        {
            _bytes -= first.Value.Message.Utf8.Length;
            _entries.RemoveFirst();
            place = first;
        }
        place ??= new(new());
        place.Value.Set(message, at, id, author);
        _entries.AddLast(place);
        _bytes += bytes;
    }

    public void Clear()
    {
        _entries.Clear();
        _bytes = 0;
    }

    /// <summary>Forgets a message that was taken away.</summary>
    /// <param name="author">Only if it is this one's; null: whoever's.</param>
    public void Remove(SortableId id, Jid? author = null)
    {
        for (var entry = _entries.First; entry is not null; entry = entry.Next)
        {
            if (entry.Value.Id != id)
                continue;
            if (author is null || entry.Value.Author == author)
            {
                _bytes -= entry.Value.Message.Utf8.Length;
                _entries.Remove(entry);
            }
            return;
        }
    }

    /// <summary>What somebody gets who enters, in order.</summary>
    /// <param name="to">The full JID, which counts among the characters.</param>
    public IReadOnlyList<BroadcastStanza> Select(HistoryRequest request, int maxCount, Jid to)
    {
        var selected = new List<BroadcastStanza>();
        var left = request.MaxCharacters ?? int.MaxValue;
        var count = Math.Min(request.MaxStanzas ?? maxCount, maxCount);
        for (var entry = _entries.Last; entry is not null && selected.Count < count; entry = entry.Previous)
        {
            if (request.Since > entry.Value.At)
                break;
            var message = entry.Value.Delayed(room);
            left -= message.Utf8.Length + " to=''".Length + to.Utf8.Length;
            if (left < 0)
                break;
            selected.Add(message);
        }
        selected.Reverse();
        return selected;
    }

    private sealed class Entry
    {
        /// <summary>So much bigger than its message a buffer may be, from this size on.</summary>
        private const int MaxSpare = 4, SmallBuffer = 4096;

        private byte[] _buffer = [];
        private BroadcastStanza? _delayed;

        public SortableId? Id { get; private set; }

        public Jid Author { get; private set; } = null!;

        public BroadcastStanza Message { get; private set; }

        public DateTimeOffset At { get; private set; }

        public void Set(in BroadcastStanza message, DateTimeOffset at, SortableId? id, Jid author)
        {
            var length = message.Utf8.Length;
            if (_buffer.Length < length || _buffer.Length > Math.Max(length * MaxSpare, SmallBuffer))
                _buffer = new byte[length];
            message.Utf8.CopyTo(_buffer);
            (Message, _delayed) = (BroadcastStanza.Of(_buffer.AsMemory(0, length), message.NameEnd), null);
            (At, Id, Author) = (at, id, author);
        }

        public BroadcastStanza Delayed(Jid room) => _delayed ??= RoomStanzas.Delayed(Message, room, At);
    }
}
