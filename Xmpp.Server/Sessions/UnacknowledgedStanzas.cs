using System.Buffers;
using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Sessions;

/// <summary>
/// Stanzas on their way to a client that has not acknowledged them, in order: their bytes one behind the other in one buffer, which is
/// there only while there are any. Not safe for several threads.
/// </summary>
internal sealed class UnacknowledgedStanzas
{
    private const int SmallestBuffer = 1024;

    private readonly Queue<Entry> _entries = new();
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public int Count => _entries.Count;

    public int Bytes => _end - _start;

    /// <param name="sentAt">Milliseconds since 1970.</param>
    /// <param name="block">Where it is written down.</param>
    public void Add(ReadOnlySpan<byte> stanza, long sentAt, Copies? copies, JournalBlock block = default)
    {
        MakeRoom(stanza.Length);
        stanza.CopyTo(_buffer.AsSpan(_end));
        _end += stanza.Length;
        _entries.Enqueue(new(stanza.Length, sentAt, copies, block));
    }

    /// <summary>The client has the first ones.</summary>
    /// <param name="count">At most <see cref="Count"/>.</param>
    public void Acknowledge(int count, JournaledSession? journal = null)
    {
        for (; count > 0; count--)
        {
            var entry = _entries.Dequeue();
            _start += entry.Length;
            entry.Copies?.Acknowledge();
            journal?.Forget(entry.Block);
        }
        if (_entries.Count == 0)
            Free();
    }

    /// <summary>Gives the bytes of all of them, in order.</summary>
    public ReadOnlySpan<byte> All => _buffer.AsSpan(_start.._end);

    /// <summary>Takes what nobody else has, or will have, out; the rest is forgotten.</summary>
    public List<LostStanza> Take(JournaledSession? journal = null)
    {
        var lost = new List<LostStanza>();
        foreach (var entry in _entries)
        {
            if (entry.Copies?.LoseOne() != false)
                lost.Add(new(_buffer.AsSpan(_start, entry.Length).ToArray(), DateTimeOffset.FromUnixTimeMilliseconds(entry.SentAt)));
            _start += entry.Length;
            journal?.Forget(entry.Block);
        }
        _entries.Clear();
        Free();
        return lost;
    }

    private void MakeRoom(int length)
    {
        if (_buffer.Length - _end >= length)
            return;
        var needed = Bytes + length;
        if (_buffer.Length >= needed + needed / 2)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, 2 * needed));
            _buffer.AsSpan(_start.._end).CopyTo(larger);
            Return();
            _buffer = larger;
        }
        (_start, _end) = (0, needed - length);
    }

    private void Free()
    {
        Return();
        (_buffer, _start, _end) = ([], 0, 0);
    }

    private void Return()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
    }

    private readonly record struct Entry(int Length, long SentAt, Copies? Copies, JournalBlock Block);
}

/// <summary>A stanza that its recipient's client never acknowledged.</summary>
/// <param name="Stanza">As it was sent, UTF-8 for "jabber:client".</param>
/// <param name="SentAt">When.</param>
internal readonly record struct LostStanza(ReadOnlyMemory<byte> Stanza, DateTimeOffset SentAt);
