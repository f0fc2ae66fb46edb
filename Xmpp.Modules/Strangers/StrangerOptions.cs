using Xmpp.Core;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.Strangers;

/// <summary>What people of other servers may do who are strangers to an account.</summary>
public enum StrangerAccess
{
    /// <summary>What contacts may.</summary>
    Allow,

    /// <summary>The same within limits.</summary>
    Limit,

    /// <summary>Ask for a subscription, within limits.</summary>
    Refuse,
}

public sealed record StrangerOptions
{
    public StrangerAccess Access { get; init; } = StrangerAccess.Limit;

    /// <summary>Messages of all strangers to one account.</summary>
    [Number(0, 1_000_000)]
    public int MessagesPerHour { get; init; } = 1_000;

    /// <summary>Messages of strangers of one domain to all accounts.</summary>
    [Number(0, 10_000_000)]
    public int MessagesPerDomain { get; init; } = 10_000;

    /// <summary>Requests for subscriptions by strangers of one domain, to all accounts.</summary>
    [Number(0, 1_000_000)]
    public int RequestsPerDomain { get; init; } = 300;

    /// <summary>
    /// Nodes with lists of banned addresses (<see cref="PublishedBans"/>): the address of whom publishes, and the node in the place of a
    /// resource when it is not the usual one.
    /// </summary>
    [BanList]
    public IReadOnlyList<string> BanLists { get; init; } = [];

    /// <summary>Addresses that are kept of each list.</summary>
    [Number(100, 10_000_000)]
    public int BanListEntries { get; init; } = 100_000;

    /// <summary>Of so many pairs of an account and whom it has written to it is known that they are no strangers.</summary>
    [Number(100, 10_000_000)]
    public int Remembered { get; init; } = 100_000;
}

/// <summary>An address such as "xmppbl.org", or with a node, "xmppbl.org/muc_bans_sha256".</summary>
internal sealed class BanListAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "an address with or without a node, such as \"bans.example.org/muc_bans_sha256\"";

    public override object? Read(string text) => Jid.TryParse(text, out _) ? text : null;
}
