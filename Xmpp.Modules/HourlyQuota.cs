namespace Xmpp.Modules;

/// <summary>So many for each within an hour, which begins with the first of them. In memory there are those whose hour it is.</summary>
internal sealed class HourlyQuota<TKey>(Func<int> limit, TimeProvider time) where TKey : notnull
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly Dictionary<TKey, (long Since, int Count)> _taken = [];
    private readonly Queue<(TKey Key, long Since)> _hours = new();

    public bool TryTake(TKey key)
    {
        lock (_taken)
        {
            while (_hours.TryPeek(out var first) && time.GetElapsedTime(first.Since) >= Hour)
            {
                _hours.Dequeue();
                _taken.Remove(first.Key);
            }
            if (!_taken.TryGetValue(key, out var taken))
            {
                taken = (time.GetTimestamp(), 0);
                _hours.Enqueue((key, taken.Since));
            }
            if (taken.Count >= limit())
                return false;
            _taken[key] = (taken.Since, taken.Count + 1);
            return true;
        }
    }
}
