namespace Xmpp.Modules.Strangers;

/// <summary>The last things that were added or asked for, at least half as many as there may be. Safe for several threads.</summary>
internal sealed class RecentSet<T>(int size) where T : notnull
{
    private readonly Lock _lock = new();
    private HashSet<T> _recent = [];
    private HashSet<T> _older = [];

    public void Add(T item)
    {
        lock (_lock)
            Note(item);
    }

    public bool Contains(T item)
    {
        lock (_lock)
        {
            if (_recent.Contains(item))
                return true;
            if (!_older.Contains(item))
                return false;
            Note(item);
            return true;
        }
    }

    private void Note(T item)
    {
        if (_recent.Add(item) && _recent.Count >= (size + 1) / 2)
            (_older, _recent) = (_recent, []);
    }
}
