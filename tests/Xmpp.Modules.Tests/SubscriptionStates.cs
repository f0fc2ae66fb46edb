using Xmpp.Core.Stanzas;
using Xmpp.Modules.Rosters;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>The tables of RFC 6121, Appendix A, as they stand there: one row a cell, states by the names of the RFC.</summary>
internal static class SubscriptionStates
{
    public static IReadOnlyDictionary<string, ContactState> All { get; } = new Dictionary<string, ContactState>
    {
        ["None"] = new(SubscriptionState.None),
        ["None + Pending Out"] = new(SubscriptionState.None, IsPendingOut: true),
        ["None + Pending In"] = new(SubscriptionState.None, IsPendingIn: true),
        ["None + Pending Out+In"] = new(SubscriptionState.None, IsPendingOut: true, IsPendingIn: true),
        ["To"] = new(SubscriptionState.To),
        ["To + Pending In"] = new(SubscriptionState.To, IsPendingIn: true),
        ["From"] = new(SubscriptionState.From),
        ["From + Pending Out"] = new(SubscriptionState.From, IsPendingOut: true),
        ["Both"] = new(SubscriptionState.Both),
    };

    /// <summary>
    /// A.2: existing state, stanza, whether it is routed, new state; "approved" behind a state is pre-approval (§3.4).
    /// </summary>
    public static TheoryData<string, string, bool, string> Outbound { get; } = new()
    {
        // A.2.1, table 2
        { "None", "subscribe", true, "None + Pending Out" },
        { "None + Pending Out", "subscribe", true, "None + Pending Out" },
        { "None + Pending In", "subscribe", true, "None + Pending Out+In" },
        { "None + Pending Out+In", "subscribe", true, "None + Pending Out+In" },
        { "To", "subscribe", true, "To" },
        { "To + Pending In", "subscribe", true, "To + Pending In" },
        { "From", "subscribe", true, "From + Pending Out" },
        { "From + Pending Out", "subscribe", true, "From + Pending Out" },
        { "Both", "subscribe", true, "Both" },
        // A.2.2, table 3
        { "None", "unsubscribe", true, "None" },
        { "None + Pending Out", "unsubscribe", true, "None" },
        { "None + Pending In", "unsubscribe", true, "None + Pending In" },
        { "None + Pending Out+In", "unsubscribe", true, "None + Pending In" },
        { "To", "unsubscribe", true, "None" },
        { "To + Pending In", "unsubscribe", true, "None + Pending In" },
        { "From", "unsubscribe", true, "From" },
        { "From + Pending Out", "unsubscribe", true, "From" },
        { "Both", "unsubscribe", true, "From" },
        // A.2.3, table 4
        { "None", "subscribed", false, "None, approved" },
        { "None + Pending Out", "subscribed", false, "None + Pending Out, approved" },
        { "None + Pending In", "subscribed", true, "From" },
        { "None + Pending Out+In", "subscribed", true, "From + Pending Out" },
        { "To", "subscribed", false, "To, approved" },
        { "To + Pending In", "subscribed", true, "Both" },
        { "From", "subscribed", false, "From" },
        { "From + Pending Out", "subscribed", false, "From + Pending Out" },
        { "Both", "subscribed", false, "Both" },
        // A.2.4, table 5
        { "None", "unsubscribed", false, "None" },
        { "None + Pending Out", "unsubscribed", false, "None + Pending Out" },
        { "None + Pending In", "unsubscribed", true, "None" },
        { "None + Pending Out+In", "unsubscribed", true, "None + Pending Out" },
        { "To", "unsubscribed", false, "To" },
        { "To + Pending In", "unsubscribed", true, "To" },
        { "From", "unsubscribed", true, "None" },
        { "From + Pending Out", "unsubscribed", true, "None + Pending Out" },
        { "Both", "unsubscribed", true, "To" },
        // A.2.4, note 1; §3.4.2
        { "None, approved", "unsubscribed", false, "None" },
        { "None + Pending Out, approved", "unsubscribed", false, "None + Pending Out" },
        { "To, approved", "unsubscribed", false, "To" },
    };

    /// <summary>A.3: existing state, stanza, whether it is delivered, new state, what is replied on the account's behalf.</summary>
    public static TheoryData<string, string, bool, string, string?> Inbound { get; } = new()
    {
        // A.3.1, table 6
        { "None", "subscribe", true, "None + Pending In", null },
        { "None + Pending Out", "subscribe", true, "None + Pending Out+In", null },
        { "None + Pending In", "subscribe", false, "None + Pending In", null },
        { "None + Pending Out+In", "subscribe", false, "None + Pending Out+In", null },
        { "To", "subscribe", true, "To + Pending In", null },
        { "To + Pending In", "subscribe", false, "To + Pending In", null },
        { "From", "subscribe", false, "From", "subscribed" },
        { "From + Pending Out", "subscribe", false, "From + Pending Out", "subscribed" },
        { "Both", "subscribe", false, "Both", "subscribed" },
        // A.3.1, note 1; §3.4.2
        { "None, approved", "subscribe", false, "From", "subscribed" },
        { "None + Pending Out, approved", "subscribe", false, "From + Pending Out", "subscribed" },
        { "To, approved", "subscribe", false, "Both", "subscribed" },
        // A.3.2, table 7
        { "None", "unsubscribe", false, "None", null },
        { "None + Pending Out", "unsubscribe", false, "None + Pending Out", null },
        { "None + Pending In", "unsubscribe", true, "None", "unsubscribed" },
        { "None + Pending Out+In", "unsubscribe", true, "None + Pending Out", "unsubscribed" },
        { "To", "unsubscribe", false, "To", null },
        { "To + Pending In", "unsubscribe", true, "To", "unsubscribed" },
        { "From", "unsubscribe", true, "None", "unsubscribed" },
        { "From + Pending Out", "unsubscribe", true, "None + Pending Out", "unsubscribed" },
        { "Both", "unsubscribe", true, "To", "unsubscribed" },
        // A.3.3, table 8
        { "None", "subscribed", false, "None", null },
        { "None + Pending Out", "subscribed", true, "To", null },
        { "None + Pending In", "subscribed", false, "None + Pending In", null },
        { "None + Pending Out+In", "subscribed", true, "To + Pending In", null },
        { "To", "subscribed", false, "To", null },
        { "To + Pending In", "subscribed", false, "To + Pending In", null },
        { "From", "subscribed", false, "From", null },
        { "From + Pending Out", "subscribed", true, "Both", null },
        { "Both", "subscribed", false, "Both", null },
        // A.3.4, table 9
        { "None", "unsubscribed", false, "None", null },
        { "None + Pending Out", "unsubscribed", true, "None", null },
        { "None + Pending In", "unsubscribed", false, "None + Pending In", null },
        { "None + Pending Out+In", "unsubscribed", true, "None + Pending In", null },
        { "To", "unsubscribed", true, "None", null },
        { "To + Pending In", "unsubscribed", true, "None + Pending In", null },
        { "From", "unsubscribed", false, "From", null },
        { "From + Pending Out", "unsubscribed", true, "From", null },
        { "Both", "unsubscribed", true, "From", null },
        // §4.3.2: a pre-approval is not cancelled by what the contact's server says.
        { "None, approved", "unsubscribed", false, "None, approved", null },
        { "To, approved", "unsubscribed", true, "None, approved", null },
    };

    public static ContactState Parse(string state)
    {
        const string approved = ", approved";
        return state.EndsWith(approved, StringComparison.Ordinal)
            ? All[state[..^approved.Length]] with { IsApproved = true }
            : All[state];
    }
}
