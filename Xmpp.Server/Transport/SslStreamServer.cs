using System.Diagnostics.CodeAnalysis;
using System.Net.Security;

namespace Xmpp.Server.Transport;

/// <summary>TLS by the framework, on every platform.</summary>
internal sealed class SslStreamServer(TlsServerOptions options) : TlsServer
{
    private readonly ServerNameMap<SslStreamHost> _hosts = CreateHosts(options);
    private volatile bool _disposed;

    public override string Engine => "sslstream";

    internal override TlsSession CreateSession()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new SslStreamServerSession(this);
    }

    internal SslStreamHost HostFor(string? serverName) => _hosts.Find(serverName);

    /// <summary>Ends the making of sessions. The certificates are collected with the last session that uses them.</summary>
    public override void Dispose() => _disposed = true;

    [SuppressMessage("Security", "CA5359", Justification = "Who reads TlsInfo judges the certificate.")]
    private static ServerNameMap<SslStreamHost> CreateHosts(TlsServerOptions options)
    {
        var protocols = ProtocolsOf(options);
        return ServerNameMap<SslStreamHost>.Create(options.Certificates, files =>
        {
            var certificate = ServerCertificate.Load(files.ChainFile, files.KeyFile);
            return new SslStreamHost(certificate.EndPointBinding, new SslServerAuthenticationOptions
            {
                // Offline: what is not in the file is not searched for on the network.
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate.Leaf, certificate.Issuers, offline: true),
                EnabledSslProtocols = protocols,
                AllowRenegotiation = false,
                ApplicationProtocols = options.ApplicationProtocols.Count == 0
                    ? null
                    : [.. options.ApplicationProtocols.Select(name => new SslApplicationProtocol(name))],
                ClientCertificateRequired = options.RequestClientCertificate,
                RemoteCertificateValidationCallback = SslStreamSession.NoteIssuers,
                AllowTlsResume = options.AllowResumption,
                CertificateChainPolicy = SslStreamSession.CreateChainPolicy(),
            });
        });
    }
}

/// <summary>One certificate of ours, as SslStream wants it.</summary>
/// <param name="EndPointBinding">The data of tls-server-end-point, or null where it is undefined.</param>
internal sealed record SslStreamHost(byte[]? EndPointBinding, SslServerAuthenticationOptions Options);
