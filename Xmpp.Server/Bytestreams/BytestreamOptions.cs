using System.Net;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Bytestreams;

/// <summary>A proxy by which clients that can't reach each other send files (XEP-0065).</summary>
public sealed record BytestreamOptions
{
    /// <summary>Whether there is one.</summary>
    public bool Enabled { get; init; }

    /// <summary>What stands before a host in the service's domain.</summary>
    public string Label { get; init; } = "proxy";

    /// <summary>"::" listens on every address of IPv6 and IPv4.</summary>
    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>0 lets the system choose (tests).</summary>
    [Number(0, 65_535)]
    public int Port { get; init; } = 7777;

    /// <summary>Where clients connect to, a name or an address; null: at the host.</summary>
    public string? Host { get; init; }

    /// <summary>Connections altogether, two for each bytestream.</summary>
    [Number(2, 1_000_000)]
    public int Connections { get; init; } = 1000;

    /// <summary>Connections from one address, or one IPv6 network of 64 bits.</summary>
    [Number(2, 1_000_000)]
    public int ConnectionsPerAddress { get; init; } = 200;

    /// <summary>Bytestreams at the same time that an account may have begun.</summary>
    [Number(1, 100_000)]
    public int PerAccount { get; init; } = 10;

    /// <summary>What is passed on of one bytestream in one direction; 0: everything.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int BytesPerSecond { get; init; } = 10 * 1024 * 1024;

    /// <summary>From connecting until the bytestream is activated.</summary>
    [Duration("5s", "10m")]
    public TimeSpan ActivationTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long nothing may pass.</summary>
    [Duration("10s", "1d")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
