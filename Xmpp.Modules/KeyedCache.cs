using System.Collections.Concurrent;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>
/// One kind of state of accounts in memory (see <see cref="KeyedCache{TKey, T}"/>), kept at least as long as the account has sessions.
/// </summary>
/// <inheritdoc/>
public sealed class AccountCache<T>(ISessionDirectory sessions, Func<Jid, CancellationToken, ValueTask<T>> load, int spare = 10_000)
    : KeyedCache<Jid, T>(account => !sessions.Of(account).IsEmpty, load, spare)
    where T : class;

/// <summary>
/// One kind of state in memory, by what it belongs to: immutable values, loaded when they are first asked for. Reading takes no lock;
/// changes of one come one after the other, those of others beside them.
/// </summary>
/// <param name="isNeeded">What stays.</param>
/// <param name="load">Reads a value from the store.</param>
/// <param name="spare">How many more than at the last clean-up there may be before the next; what nobody used since goes then.</param>
public class KeyedCache<TKey, T>(Func<TKey, bool> isNeeded, Func<TKey, CancellationToken, ValueTask<T>> load, int spare = 10_000)
    where TKey : notnull
    where T : class
{
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();
    private int _count;
    private int _kept; // By the last clean-up.
    private int _isCleaning;

    /// <summary>How many are in memory.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The value if it is in memory, else null.</summary>
    public T? Find(TKey key) => _entries.TryGetValue(key, out var entry) ? entry.Use() : null;

    /// <summary>The value; completes at once when it is in memory. What loading throws, this throws.</summary>
    public ValueTask<T> GetAsync(TKey key, CancellationToken cancellationToken) =>
        _entries.TryGetValue(key, out var entry) && entry is { IsDoubtful: false } && entry.Use() is { } value
            ? new(value)
            : ChangeAsync(key, cell => new ValueTask<T>(cell.Value), cancellationToken);

    /// <summary>
    /// Runs a change of one alone: no other change of it goes on meanwhile. It sets the new value once that is
    /// stored, and what it sends after that leaves in the order of the changes. When the store failed the change may have been stored all
    /// the same: before the next one the value is read anew.
    /// </summary>
    public async ValueTask<TResult> ChangeAsync<TResult>(
        TKey key, Func<Cell, ValueTask<TResult>> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = EntryOf(key);
            await entry.Turn.WaitAsync(cancellationToken);
            try
            {
                // It may have left while this waited for its turn.
                if (entry.HasLeft)
                    continue;
                if (entry.Value is null || entry.IsDoubtful)
                    await LoadAsync(key, entry, cancellationToken);
                return await change(new Cell(entry));
            }
            catch (StoreException)
            {
                entry.IsDoubtful = true;
                throw;
            }
            finally
            {
                entry.Turn.Release();
            }
        }
    }

    /// <summary>Forgets one, whose stored state has changed by other ways or is gone, when changes that go on have ended.</summary>
    public async ValueTask ForgetAsync(TKey key)
    {
        if (!_entries.TryGetValue(key, out var entry))
            return;
        await entry.Turn.WaitAsync();
        Leave(key, entry);
        entry.Turn.Release();
    }

    private async ValueTask LoadAsync(TKey key, Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            entry.Value = await load(key, cancellationToken);
            entry.IsDoubtful = false;
        }
        finally
        {
            if (entry.Value is null)
                Leave(key, entry);
        }
    }

    private Entry EntryOf(TKey key)
    {
        if (_entries.TryGetValue(key, out var entry))
            return entry;
        entry = new Entry();
        if (!_entries.TryAdd(key, entry))
            return EntryOf(key);
        if (Interlocked.Increment(ref _count) - Volatile.Read(ref _kept) > spare && Interlocked.Exchange(ref _isCleaning, 1) == 0)
        {
            CleanUp();
            Volatile.Write(ref _isCleaning, 0);
        }
        return entry;
    }

    /// <summary>Lets go of what was not used since the last time, is not needed and is not being changed.</summary>
    private void CleanUp()
    {
        foreach (var (key, entry) in _entries)
        {
            if (entry.WasUsed() || isNeeded(key) || !entry.Turn.Wait(0))
                continue;
            Leave(key, entry);
            entry.Turn.Release();
        }
        Volatile.Write(ref _kept, Count);
    }

    /// <summary>In the entry's turn.</summary>
    private void Leave(TKey key, Entry entry)
    {
        if (entry.HasLeft)
            return;
        entry.HasLeft = true;
        _entries.TryRemove(key, out _);
        Interlocked.Decrement(ref _count);
    }

    /// <summary>The place of a value while a change has its turn.</summary>
    public readonly struct Cell
    {
        private readonly Entry _entry;

        internal Cell(Entry entry) => _entry = entry;

        public T Value
        {
            get => _entry.Value!;
            set => _entry.Value = value;
        }
    }

    internal sealed class Entry
    {
        private volatile T? _value;
        private volatile bool _isUsed = true;
        private volatile bool _isDoubtful;

        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>No longer in the cache: whoever finds this looks again.</summary>
        public bool HasLeft { get; set; }

        public T? Value
        {
            get => _value;
            set => _value = value;
        }

        /// <summary>Whether the store may have something else.</summary>
        public bool IsDoubtful
        {
            get => _isDoubtful;
            set => _isDoubtful = value;
        }

        public T? Use()
        {
            if (!_isUsed)
                _isUsed = true;
            return _value;
        }

        /// <summary>Whether it was used since the last time this was asked.</summary>
        public bool WasUsed()
        {
            var wasUsed = _isUsed;
            _isUsed = false;
            return wasUsed;
        }
    }
}
