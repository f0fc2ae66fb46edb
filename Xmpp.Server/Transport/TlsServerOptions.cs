namespace Xmpp.Server.Transport;

/// <summary>What a <see cref="TlsServer"/> offers.</summary>
public sealed record TlsServerOptions
{
    /// <summary>"auto" (OpenSSL where libssl.so.3 is found, else SslStream), "openssl" or "sslstream".</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>At least one. The first also serves clients that name no host, or one that is not here.</summary>
    public required IReadOnlyList<TlsCertificate> Certificates { get; init; }

    /// <summary>
    /// ALPN protocols, best first, such as "xmpp-client" (XEP-0368). A client that offers others only is refused
    /// (RFC 7301 §3.2), one that offers none is not. Empty: ALPN is ignored.
    /// </summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>"1.2" or "1.3".</summary>
    public string MinimumVersion { get; init; } = "1.2";

    /// <summary>
    /// Ask for a client certificate. None, or one that nobody knows, does not fail the handshake: whoever reads
    /// <see cref="TlsInfo.PeerCertificate"/> judges it.
    /// </summary>
    public bool RequestClientCertificate { get; init; }

    /// <summary>Let clients resume their sessions, in which they show no certificate again, and none of its issuers.</summary>
    public bool AllowResumption { get; init; } = true;
}

/// <summary>The certificate for one host name of SNI.</summary>
/// <param name="Host">
/// The domainpart, in Unicode or as A-labels. It also serves the subdomains that have no certificate of their own;
/// "*.example.org" serves only these.
/// </param>
/// <param name="ChainFile">PEM: the host's certificate, then its issuers.</param>
/// <param name="KeyFile">PEM, not encrypted.</param>
public sealed record TlsCertificate(string Host, string ChainFile, string KeyFile);

/// <summary>TLS can't be served like this. The message names the file or the option, and what is wrong with it.</summary>
public sealed class TlsConfigurationException(string message, Exception? innerException = null) : Exception(message, innerException);
