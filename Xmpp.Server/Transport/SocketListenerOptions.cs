using System.Net;

namespace Xmpp.Server.Transport;

/// <summary>Where and how a <see cref="SocketListener"/> listens.</summary>
public sealed record SocketListenerOptions
{
    /// <summary><c>[::]</c> listens on every address of IPv6 and IPv4; port 0 lets the system choose.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>Connections the kernel holds until they are accepted; it may cap this (net.core.somaxconn).</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>Who has to begin with a PROXY protocol v2 header. From everybody else none is expected.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>From accept to the end of the PROXY header.</summary>
    public TimeSpan ProxyHeaderTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>TCP keep-alive probes, or null for none.</summary>
    public TcpKeepAlive? KeepAlive { get; init; }

    public SocketConnectionOptions Connection { get; init; } = SocketConnectionOptions.Default;
}

/// <summary>TCP keep-alive: a peer that answers no probe is gone.</summary>
/// <param name="Idle">Silence before the first probe; whole seconds.</param>
/// <param name="Interval">Between probes; whole seconds.</param>
/// <param name="Probes">Unanswered ones that end the connection.</param>
public sealed record TcpKeepAlive(TimeSpan Idle, TimeSpan Interval, int Probes);
