using System.Collections.Concurrent;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>A setting of each host, in memory once it was asked for.</summary>
/// <param name="read">Makes it of what is stored; null is stored when it was never set.</param>
/// <param name="write">What to store of it; null for what it is without being set.</param>
internal sealed class HostSetting<T>(ISettingStore store, string name, Func<string?, T> read, Func<T, string?> write)
    where T : class
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new();
    private Entry? _last;

    private SemaphoreSlim Changing { get; } = new(1);

    /// <summary>The setting if it is in memory, else null.</summary>
    public T? Find(string host)
    {
        // Stanza after stanza asks, nearly always for the same host, whose name is the same string.
        if (Volatile.Read(ref _last) is { } last && ReferenceEquals(last.Host, host))
            return last.Value;
        if (!_entries.TryGetValue(host, out var entry))
            return null;
        Volatile.Write(ref _last, entry);
        return entry.Value;
    }

    /// <summary>The setting; completes at once when it is in memory.</summary>
    public ValueTask<T> GetAsync(string host, CancellationToken cancellationToken) =>
        Find(host) is { } value ? new(value) : LoadAsync(host, cancellationToken);

    public async ValueTask SetAsync(string host, T value, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            await store.SetAsync(host, name, write(value), cancellationToken);
            _entries.GetOrAdd(host, _ => new(host, value)).Value = value;
        }
        finally
        {
            Changing.Release();
        }
    }

    // One that is set meanwhile stays.
    private async ValueTask<T> LoadAsync(string host, CancellationToken cancellationToken) =>
        _entries.GetOrAdd(host, new Entry(host, read(await store.FindAsync(host, name, cancellationToken)))).Value;

    private sealed class Entry(string host, T value)
    {
        private volatile T _value = value;

        public string Host => host;

        public T Value
        {
            get => _value;
            set => _value = value;
        }
    }
}
