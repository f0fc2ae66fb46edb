using System.Diagnostics.CodeAnalysis;
using Xmpp.Core;

namespace Xmpp.Storage;

/// <summary>
/// What was found lately for accounts, in memory. All changes that this process makes are to be told to it; what others change is
/// noticed when an entry has become too old.
/// </summary>
/// <param name="capacity">How many accounts at most.</param>
/// <param name="maxAge">How long something is believed; <see cref="Timeout.InfiniteTimeSpan"/> when nobody else changes it.</param>
internal sealed class RecentlyFound<TValue>(int capacity, TimeProvider time, TimeSpan maxAge) where TValue : notnull
{
    private readonly Lock _lock = new();

    // Two generations: what isn't asked for while the younger one fills goes with the older one.
    private Dictionary<Jid, Entry> _young = [];
    private Dictionary<Jid, Entry> _old = [];
    private long _changes;

    public bool TryFind(Jid account, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_lock)
        {
            var isFound = _young.TryGetValue(account, out var entry);
            if (!isFound && _old.Remove(account, out entry))
            {
                Add(account, entry);
                isFound = true;
            }

            value = entry.Value;
            return isFound && !IsTooOld(entry);
        }
    }

    /// <summary>To be called before something is read that may then be remembered.</summary>
    public Reading BeginReading()
    {
        lock (_lock)
            return new Reading(_changes, time.GetTimestamp());
    }

    /// <summary>Remembers what was read, unless a change has come between: that may have made it out of date.</summary>
    public void Remember(Jid account, TValue value, Reading reading)
    {
        lock (_lock)
        {
            if (reading.Changes == _changes)
                Add(account, new Entry(value, reading.At));
        }
    }

    /// <summary>Something of the account has changed, or perhaps has.</summary>
    public void Forget(Jid account)
    {
        lock (_lock)
        {
            _changes++;
            _young.Remove(account);
            _old.Remove(account);
        }
    }

    /// <summary>Does to what is remembered, if it is, what has been done to what is stored. It must not matter when it is missed.</summary>
    public void Change(Jid account, Func<TValue, TValue> change)
    {
        lock (_lock)
        {
            if (_young.TryGetValue(account, out var entry))
                _young[account] = entry with { Value = change(entry.Value) };
            else
                _old.Remove(account);
        }
    }

    private bool IsTooOld(Entry entry) => maxAge != Timeout.InfiniteTimeSpan && time.GetElapsedTime(entry.At) >= maxAge;

    private void Add(Jid account, Entry entry)
    {
        if (_young.Count >= capacity / 2)
            (_old, _young) = (_young, []);
        _young[account] = entry;
    }

    /// <summary>Where a reading stands among the changes, and when it began.</summary>
    internal readonly record struct Reading(long Changes, long At);

    private readonly record struct Entry(TValue Value, long At);
}
