using System.Net;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Federation;

/// <summary>Who may talk to whom, as configured and, by bans, as administrators want it now.</summary>
internal sealed class FederationPolicy(S2sOptions options, DomainBans? bans = null)
{
    // RFC 6761, RFC 6762, RFC 7686, RFC 8375 and the private-use "internal": nobody elsewhere finds these.
    private static readonly string[] _private =
        ["localhost", "local", "test", "invalid", "example", "onion", "internal", "home.arpa", "lan", "localdomain"];

    private readonly DomainPatterns _allow = new(options.Allow);
    private readonly DomainPatterns _deny = new(options.Deny);
    private readonly DomainPatterns _dialback = new(options.Dialback);

    /// <summary>Whether a domain of this server talks to other servers.</summary>
    public bool Federates(string domain) => options.Use switch
    {
        S2sUse.On => true,
        S2sUse.Off => false,
        _ => IsPublic(domain),
    };

    /// <summary>Whether it may talk to that server.</summary>
    public bool Admits(string remote) =>
        bans?.Contains(remote) != true && !_deny.Contains(remote) && (_allow.IsEmpty || _allow.Contains(remote));

    /// <summary>Whether that server may prove itself by dialback where its certificate isn't valid.</summary>
    public bool AllowsDialback(string remote) => _dialback.Contains(remote);

    /// <summary>Whether a name can be one that everybody looks up in the DNS.</summary>
    internal static bool IsPublic(string domain) => domain.Contains('.', StringComparison.Ordinal)
        && !IPAddress.TryParse(domain.Trim('[', ']'), out _)
        && !_private.Any(suffix => domain == suffix || domain.EndsWith($".{suffix}", StringComparison.Ordinal));
}
