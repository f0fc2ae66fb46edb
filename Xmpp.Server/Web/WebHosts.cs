using System.Collections.Frozen;
using System.Net;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>Which host somebody means who uses a name of this server in the Host header of a request.</summary>
internal sealed class WebHosts
{
    private readonly FrozenDictionary<string, string> _hosts;
    private readonly string _default;

    /// <param name="hosts">The default one first.</param>
    /// <param name="services">Domains below them, with the host of each.</param>
    /// <param name="url">See <see cref="HttpOptions.Url"/>.</param>
    public WebHosts(IReadOnlyList<string> hosts, IEnumerable<(string Domain, string Host)> services, string? url)
    {
        _default = hosts[0];
        var names = hosts.Select(host => (Domain: host, Host: host)).Concat(services);
        if (url is not null)
            names = names.Concat(hosts.Select(host => (DomainOf(url, host), host)));
        _hosts = names.DistinctBy(name => ServerNameMap.ToAscii(name.Domain), StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(name => ServerNameMap.ToAscii(name.Domain), name => name.Host, StringComparer.OrdinalIgnoreCase);
    }

    private static string DomainOf(string url, string host) =>
        new Uri(url.Replace("{host}", ServerNameMap.ToAscii(host), StringComparison.Ordinal)).IdnHost;

    /// <summary>The host, or null for a name that is not ours: a web page elsewhere may have made it point here.</summary>
    /// <param name="name">As in the header, without the port.</param>
    public string? Find(string name)
    {
        var ascii = name.TrimEnd('.');
        if (_hosts.TryGetValue(ascii, out var host))
            return host;
        return IPAddress.TryParse(ascii, out _) || ascii.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? _default : null;
    }
}
