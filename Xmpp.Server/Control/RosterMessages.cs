using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Server.Control;

/// <summary>
/// Answered with a <see cref="RosterItemInfo"/> for each contact, ordered by address; refused when there is no such account.
/// </summary>
public sealed record ListRosterRequest(Jid Jid) : ControlRequest;

/// <summary>Adds a contact or changes its name and groups. Answered with false when there is no such account.</summary>
public sealed record AddContactRequest(Jid Jid, Jid Contact, string? Name, IReadOnlyList<string> Groups) : ControlRequest;

/// <summary>Removes a contact with the subscriptions of both sides. Answered with false when there is none.</summary>
public sealed record RemoveContactRequest(Jid Jid, Jid Contact) : ControlRequest;

/// <summary>
/// Subscribes each two of these accounts to each other. Answered with the number of pairs; refused, before anything is done, when an
/// account is missing.
/// </summary>
public sealed record JoinContactsRequest(IReadOnlyList<Jid> Jids) : ControlRequest;

/// <summary>
/// Sends an account's clients its roster again. Answered with the number of contacts; refused when there is no such account.
/// </summary>
public sealed record PushRosterRequest(Jid Jid) : ControlRequest;

/// <summary>A contact as one account has it.</summary>
/// <param name="Subscription">"none", "to", "from" or "both" (RFC 6121 §2.1.2.5).</param>
/// <param name="Pending">"in": asks for the account's presence; "out": was asked for its own; "both"; null.</param>
/// <param name="IsListed">False for who only asked: clients don't see it as a contact.</param>
public sealed record RosterItemInfo(
    Jid Jid, string? Name, IReadOnlyList<string> Groups, string Subscription, string? Pending, bool IsListed)
{
    public static RosterItemInfo Of(RosterEntry entry) => new(
        entry.Contact,
        entry.Name,
        entry.Groups,
        entry.Subscription switch
        {
            SubscriptionState.To => "to",
            SubscriptionState.From => "from",
            SubscriptionState.Both => "both",
            _ => "none",
        },
        (entry.IsAsking, entry.Request is not null) switch
        {
            (true, true) => "both",
            (true, false) => "out",
            (false, true) => "in",
            _ => null,
        },
        entry.IsListed);
}
