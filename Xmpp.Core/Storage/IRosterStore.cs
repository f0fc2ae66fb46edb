using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Storage;

/// <summary>
/// One contact as an account sees it: a roster item (RFC 6121 §2.1), or a request for a subscription from somebody who is in the
/// roster only when <see cref="IsListed"/>. Together the members are the states of RFC 6121, Appendix A.
/// </summary>
/// <param name="Contact">Usually a bare JID, but any JID may stand in a roster (§2.1.2.3).</param>
public sealed record RosterEntry(Jid Contact)
{
    /// <summary>Whether it is in the roster. A mere request, or a pre-approval, is kept but not shown (§3.1.3, §3.4.2).</summary>
    public bool IsListed { get; init; }

    public SubscriptionState Subscription { get; init; }

    /// <summary>Pending out: the account has asked and not been answered; <c>ask='subscribe'</c> (§2.1.2.2).</summary>
    public bool IsAsking { get; init; }

    /// <summary>Pre-approved (§3.4); <c>approved='true'</c> (§2.1.2.1).</summary>
    public bool IsApproved { get; init; }

    /// <summary>Pending in: the presence of type "subscribe" that waits for an answer, whole (§3.1.3); null when there is none.</summary>
    public Element? Request { get; init; }

    /// <summary>The handle, or null.</summary>
    public string? Name { get; init; }

    /// <summary>In the order in which the client gave them; each once.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The roster's version when the item was last changed for clients to see.</summary>
    public long Version { get; init; }
}

/// <summary>An account's whole roster.</summary>
/// <param name="Version">Grows with each change that clients see; never the same again, also after the account was made anew.</param>
/// <param name="Floor">Versions from this one on can be brought up to date by what has changed since; older ones need it all.</param>
/// <param name="Entries">In no particular order.</param>
/// <param name="Removed">Items removed, with the version that removed them; none older than <paramref name="Floor"/>.</param>
public sealed record StoredRoster(
    long Version, long Floor, IReadOnlyList<RosterEntry> Entries, IReadOnlyList<(Jid Contact, long Version)> Removed);

/// <summary>What becomes of a roster in one step, committed whole.</summary>
/// <param name="Version">The roster's version from now on; the same as before when clients see no change.</param>
public sealed record RosterChange(long Version)
{
    /// <summary>Entries to add or replace. One that was listed and no longer is counts as removed at <see cref="Version"/>.</summary>
    public IReadOnlyList<RosterEntry> Saved { get; init; } = [];

    /// <summary>Contacts whose entries go. Those that were listed are remembered as removed at <see cref="Version"/>.</summary>
    public IReadOnlyList<Jid> Deleted { get; init; } = [];
}

/// <summary>The rosters of all accounts. A completed task means durably committed; failures are <see cref="StoreException"/>.</summary>
public interface IRosterStore
{
    /// <summary>An account's roster; null when there is no such account.</summary>
    ValueTask<StoredRoster?> LoadAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a change; false when there is no such account. The last 100 or so removals are remembered, of those who are not listed
    /// again. The version never goes back, whatever the change says.
    /// </summary>
    ValueTask<bool> ApplyAsync(Jid account, RosterChange change, CancellationToken cancellationToken);
}
