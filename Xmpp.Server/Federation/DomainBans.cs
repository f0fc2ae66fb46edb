using System.Collections.Frozen;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;

namespace Xmpp.Server.Federation;

/// <summary>
/// Domains that an administrator has banned at run time, each with all that is below it: for all hosts, and after a restart. They are kept
/// with each host, so that they are there whichever hosts this server has one day.
/// </summary>
internal sealed class DomainBans(ISettingStore settings)
{
    public const int Max = 10_000;

    private const string Setting = "bannedDomains";

    private volatile FrozenSet<string> _domains = FrozenSet<string>.Empty;

    private SemaphoreSlim Changing { get; } = new(1);

    /// <summary>In order.</summary>
    public IReadOnlyList<string> All => [.. _domains.Order(StringComparer.Ordinal)];

    public bool Contains(string domain)
    {
        var domains = _domains;
        if (domains.Count == 0)
            return false;
        var name = domain.AsSpan();
        while (true)
        {
            if (domains.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name))
                return true;
            if (name.IndexOf('.') is not (>= 0 and var dot))
                return false;
            name = name[(dot + 1)..];
        }
    }

    /// <summary>Reads what was banned, whatever host it is kept with.</summary>
    /// <exception cref="StoreException">It can't be read.</exception>
    public async Task LoadAsync(IEnumerable<string> hosts, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            var domains = new HashSet<string>(_domains);
            foreach (var host in hosts)
                domains.UnionWith((await settings.FindAsync(host, Setting, cancellationToken))?.Split('\n') ?? []);
            _domains = domains.ToFrozenSet(StringComparer.Ordinal);
        }
        finally
        {
            Changing.Release();
        }
    }

    /// <summary>Bans a domain, or lifts its ban.</summary>
    /// <param name="hosts">All of the server.</param>
    /// <returns>False when it was so already.</returns>
    /// <exception cref="ControlException">There are too many.</exception>
    /// <exception cref="StoreException">It can't be kept.</exception>
    public async ValueTask<bool> SetAsync(
        string domain, bool isBanned, IEnumerable<string> hosts, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            var domains = new HashSet<string>(_domains);
            if (!(isBanned ? domains.Add(domain) : domains.Remove(domain)))
                return false;
            if (domains.Count > Max)
                throw new ControlException($"No more than {Max} domains can be banned.");
            foreach (var host in hosts)
            {
                await settings.SetAsync(
                    host, Setting, domains.Count == 0 ? null : string.Join('\n', domains.Order(StringComparer.Ordinal)), cancellationToken);
            }
            _domains = domains.ToFrozenSet(StringComparer.Ordinal);
            return true;
        }
        finally
        {
            Changing.Release();
        }
    }
}
