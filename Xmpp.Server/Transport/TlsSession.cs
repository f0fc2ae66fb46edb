namespace Xmpp.Server.Transport;

/// <summary>How a <see cref="TlsSession"/> is after having taken input.</summary>
internal enum TlsStatus
{
    Open,

    /// <summary>The peer sent close_notify: no more plaintext will come.</summary>
    Ended,

    /// <summary>The session is unusable; <see cref="TlsSession.Failure"/> says why.</summary>
    Failed,
}

/// <summary>
/// Our half of one TLS connection as a transformation of bytes, without a socket: ciphertext in, plaintext and
/// ciphertext out, never waiting. One thread at a time.
/// </summary>
internal abstract class TlsSession : IDisposable
{
    private const byte AlertRecord = 21;
    private const byte HandshakeRecord = 22;

    private bool _begun;

    /// <summary>What the handshake agreed on; null until it is complete.</summary>
    public TlsInfo? Info { get; protected set; }

    /// <summary>Why the session failed, in a few words for the log.</summary>
    public string? Failure { get; protected set; }

    /// <summary>Says first what the handshake begins with, where that is ours to say.</summary>
    public virtual void Begin(ref PooledBuffer wire)
    {
    }

    /// <summary>
    /// Takes all of the ciphertext: goes on with the handshake and appends the answers, alerts included, to
    /// <paramref name="wire"/>; appends what can be decrypted to <paramref name="plaintext"/>.
    /// </summary>
    public TlsStatus Receive(ReadOnlySpan<byte> ciphertext, ref PooledBuffer plaintext, ref PooledBuffer wire)
    {
        if (!_begun && ciphertext is not [HandshakeRecord or AlertRecord, ..])
            Failure = $"TLS was expected, {Guess(ciphertext)} came";
        _begun = true;
        if (Failure is not null)
            return TlsStatus.Failed;
        var status = Decrypt(ciphertext, ref plaintext, ref wire);
        return Failure is null ? status : TlsStatus.Failed;
    }

    /// <summary>Appends the encrypted bytes to <paramref name="wire"/>. Only after the handshake.</summary>
    /// <returns>False when the session has failed.</returns>
    public abstract bool Encrypt(ReadOnlyMemory<byte> plaintext, ref PooledBuffer wire);

    /// <summary>Appends close_notify to <paramref name="wire"/>. Only after the handshake.</summary>
    public abstract void Shutdown(ref PooledBuffer wire);

    public abstract void Dispose();

    /// <summary>The engine's half of <see cref="Receive"/>; a failure sets <see cref="Failure"/>.</summary>
    protected abstract TlsStatus Decrypt(ReadOnlySpan<byte> ciphertext, ref PooledBuffer plaintext, ref PooledBuffer wire);

    /// <summary>What the engine says went wrong, told as the step that it ended.</summary>
    protected void Fail(string reason) => Failure ??= Info is null ? $"TLS handshake failed: {reason}" : $"TLS failed: {reason}";

    private static string Guess(ReadOnlySpan<byte> bytes)
    {
        if (bytes.TrimStart(" \t\r\n"u8).StartsWith("<"u8))
            return "XMPP in clear";
        return bytes.StartsWith("GET "u8) || bytes.StartsWith("HEAD "u8) || bytes.StartsWith("POST "u8) || bytes.StartsWith("OPTIONS "u8)
            ? "HTTP"
            : "something else";
    }
}
