using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>
/// What a server has sent us on a stream that it may resume (XEP-0198 §5), counted: that outlives the stream's connection, and by the
/// journal this process.
/// </summary>
internal sealed class RemoteSession(ServerContext server, RemoteRecord record, TimeSpan resumeTime, IncomingServerStream? stream)
    : ICommitmentOwner
{
    private readonly Lock _gate = new();
    private readonly JournaledRemote? _journal = server.Journal?.TryAdd(record);

    // Of what is in archives before the stanza counts as handled: who finds such a block knows that it has to go (SessionJournal).
    private readonly List<JournalBlock> _keptEarly = [];
    private Commitments? _commitments;
    private IncomingServerStream? _stream = stream;
    private uint? _askedAt;
    private uint _handled = record.Handled;
    private int _lostAt = server.Clock.Seconds;
    private bool _isOver;

    public string Id => record.Id;

    public string Local => record.Local;

    public string Remote => record.Remote;

    public bool OutlivesProcess => _journal is { IsThere: true };

    /// <summary>Stanzas that were handled, modulo 2^32.</summary>
    public uint Handled => Volatile.Read(ref _handled);

    /// <summary>How many of them, the first ones, are where this server has to keep them.</summary>
    public uint Kept => _commitments?.CountKept(Handled) ?? Handled;

    /// <summary>What the stanza is known by that is being handled; the default when that is not written down.</summary>
    public StanzaOrigin Origin => _journal is { IsThere: true } journal ? new(journal.Number, unchecked(Handled + 1)) : default;

    /// <summary>A stanza was handled. By the stream's loop.</summary>
    public void CountHandled()
    {
        lock (_gate)
        {
            Volatile.Write(ref _handled, unchecked(_handled + 1));
            _journal?.Handle(_handled);
            foreach (var block in _keptEarly)
                server.Journal!.Forget(block);
            _keptEarly.Clear();
        }
    }

    /// <summary>
    /// Puts the message that is being handled into archives. Nobody waits for that, unless it fails at once; the other server is told that
    /// it was handled only when it is there. Should this process end before it counts, it is taken out again. By the stream's loop.
    /// </summary>
    /// <exception cref="StoreException">They can't take it.</exception>
    public ValueTask KeepAsync(IReadOnlyList<ArchiveEntry> messages)
    {
        var (origin, number) = (Origin, unchecked(Handled + 1));
        var block = origin == default ? default : server.Journal!.TryAdd(origin, messages);
        var commit = server.Store.Archive.AddAsync(messages, CancellationToken.None);
        if (commit.IsCompleted)
        {
            Forget(block, number);
            return commit;
        }
        _commitments ??= new(this, server.Commitments, server.Metrics);
        _commitments.Add(commit, number, messages, block);
        return default;
    }

    public void EndCommitment(uint number, IReadOnlyList<ArchiveEntry> messages, JournalBlock block, Exception? failure)
    {
        Forget(block, number);
        if (failure is not null)
            server.Router.ReportNotKept(messages[0], failure);
    }

    /// <summary>Completes at once unless messages come faster than they can be kept.</summary>
    public ValueTask WaitForRoomAsync() => _commitments?.WaitForRoomAsync() ?? default;

    /// <summary>Completes when all that was handled is kept.</summary>
    public ValueTask WaitUntilKeptAsync() => _commitments?.WaitForAllAsync() ?? default;

    /// <summary>The other server asks how many of its stanzas were handled: it is told when those until now are kept.</summary>
    /// <param name="stream">On which it asks; one that another has taken the place of gets no answer any more.</param>
    public void AskHandled(ServerStream stream)
    {
        lock (_gate)
        {
            if (_stream != stream)
                return;
            _askedAt = _handled;
        }
        AnswerIfKept();
    }

    public void AnswerIfKept()
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                var kept = Kept;
                if (_askedAt is not { } asked || unchecked((int)(kept - asked)) < 0)
                    return;
                _askedAt = null;
                _stream?.Acknowledge(kept);
            }
        }
    }

    private void Forget(JournalBlock block, uint number)
    {
        if (block.IsNone)
            return;
        lock (_gate)
        {
            if (unchecked((int)(number - _handled)) > 0)
                _keptEarly.Add(block);
            else
                server.Journal!.Forget(block);
        }
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
            // What was asked on the other one is answered by telling how far that was.
            (_stream, _askedAt) = (stream, null);
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
