using Xmpp.Core.Modules;

namespace Xmpp.Modules.Rosters;

/// <summary>What fits into a roster.</summary>
public sealed record RosterOptions
{
    [Number(1, 100_000)]
    public int MaxItems { get; init; } = 10_000;

    [Bytes(1, 65_536)]
    public int NameBytes { get; init; } = 1023;

    [Bytes(1, 65_536)]
    public int GroupBytes { get; init; } = 1023;

    [Number(0, 1000)]
    public int GroupsPerItem { get; init; } = 50;

    /// <summary>Subscription requests that wait for an answer (RFC 6121 §3.1.3).</summary>
    [Number(0, 10_000)]
    public int MaxRequests { get; init; } = 500;

    /// <summary>Of a subscription request with all that it contains.</summary>
    [Bytes(256, 262_144)]
    public int RequestBytes { get; init; } = 8 * 1024;

    /// <summary>Whom one session may send presence to that has no subscription to it (RFC 6121 §4.6).</summary>
    [Number(0, 100_000)]
    public int MaxDirectedPresences { get; init; } = 1000;
}
