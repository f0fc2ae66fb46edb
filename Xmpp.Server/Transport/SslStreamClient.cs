using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Xmpp.Core.Sasl;

namespace Xmpp.Server.Transport;

/// <summary>TLS by the framework on connections that we make.</summary>
internal sealed class SslStreamClient(TlsServerOptions options) : TlsClient
{
    private readonly SslProtocols _protocols = TlsServer.ProtocolsOf(options);
    private readonly ServerNameMap<SslStreamCertificateContext> _certificates =
        ServerNameMap<SslStreamCertificateContext>.Create(options.Certificates, files =>
        {
            var certificate = ServerCertificate.Load(files.ChainFile, files.KeyFile);
            return SslStreamCertificateContext.Create(certificate.Leaf, certificate.Issuers, offline: true);
        });

    [SuppressMessage("Security", "CA5359", Justification = "Who reads TlsInfo judges the certificate.")]
    internal override TlsSession CreateSession(TlsTarget target)
    {
        var name = ServerNameMap.ToAscii(target.ServerName);
        return new SslStreamClientSession(name, new SslClientAuthenticationOptions
        {
            // RFC 6066 §3: an address is no server name.
            TargetHost = IPAddress.TryParse(name, out _) ? "" : name,
            ClientCertificateContext = _certificates.Find(ServerNameMap.ToAscii(target.LocalHost)),
            EnabledSslProtocols = _protocols,
            AllowRenegotiation = false,
            AllowTlsResume = false,
            ApplicationProtocols = target.ApplicationProtocol is { } protocol ? [new SslApplicationProtocol(protocol)] : null,
            RemoteCertificateValidationCallback = SslStreamSession.NoteIssuers,
            CertificateChainPolicy = SslStreamSession.CreateChainPolicy(),
        });
    }

    /// <summary>The certificates are collected with the last session that uses them.</summary>
    public override void Dispose()
    {
    }
}

/// <summary>The half of who makes the connection.</summary>
internal sealed class SslStreamClientSession(string serverName, SslClientAuthenticationOptions options) : SslStreamSession
{
    protected override string? ServerName => serverName;

    protected override IChannelBinding ChannelBinding => Transport.ChannelBinding.None;

    public override void Begin(ref PooledBuffer wire)
    {
        try
        {
            Handshake();
        }
        catch (Exception exception)
        {
            Fail(Reason(exception));
        }
        MoveOutputTo(ref wire);
    }

    protected override Task BeginHandshake(SslStream ssl) => ssl.AuthenticateAsClientAsync(options, CancellationToken.None);
}
