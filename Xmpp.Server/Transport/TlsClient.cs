using Xmpp.Server.Transport.OpenSsl;

namespace Xmpp.Server.Transport;

/// <summary>
/// The engines behind <see cref="ITlsClient"/>. Whatever certificate a peer shows doesn't fail the handshake: whoever reads
/// <see cref="TlsInfo.PeerCertificate"/> judges it.
/// </summary>
public abstract class TlsClient : ITlsClient
{
    /// <summary>Loads the certificates and makes a client with the engine asked for.</summary>
    /// <param name="options">As for a server; what it doesn't need is ignored.</param>
    /// <exception cref="TlsConfigurationException">A certificate or key can't be used, or the engine is not there.</exception>
    public static TlsClient Create(TlsServerOptions options) => options.Engine switch
    {
        "openssl" or "auto" when OpenSslServer.IsSupported => new OpenSslClient(options),
        _ => new SslStreamClient(options),
    };

    /// <summary>The beginning of one connection.</summary>
    /// <exception cref="ObjectDisposedException">This client was replaced: take the current one when a handshake begins.</exception>
    internal abstract TlsSession CreateSession(TlsTarget target);

    public abstract void Dispose();
}
