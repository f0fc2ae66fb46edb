using Xmpp.Core.Modules;
using Xmpp.Server.Dns;
using Xmpp.Server.Federation;

namespace Xmpp.Server.Hosting;

/// <summary>Whether this server talks to other servers.</summary>
public enum S2sUse
{
    /// <summary>For hosts whose names others can look up, and not for "localhost" and its like.</summary>
    Auto,

    /// <summary>For all hosts.</summary>
    On,

    /// <summary>For none.</summary>
    Off,
}

/// <summary>Federation: streams between this server and others (RFC 6120). TLS is always required.</summary>
public sealed record S2sOptions
{
    public S2sUse Use { get; init; } = S2sUse.Auto;

    /// <summary>Where other servers connect; "none" is no protection to choose here.</summary>
    public IReadOnlyList<ListenerOptions> Listeners { get; init; } =
        [new() { Port = 5269, Tls = ListenerTls.StartTls }, new() { Port = 5270, Tls = ListenerTls.Direct }];

    /// <summary>Where they connect, complete with what is said of all.</summary>
    internal IEnumerable<ListenerOptions> OwnListeners =>
        Listeners.Select(listener => listener with { Kind = ListenerKind.Servers, OutputBytes = OutputBytes });

    /// <summary>Patterns: "example.org", "*.example.org" for what is below it, "*" for all. Empty: everybody.</summary>
    [DomainPattern]
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>The same; goes before <see cref="Allow"/>.</summary>
    [DomainPattern]
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>Who may prove itself by Server Dialback (XEP-0220) where its certificate isn't valid.</summary>
    [DomainPattern]
    public IReadOnlyList<string> Dialback { get; init; } = [];

    /// <summary>PEM file of the CAs that are trusted; null: the system's.</summary>
    public string? Authorities { get; init; }

    /// <summary>Servers to ask, addresses with or without ports; empty: the system's.</summary>
    [DnsServer]
    public IReadOnlyList<string> DnsServers { get; init; } = [];

    /// <summary>Whether the DNS is asked by libunbound, which validates, and its TLSA records say what certificates have to be.</summary>
    public bool Dane { get; init; }

    /// <summary>File with the DS or DNSKEY records that are trusted; null: those of the DNS's root.</summary>
    public string? TrustAnchors { get; init; }

    /// <summary>From the first stanza for a remote domain until there is a stream for it.</summary>
    [Duration("1s", "10m")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after a failed attempt the next one is made.</summary>
    [Duration("1s", "1h")]
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After so long without a stanza a stream that we have made is closed.</summary>
    [Duration("10s", "7d")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a stream whose connection was lost can be resumed (XEP-0198), and attempts at that are made; 0 is never.</summary>
    [Duration("0s", "1h")]
    public TimeSpan ResumeTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether streams carry stanzas in both directions (XEP-0288) where the other server can; such aren't resumed.</summary>
    public bool Bidi { get; init; }

    /// <summary>Stanzas that wait for one remote domain, or that it has not acknowledged; further ones are refused.</summary>
    [Number(10, 1_000_000)]
    public int QueueStanzas { get; init; } = 10_000;

    /// <summary>The same in bytes.</summary>
    [Bytes(65_536, 1024 * 1024 * 1024)]
    public int QueueBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Pairs of a domain here and one elsewhere with a stream, or an attempt to make one.</summary>
    [Number(1, 1_000_000)]
    public int MaxLinks { get; init; } = 10_000;

    /// <summary>Streams that one remote domain may have open to us.</summary>
    [Number(1, 10_000)]
    public int StreamsPerDomain { get; init; } = 20;

    /// <summary>Sustained input of one stream, bytes per second; 0 is no limit.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int BytesPerSecond { get; init; } = 1024 * 1024;

    /// <summary>What a server may send at once above <see cref="BytesPerSecond"/>.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int BurstBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes queued for a server that doesn't read; then it loses its connection.</summary>
    [Bytes(65_536, 1024 * 1024 * 1024)]
    public int OutputBytes { get; init; } = 8 * 1024 * 1024;
}

/// <summary>A domain, "*.domain" for what is below it, or "*".</summary>
internal sealed class DomainPatternAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "a domain such as \"example.org\", \"*.example.org\" for what is below it, or \"*\" for all";

    public override object? Read(string text) => DomainPatterns.TryNormalize(text);
}

/// <summary>Where a DNS server is.</summary>
internal sealed class DnsServerAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "an IP address, with or without a port, such as \"192.0.2.1\" or \"[2001:db8::1]:5353\"";

    public override object? Read(string text) => ResolverConfiguration.ParseServer(text) is null ? null : text;
}
