namespace Xmpp.Server.Transport;

/// <summary>The two engines behind <see cref="ITlsServer"/>.</summary>
public abstract class TlsServer : ITlsServer
{
    public abstract string Engine { get; }

    /// <summary>The beginning of one connection: nothing received, nothing to send yet.</summary>
    /// <exception cref="ObjectDisposedException">This server was replaced: take the current one when a handshake begins.</exception>
    internal abstract TlsSession CreateSession();

    public abstract void Dispose();
}
