using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage;

/// <summary>
/// The latest of something that changes often and may be lost in a crash, by account, on its way to the database. Notes are written
/// together a few seconds later, so that none costs a commit of its own; until then readers get them from here.
/// </summary>
internal sealed class AccountNotes<T> : IAsyncDisposable where T : struct
{
    private const int ChunkSize = 500;

    // Reached only while the database fails; notes of further accounts are dropped then.
    private const int MaxNotes = 100_000;
    private const long MaxBytes = 64 * 1024 * 1024;

    private readonly WriteNotes<T> _write;
    private readonly Func<T, int> _sizeOf;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<Jid, T> _pending = [];
    private long _bytes;

    /// <param name="time">For the delay.</param>
    /// <param name="write">Stores some notes.</param>
    /// <param name="sizeOf">The bytes that a note holds.</param>
    public AccountNotes(TimeProvider time, WriteNotes<T> write, Func<T, int> sizeOf)
    {
        (_write, _sizeOf) = (write, sizeOf);
        _timer = time.CreateTimer(
            static self => ((AccountNotes<T>)self!).StartFlush(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long a note waits for others.</summary>
    public static TimeSpan Delay { get; } = TimeSpan.FromSeconds(5);

    /// <summary>The writing that the timer began last.</summary>
    internal Task Flush { get; private set; } = Task.CompletedTask;

    public void Note(Jid account, T note)
    {
        lock (_gate)
        {
            var isKnown = _pending.TryGetValue(account, out var before);
            var bytes = _bytes + _sizeOf(note) - (isKnown ? _sizeOf(before) : 0);
            if (bytes > MaxBytes || (!isKnown && _pending.Count >= MaxNotes))
                return;

            _pending[account] = note;
            _bytes = bytes;
            if (!isKnown && _pending.Count == 1)
                _timer.Change(Delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// The note that is not stored yet, or null. To be asked before the database: what is not found here any more was stored before.
    /// </summary>
    public T? Find(Jid account)
    {
        lock (_gate)
            return _pending.TryGetValue(account, out var note) ? note : null;
    }

    /// <summary>Drops the note of an account that is deleted or made: it belongs to the one before.</summary>
    public void Forget(Jid account)
    {
        lock (_gate)
            Remove(account);
    }

    /// <summary>Writes what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await Flush;
        await FlushAsync();
    }

    private void StartFlush()
    {
        lock (_gate)
        {
            if (Flush.IsCompleted)
                Flush = FlushAsync();
        }
    }

    private async Task FlushAsync()
    {
        Jid[] accounts;
        lock (_gate)
            accounts = [.. _pending.Keys];

        try
        {
            foreach (var chunk in accounts.Chunk(ChunkSize))
                Forget(await _write(chunk, () => Latest(chunk)));
        }
        catch (StoreException)
        {
            // The store has reported the outage; the notes stay for the next attempt.
        }

        lock (_gate)
        {
            if (_pending.Count > 0)
                _timer.Change(Delay, Timeout.InfiniteTimeSpan);
        }
    }

    private List<(Jid Account, T Note)> Latest(Jid[] accounts)
    {
        var notes = new List<(Jid, T)>(accounts.Length);
        lock (_gate)
        {
            foreach (var account in accounts)
            {
                if (_pending.TryGetValue(account, out var note))
                    notes.Add((account, note));
            }
        }

        return notes;
    }

    private void Forget(List<(Jid Account, T Note)> written)
    {
        lock (_gate)
        {
            foreach (var (account, note) in written)
            {
                if (_pending.TryGetValue(account, out var latest) && EqualityComparer<T>.Default.Equals(latest, note))
                    Remove(account);
            }
        }
    }

    private void Remove(Jid account)
    {
        if (_pending.Remove(account, out var note))
            _bytes -= _sizeOf(note);
    }
}

/// <summary>Stores notes; those of what is no account (any more) may be dropped.</summary>
/// <param name="accounts">Whose they are.</param>
/// <param name="latest">
/// The notes that there are. To be asked when it is certain which accounts will get them: those that were deleted since have none,
/// even if they are there anew.
/// </param>
/// <returns>What <paramref name="latest"/> said: all of it has been dealt with.</returns>
/// <exception cref="StoreException">To be tried again later.</exception>
internal delegate ValueTask<List<(Jid Account, T Note)>> WriteNotes<T>(
    IReadOnlyList<Jid> accounts, Func<List<(Jid Account, T Note)>> latest) where T : struct;
