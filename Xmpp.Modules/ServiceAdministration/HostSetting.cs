using System.Collections.Concurrent;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>A setting of each host, in memory once it was asked for.</summary>
/// <param name="read">Makes it of what is stored; null is stored when it was never set.</param>
/// <param name="write">What to store of it; null for what it is without being set.</param>
internal sealed class HostSetting<T>(ISettingStore store, string name, Func<string?, T> read, Func<T, string?> write)
    where T : class
{
    private readonly ConcurrentDictionary<string, T> _values = new();

    private SemaphoreSlim Changing { get; } = new(1);

    /// <summary>The setting if it is in memory, else null.</summary>
    public T? Find(string host) => _values.GetValueOrDefault(host);

    /// <summary>The setting; completes at once when it is in memory.</summary>
    public ValueTask<T> GetAsync(string host, CancellationToken cancellationToken) =>
        Find(host) is { } value ? new(value) : LoadAsync(host, cancellationToken);

    public async ValueTask SetAsync(string host, T value, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            await store.SetAsync(host, name, write(value), cancellationToken);
            _values[host] = value;
        }
        finally
        {
            Changing.Release();
        }
    }

    // One that is set meanwhile stays.
    private async ValueTask<T> LoadAsync(string host, CancellationToken cancellationToken) =>
        _values.GetOrAdd(host, read(await store.FindAsync(host, name, cancellationToken)));
}
