using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Federation;

/// <summary>
/// What a link has to bring over, in order: first what was sent and isn't acknowledged, behind it what waits. All of it is
/// written down in the journal, if there is one, so it survives the process. Guarded by its link.
/// </summary>
internal sealed class LinkQueue(ServerContext server, string local, string remote)
{
    // Those that wait are in both.
    private readonly Queue<Entry> _entries = new();
    private readonly Queue<byte[]> _waiting = new();
    private JournaledLink? _journal;
    private uint _acknowledged;
    private uint _first;

    public int Count => _entries.Count;

    public int Bytes { get; private set; }

    /// <summary>How many of them, the first ones, are on the stream.</summary>
    public int Sent => _entries.Count - _waiting.Count;

    /// <summary>The first one that is not; null when all are.</summary>
    public byte[]? NextWaiting => _waiting.TryPeek(out var stanza) ? stanza : null;

    /// <summary>The same as the other server counts: all that were sent on its stream, modulo 2^32.</summary>
    public uint SentOnStream => unchecked(_acknowledged + (uint)Sent - _first);

    /// <summary>By which the stream can be resumed; null when it can't.</summary>
    public string? StreamId { get; private set; }

    /// <summary>Whether what is here is there for the process to come.</summary>
    public bool OutlivesProcess => _journal is { IsThere: true };

    /// <summary>
    /// Takes up what a process has left behind. Of that nobody knows how much was sent: what the other server says is believed.
    /// </summary>
    public void Restore(LeftLink left)
    {
        (StreamId, _acknowledged, _first) = (left.Link.StreamId, left.Link.Acknowledged, left.Link.Base);
        foreach (var stanza in left.Stanzas)
            Add(stanza, default);
        _waiting.Clear();
    }

    /// <param name="stanza">UTF-8 for "jabber:client"; copied.</param>
    /// <param name="origin">What it comes from: that counts as handled once it is here.</param>
    public void Add(ReadOnlySpan<byte> stanza, StanzaOrigin origin)
    {
        if (_journal is null && server.Journal is { } journal)
            _journal = journal.TryAdd(new LinkRecord(journal.NextNumber(), 0, _acknowledged, _first, local, remote, StreamId));
        var number = unchecked(_acknowledged + (uint)Count + 1);
        var block = _journal?.Append(number, stanza, server.Time.GetUtcNow().ToUnixTimeMilliseconds(), origin) ?? default;
        var entry = new Entry(stanza.ToArray(), block);
        _entries.Enqueue(entry);
        _waiting.Enqueue(entry.Stanza);
        Bytes += stanza.Length;
    }

    /// <summary><see cref="NextWaiting"/> is on the stream.</summary>
    public void CountSent() => _waiting.Dequeue();

    /// <summary>Of what is here nothing was sent on the stream that there is now: a new one, or one that goes on.</summary>
    public void SendAgain()
    {
        _waiting.Clear();
        foreach (var entry in _entries)
            _waiting.Enqueue(entry.Stanza);
    }

    /// <summary>A new stream counts from 0.</summary>
    /// <param name="streamId">By which it can be resumed; null when it can't, or there is none.</param>
    public void Begin(string? streamId)
    {
        (StreamId, _first) = (streamId, _acknowledged);
        SendAgain();
        _journal?.Begin(streamId, _first);
        // There may be room again for what comes.
        if (_journal is { IsThere: false } && Count == 0)
            _journal = null;
    }

    /// <summary>Takes the other server's count of stanzas of the stream; false when there weren't as many.</summary>
    public bool TryAcknowledge(uint count)
    {
        var fresh = unchecked(count + _first - _acknowledged);
        if (fresh > (uint)Sent)
            return false;
        Forget((int)fresh);
        return true;
    }

    /// <summary>Nobody will acknowledge the first one that was sent.</summary>
    public void ForgetFirst() => Forget(1);

    /// <summary>Nobody will acknowledge what was sent.</summary>
    public void ForgetSent() => Forget(Sent);

    /// <summary>Takes out what was sent.</summary>
    public List<byte[]> TakeSent()
    {
        List<byte[]> sent = [.. _entries.Take(Sent).Select(entry => entry.Stanza)];
        ForgetSent();
        return sent;
    }

    /// <summary>Takes everything out.</summary>
    public List<byte[]> TakeAll()
    {
        _waiting.Clear();
        var all = TakeSent();
        Begin(null);
        return all;
    }

    /// <summary>All stays in the journal as it is now.</summary>
    public void LeaveJournal() => _journal?.Leave();

    /// <summary>Nothing is here, and nobody adds anything any more.</summary>
    public void Close() => _journal?.Remove();

    /// <summary>The first ones of those that were sent are brought over, or nobody is to have them.</summary>
    private void Forget(int count)
    {
        if (count == 0)
            return;
        _acknowledged = unchecked(_acknowledged + (uint)count);
        // Before the blocks go: what is behind the count and not there would be missing.
        _journal?.Acknowledge(_acknowledged);
        for (; count > 0; count--)
        {
            var entry = _entries.Dequeue();
            Bytes -= entry.Stanza.Length;
            _journal?.Forget(entry.Block);
        }
    }

    private readonly record struct Entry(byte[] Stanza, JournalBlock Block);
}
