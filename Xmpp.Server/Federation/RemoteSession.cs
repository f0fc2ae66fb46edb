using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Federation;

/// <summary>
/// What a server has sent us on a stream that it may resume (XEP-0198 §5), counted: that outlives the stream's connection, and by the
/// journal this process.
/// </summary>
internal sealed class RemoteSession(ServerContext server, RemoteRecord record, TimeSpan resumeTime, IncomingServerStream? stream)
{
    private readonly Lock _gate = new();
    private readonly JournaledRemote? _journal = server.Journal?.TryAdd(record);

    // Of what is in archives before the stanza counts as handled: who finds such a block knows that it has to go (SessionJournal).
    private readonly List<JournalBlock> _kept = [];
    private IncomingServerStream? _stream = stream;
    private uint _handled = record.Handled;
    private int _lostAt = server.Clock.Seconds;
    private bool _isOver;

    public string Id => record.Id;

    public string Local => record.Local;

    public string Remote => record.Remote;

    public bool OutlivesProcess => _journal is { IsThere: true };

    /// <summary>Stanzas that were handled, modulo 2^32.</summary>
    public uint Handled => Volatile.Read(ref _handled);

    /// <summary>What the stanza is known by that is being handled; the default when that is not written down.</summary>
    public StanzaOrigin Origin => _journal is { IsThere: true } journal ? new(journal.Number, unchecked(Handled + 1)) : default;

    /// <summary>A stanza was handled. By the stream's loop.</summary>
    public void CountHandled()
    {
        lock (_gate)
        {
            Volatile.Write(ref _handled, unchecked(_handled + 1));
            _journal?.Handle(_handled);
            foreach (var block in _kept)
                server.Journal!.Forget(block);
            _kept.Clear();
        }
    }

    /// <summary>
    /// Puts the message that is being handled into archives. Should this process end before it counts, it is taken out again.
    /// </summary>
    /// <exception cref="StoreException">They can't take it.</exception>
    public ValueTask KeepAsync(IReadOnlyList<ArchiveEntry> messages, CancellationToken cancellationToken)
    {
        if (Origin is var origin && origin != default)
        {
            var block = server.Journal!.TryAdd(origin, messages);
            lock (_gate)
                _kept.Add(block);
        }
        return server.Store.Archive.AddAsync(messages, cancellationToken);
    }

    /// <summary>Gives it to a stream.</summary>
    /// <param name="former">The stream that has it still; null when none does.</param>
    /// <returns>False when it is over.</returns>
    public bool TryTake(IncomingServerStream stream, out IncomingServerStream? former)
    {
        lock (_gate)
        {
            former = _stream;
            if (_isOver)
                return false;
            _stream = stream;
            return true;
        }
    }

    /// <summary>A stream is over; false when another one has it by now.</summary>
    public bool TryLeave(IncomingServerStream stream, int now)
    {
        lock (_gate)
        {
            if (_stream != stream)
                return false;
            (_stream, _lostAt) = (null, now);
            return true;
        }
    }

    /// <summary>Ends it if no stream has it; false when one does.</summary>
    /// <param name="now">If it was lost long enough ago then; null: in any case.</param>
    public bool TryEnd(int? now)
    {
        lock (_gate)
        {
            if (_stream is not null || (now is { } seconds && seconds - _lostAt <= resumeTime.TotalSeconds))
                return _isOver;
            if (!_isOver)
                _journal?.Remove();
            return _isOver = true;
        }
    }

    /// <summary>It stays in the journal as it is now.</summary>
    public void LeaveJournal()
    {
        lock (_gate)
            _journal?.Leave();
    }
}
