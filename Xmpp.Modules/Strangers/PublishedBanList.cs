using Xmpp.Core;

namespace Xmpp.Modules.Strangers;

/// <summary>A list of <see cref="PublishedBans"/>. Safe for several threads.</summary>
/// <param name="address">Of whom publishes it; the resourcepart is the node.</param>
internal sealed class PublishedBanList(Jid address, int maxEntries)
{
    /// <summary>What such nodes are usually called.</summary>
    private const string UsualNode = "muc_bans_sha256";

    private readonly Lock _lock = new();
    private HashSet<string> _entries = [];

    // What was heard while the list is being read; the rest of the time null.
    private List<(string Entry, bool IsBanned)>? _heard;
    private bool _isPurged;

    public Jid Address => address;

    public Jid Service => address.Bare;

    public string Node => address.Resource ?? UsualNode;

    public int MaxEntries => maxEntries;

    /// <summary>Nobody follows it any more.</summary>
    public volatile bool IsOver;

    public bool Contains(string entry)
    {
        lock (_lock)
            return _entries.Contains(entry);
    }

    public void Set(string entry, bool isBanned)
    {
        lock (_lock)
        {
            Set(_entries, entry, isBanned);
            if (_heard is { } heard && heard.Count < maxEntries)
                heard.Add((entry, isBanned));
        }
    }

    /// <summary>Nobody is on the list any more; what is being read of it is from before.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _entries = [];
            if (_heard is not null)
                (_heard, _isPurged) = ([], true);
        }
    }

    /// <summary>From now on what is heard changes also what will be <see cref="Replace">read</see>.</summary>
    public void BeginReading()
    {
        lock (_lock)
            (_heard, _isPurged) = ([], false);
    }

    public void Replace(HashSet<string> entries)
    {
        lock (_lock)
        {
            if (_isPurged)
                entries.Clear();
            foreach (var (entry, isBanned) in _heard ?? [])
                Set(entries, entry, isBanned);
            (_entries, _heard, _isPurged) = (entries, null, false);
        }
    }

    private void Set(HashSet<string> entries, string entry, bool isBanned)
    {
        if (!isBanned)
            entries.Remove(entry);
        else if (entries.Count < maxEntries)
            entries.Add(entry);
    }
}
