namespace Xmpp.Server.Transport;

/// <summary>Limits and times of a <see cref="SocketConnection"/>.</summary>
public sealed record SocketConnectionOptions
{
    public static SocketConnectionOptions Default { get; } = new();

    /// <summary>
    /// Bytes a reader may leave unconsumed. A connection that has this much and more to come is aborted, so it has to be
    /// above the largest stanza accepted.
    /// </summary>
    public int MaxInputBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// Bytes queued for a peer that doesn't read, beyond what the kernel holds. The write that exceeds it aborts the
    /// connection: a slow reader costs its own stream, never the sender's time nor the server's memory.
    /// </summary>
    public int MaxOutputBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>From <see cref="Connection.Close"/> until the peer has taken the output and closed its side.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromSeconds(5);

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
