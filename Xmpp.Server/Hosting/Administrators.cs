using System.Collections.Frozen;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Server.Hosting;

/// <inheritdoc cref="IAdministrators"/>
/// <param name="configured">Those whom the configuration in force names.</param>
internal sealed class Administrators(ISettingStore settings, Func<FrozenSet<Jid>> configured) : IAdministrators
{
    private const string Setting = "administrators";

    private volatile FrozenDictionary<string, FrozenSet<Jid>> _added = FrozenDictionary<string, FrozenSet<Jid>>.Empty;

    private SemaphoreSlim Changing { get; } = new(1);

    public bool IsAdministrator(Jid jid, string host)
    {
        var account = jid.Bare;
        return configured().Contains(account) || (_added.TryGetValue(host, out var added) && added.Contains(account));
    }

    public IReadOnlyCollection<Jid> Of(string host) =>
        [.. configured().Union(_added.GetValueOrDefault(host) ?? []).OrderBy(jid => jid.ToString(), StringComparer.Ordinal)];

    public bool IsConfigured(Jid jid) => configured().Contains(jid.Bare);

    public async ValueTask SetAsync(string host, IReadOnlyCollection<Jid> administrators, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            var added = administrators.Where(jid => !IsConfigured(jid)).ToFrozenSet();
            await settings.SetAsync(host, Setting, added.Count == 0 ? null : string.Join('\n', added), cancellationToken);
            Put(host, added);
        }
        finally
        {
            Changing.Release();
        }
    }

    /// <summary>Reads what was set at run time for hosts that are new.</summary>
    /// <exception cref="StoreException">It can't be read.</exception>
    public async Task LoadAsync(IEnumerable<string> hosts, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            foreach (var host in hosts.Where(host => !_added.ContainsKey(host)))
                Put(host, Parse(await settings.FindAsync(host, Setting, cancellationToken)));
        }
        finally
        {
            Changing.Release();
        }
    }

    private void Put(string host, FrozenSet<Jid> added) =>
        _added = new Dictionary<string, FrozenSet<Jid>>(_added) { [host] = added }.ToFrozenDictionary();

    private static FrozenSet<Jid> Parse(string? lines) =>
        (lines?.Split('\n') ?? []).Select(line => Jid.TryParse(line, out var jid) ? jid : null).OfType<Jid>().ToFrozenSet();
}
