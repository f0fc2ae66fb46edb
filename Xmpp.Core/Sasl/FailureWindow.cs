namespace Xmpp.Core.Sasl;

/// <summary>
/// The last failures of each key, as many as make it wait. Keys stand in the order of their last failure: the expired ones,
/// and the first to be dropped when there are too many, are at the front. Thread-safe.
/// </summary>
internal sealed class FailureWindow<TKey>(int limit, TimeSpan window, int capacity, TimeProvider time) where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _byKey = [];
    private readonly LinkedList<Entry> _byAge = new();

    /// <summary>A ring of the last failures' times; <see cref="Next"/> is the oldest once it is full.</summary>
    private sealed class Entry(TKey key, int limit)
    {
        public TKey Key { get; } = key;

        public long[] Failures { get; } = new long[limit];

        public int Count { get; set; }

        public int Next { get; set; }

        public long Last { get; set; }
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _byKey.Count;
        }
    }

    /// <summary>How long until fewer than the limit's failures lie in the window; zero when that is so.</summary>
    public TimeSpan Wait(TKey key)
    {
        lock (_lock)
        {
            if (!_byKey.TryGetValue(key, out var node) || node.Value.Count < limit)
                return TimeSpan.Zero;
            var passed = time.GetElapsedTime(node.Value.Failures[node.Value.Next]);
            return passed < window ? window - passed : TimeSpan.Zero;
        }
    }

    public void Add(TKey key)
    {
        lock (_lock)
        {
            DropExpired();
            if (_byKey.TryGetValue(key, out var node))
            {
                _byAge.Remove(node);
            }
            else
            {
                if (_byKey.Count >= capacity)
                    DropFirst();
                node = new(new Entry(key, limit));
                _byKey.Add(key, node);
            }
            _byAge.AddLast(node);

            var entry = node.Value;
            entry.Last = entry.Failures[entry.Next] = time.GetTimestamp();
            entry.Next = (entry.Next + 1) % limit;
            entry.Count = Math.Min(entry.Count + 1, limit);
        }
    }

    private void DropExpired()
    {
        while (_byAge.First is { } first && time.GetElapsedTime(first.Value.Last) >= window)
            DropFirst();
    }

    private void DropFirst()
    {
        if (_byAge.First is not { } first)
            return;
        _byAge.RemoveFirst();
        _byKey.Remove(first.Value.Key);
    }
}
