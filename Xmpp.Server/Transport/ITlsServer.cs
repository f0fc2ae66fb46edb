using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Sasl;

namespace Xmpp.Server.Transport;

/// <summary>
/// The server's half of TLS for a set of virtual hosts: certificates by SNI, ALPN, protocol versions. Replaced whole on
/// reload; connections that have begun keep the one they began with.
/// </summary>
public interface ITlsServer : IDisposable
{
    /// <summary>"openssl" or "sslstream".</summary>
    string Engine { get; }
}

/// <summary>Our half of TLS on connections that we make, to other servers. Replaced like <see cref="ITlsServer"/>.</summary>
public interface ITlsClient : IDisposable;

/// <summary>What one such connection says of itself in the handshake.</summary>
/// <param name="LocalHost">Whose certificate to show.</param>
/// <param name="ServerName">The domain that is looked for (SNI), in Unicode or as A-labels.</param>
/// <param name="ApplicationProtocol">What to offer by ALPN; null for nothing.</param>
public sealed record TlsTarget(string LocalHost, string ServerName, string? ApplicationProtocol);

/// <summary>What a handshake agreed on.</summary>
/// <param name="Protocol">"TLSv1.2" or "TLSv1.3".</param>
/// <param name="CipherSuite">IANA or OpenSSL name, for the log.</param>
/// <param name="ServerName">The host the client asked for (SNI), or null.</param>
/// <param name="ApplicationProtocol">The ALPN protocol agreed, or null.</param>
/// <param name="PeerCertificate">What the peer showed, not judged, or null.</param>
/// <param name="ChannelBinding">The types that RFC 9266 and RFC 5929 allow on this channel; none on a connection that we have made.</param>
/// <param name="PeerIssuers">What the peer sent along with its certificate, not judged either.</param>
public sealed record TlsInfo(
    string Protocol,
    string CipherSuite,
    string? ServerName,
    string? ApplicationProtocol,
    X509Certificate2? PeerCertificate,
    IChannelBinding ChannelBinding,
    IReadOnlyList<X509Certificate2>? PeerIssuers = null);
