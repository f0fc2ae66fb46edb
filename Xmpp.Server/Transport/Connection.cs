using System.Net;

namespace Xmpp.Server.Transport;

/// <summary>
/// One byte stream to a peer, with or without TLS. Reading belongs to one loop; writing is open to every thread and
/// never waits: bytes go to a bounded buffer, and a full one ends the connection.
/// </summary>
public abstract class Connection
{
    /// <summary>The <see cref="OutputBatch"/>'s: of the last one that is to flush it.</summary>
    internal long BatchMark { get; set; }

    /// <summary>The peer, as the socket or the PROXY header gives it.</summary>
    public abstract IPEndPoint RemoteEndPoint { get; }

    /// <summary>What TLS agreed on, or null while the bytes are in clear.</summary>
    public abstract TlsInfo? Tls { get; }

    /// <summary>
    /// Completes when there are bytes beyond those that the last call gave. Idle connections own no buffer.
    /// </summary>
    /// <returns>All unconsumed bytes, contiguous, valid until <see cref="Advance"/>; empty at the end of the stream, however it ended.</returns>
    public abstract ValueTask<ReadOnlyMemory<byte>> ReadAsync();

    /// <summary>Consumes the first bytes of what <see cref="ReadAsync"/> gave. Called once between two reads.</summary>
    public abstract void Advance(int consumed);

    /// <summary>Queues bytes, all or nothing. They leave with the next <see cref="Flush"/>.</summary>
    /// <returns>False when the connection is closed, or when the limit is exceeded, which aborts it.</returns>
    public abstract bool Write(ReadOnlySpan<byte> bytes);

    /// <summary>Starts sending what is queued. Never waits. Prefer <see cref="OutputBatch"/>.</summary>
    public abstract void Flush();

    /// <summary>
    /// Answers a TLS handshake on this connection. Queued output is sent in clear first; unconsumed input is an error
    /// (RFC 6120 §5.4.3.3: nothing may be buffered behind <c>&lt;starttls/&gt;</c>).
    /// </summary>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The handshake failed; the connection is closed.</exception>
    public abstract ValueTask StartTlsAsync(ITlsServer tls, CancellationToken cancellationToken);

    /// <summary>The same the other way round: begins a TLS handshake on a connection that we have made.</summary>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The handshake failed; the connection is closed.</exception>
    public abstract ValueTask StartTlsAsync(ITlsClient tls, TlsTarget target, CancellationToken cancellationToken);

    /// <summary>
    /// Sends what is queued, then close_notify and FIN; drops the connection when the peer takes longer than the grace.
    /// Nothing more is read: a pending read completes as at the end of the stream, what still arrives is thrown away.
    /// </summary>
    public abstract void Close();

    /// <summary>Drops the connection and what is queued. A pending read completes as at the end of the stream.</summary>
    public abstract void Abort(string reason);

    /// <summary>
    /// Whether what <see cref="ReadAsync"/> gives never ends within an element: what carries it, such as a message, holds whole ones.
    /// </summary>
    public virtual bool HasWholeElements => false;

    /// <summary>Why the connection ended, for the log; null while it is open or after an orderly end.</summary>
    public abstract string? AbortReason { get; }

    /// <summary>Completes when nothing is left of the connection: output sent or dropped, socket closed, buffers returned.</summary>
    public abstract Task Finished { get; }
}
