using System.Collections.Frozen;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Web;

/// <summary>Finds the route of a path: the one that is exactly it, else the longest that stands for what is below.</summary>
internal sealed class RouteTable
{
    private readonly FrozenDictionary<string, HttpRoute> _exact;
    private readonly HttpRoute[] _below;

    /// <exception cref="ArgumentException">Two routes have the same path.</exception>
    public RouteTable(IEnumerable<HttpRoute> routes)
    {
        var all = routes.ToList();
        _exact = all.ToFrozenDictionary(route => route.Path, StringComparer.Ordinal);
        _below = [.. all.Where(route => route.Path.EndsWith('/')).OrderByDescending(route => route.Path.Length)];
    }

    /// <param name="path">Begins with "/".</param>
    /// <param name="rest">What the route leaves of it.</param>
    public HttpRoute? Find(string path, out string rest)
    {
        rest = "";
        if (_exact.TryGetValue(path, out var exact))
            return exact;
        var below = Array.Find(_below, route => path.StartsWith(route.Path, StringComparison.Ordinal));
        rest = below is null ? "" : path[below.Path.Length..];
        return below;
    }
}
