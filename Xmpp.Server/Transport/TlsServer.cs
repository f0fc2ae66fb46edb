using System.Security.Authentication;
using Xmpp.Server.Transport.OpenSsl;

namespace Xmpp.Server.Transport;

/// <summary>The engines behind <see cref="ITlsServer"/>.</summary>
public abstract class TlsServer : ITlsServer
{
    public abstract string Engine { get; }

    /// <summary>Loads the certificates and makes a server with the engine asked for.</summary>
    /// <exception cref="TlsConfigurationException">A certificate or key can't be used, or the engine is not there.</exception>
    public static TlsServer Create(TlsServerOptions options) => options.Engine switch
    {
        "auto" => OpenSslServer.IsSupported ? new OpenSslServer(options) : new SslStreamServer(options),
        "openssl" when OpenSslServer.IsSupported => new OpenSslServer(options),
        "openssl" => throw new TlsConfigurationException(
            "The TLS engine \"openssl\" needs libssl.so.3: install the package libssl3 (openssl-libs), or choose \"sslstream\"."),
        "sslstream" => new SslStreamServer(options),
        _ => throw new TlsConfigurationException(
            $"The TLS engine \"{options.Engine}\" is unknown: choose \"auto\", \"openssl\" or \"sslstream\"."),
    };

    /// <summary>The beginning of one connection: nothing received, nothing to send yet.</summary>
    /// <exception cref="ObjectDisposedException">This server was replaced: take the current one when a handshake begins.</exception>
    internal abstract TlsSession CreateSession();

    public abstract void Dispose();

    /// <summary>The protocol versions that the options allow.</summary>
    internal static SslProtocols ProtocolsOf(TlsServerOptions options) => options.MinimumVersion switch
    {
        "1.2" => SslProtocols.Tls12 | SslProtocols.Tls13,
        "1.3" => SslProtocols.Tls13,
        _ => throw new TlsConfigurationException($"The TLS version \"{options.MinimumVersion}\" is unknown: choose \"1.2\" or \"1.3\"."),
    };
}
