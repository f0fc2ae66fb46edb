using System.Net;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Dns;

/// <summary>The resolver that the configuration asks for, now: a stub, or with "dane" one that validates by DNSSEC.</summary>
internal sealed class ConfiguredResolver(Func<ServerState> current, TimeProvider time) : IDnsResolver
{
    private readonly DnsResolver _stub = new(() => current().DnsServers, time);
    private readonly Lock _gate = new();
    private (ValidatingResolver Resolver, string? Anchors, IReadOnlyList<IPEndPoint> Servers)? _validating;

    public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancellationToken) =>
        (Validating() ?? (IDnsResolver)_stub).QueryAsync(name, type, cancellationToken);

    private ValidatingResolver? Validating()
    {
        var state = current();
        var options = state.Options.S2s;
        lock (_gate)
        {
            if (options.Dane && _validating is { } known && known.Anchors == options.TrustAnchors
                && known.Servers.SequenceEqual(state.DnsServers))
            {
                return known.Resolver;
            }
            _validating?.Resolver.Dispose();
            _validating = options.Dane
                ? (new(state.DnsServers, options.TrustAnchors), options.TrustAnchors, state.DnsServers)
                : null;
            return _validating?.Resolver;
        }
    }
}
