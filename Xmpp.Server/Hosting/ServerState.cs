using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Net;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Xml;
using Xmpp.Server.Dns;
using Xmpp.Server.Federation;
using Xmpp.Server.Modules;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;
using Xmpp.Server.Web;

namespace Xmpp.Server.Hosting;

/// <summary>
/// Everything that follows from the configuration, unchanging: a reload makes a new one and puts it in the old one's place.
/// </summary>
internal sealed class ServerState(
    ServerOptions options, ModuleTable modules, SaslMechanisms mechanisms, AuthenticationThrottle throttle,
    ITlsServer tls, SslStreamServer? webTls, ClientCertificateValidator? clientCertificates, FederationState? federation,
    IEnumerable<HttpRoute> ownRoutes) : IDisposable
{
    public ServerOptions Options { get; } = options;

    public FrozenSet<string> Hosts { get; } = options.Hosts.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Bare JIDs.</summary>
    public FrozenSet<Jid> Administrators { get; } = options.Administrators.Select(Jid.Parse).ToFrozenSet();

    public string DefaultHost => Options.Hosts[0];

    public ModuleTable Modules { get; } = modules;

    /// <summary>The services of the modules, with the host that each belongs to, by their domains.</summary>
    public FrozenDictionary<string, (IHostService Service, string Host)> Services { get; } = (
        from host in options.Hosts
        from service in modules.Services
        select (Domain: ModuleRegistration.DomainOf(service, host).Domain, Entry: (service, host)))
        .ToFrozenDictionary(entry => entry.Domain, entry => entry.Entry, StringComparer.Ordinal);

    /// <summary>What is served by HTTP.</summary>
    public RouteTable Routes { get; } = new([.. ownRoutes, .. modules.HttpRoutes]);

    /// <summary>The names by which it is.</summary>
    public WebHosts WebHosts { get; } = new(
        options.Hosts,
        from host in options.Hosts
        from service in modules.Services
        select (ModuleRegistration.DomainOf(service, host).Domain, host),
        options.Http.Url);

    public SaslMechanisms Mechanisms { get; } = mechanisms;

    public AuthenticationThrottle Throttle { get; } = throttle;

    public ITlsServer Tls { get; } = tls;

    /// <summary>The same certificates below HTTP; null when nothing is served by HTTPS.</summary>
    public SslStreamServer? WebTls { get; } = webTls;

    /// <summary>Null when client certificates are not accepted.</summary>
    public ClientCertificateValidator? ClientCertificates { get; } = clientCertificates;

    /// <summary>Null when this server doesn't talk to others.</summary>
    public FederationState? Federation { get; } = federation;

    /// <summary>Where to look names up.</summary>
    public IReadOnlyList<IPEndPoint> DnsServers => Options.S2s.DnsServers.Count > 0
        ? [.. Options.S2s.DnsServers.Select(server => ResolverConfiguration.ParseServer(server)!)]
        : ResolverConfiguration.OfSystem();

    public FramerLimits UnauthenticatedLimits { get; } =
        new(options.Limits.UnauthenticatedStanzaBytes, options.Limits.Depth, options.Limits.Attributes);

    public FramerLimits AuthenticatedLimits { get; } =
        new(options.Limits.StanzaBytes, options.Limits.Depth, options.Limits.Attributes);

    /// <summary>Stream features as UTF-8, kept once they were made.</summary>
    public ConcurrentDictionary<StreamOffer, byte[]> StreamFeatures { get; } = new();

    /// <summary>Whether this server answers for an address.</summary>
    public bool IsLocal(Jid jid) => Hosts.Contains(jid.Domain);

    /// <summary>Handshakes that have begun go on.</summary>
    public void Dispose()
    {
        Tls.Dispose();
        Federation?.Dispose();
    }
}
