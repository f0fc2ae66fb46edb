using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>What follows from the configuration for streams between servers.</summary>
/// <param name="Tls">For streams that others make.</param>
/// <param name="ClientTls">For those that this server makes.</param>
internal sealed record FederationState(
    FederationPolicy Policy, PeerCertificates Certificates, ITlsServer Tls, ITlsClient ClientTls) : IDisposable
{
    /// <summary>Null when no host talks to other servers.</summary>
    /// <param name="certificates">Of the hosts, and of what is below them and has its own.</param>
    /// <exception cref="TlsConfigurationException">A certificate or key can't be used.</exception>
    public static FederationState? Create(
        ServerOptions options, IReadOnlyList<TlsCertificate> certificates, DomainBans bans, TimeProvider time)
    {
        var policy = new FederationPolicy(options.S2s, bans);
        if (!options.Hosts.Any(policy.Federates))
            return null;
        var tls = new TlsServerOptions
        {
            Engine = options.Tls.Engine,
            Certificates = certificates,
            ApplicationProtocols = ["xmpp-server"], // XEP-0368 §4
            MinimumVersion = options.Tls.MinimumVersion,
            RequestClientCertificate = true,
            AllowResumption = false,
        };
        return new(policy, PeerCertificates.Load(options.S2s.Authorities, time), TlsServer.Create(tls), TlsClient.Create(tls));
    }

    public void Dispose()
    {
        Tls.Dispose();
        ClientTls.Dispose();
    }
}
