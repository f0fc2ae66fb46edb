using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rosters;

/// <summary>The four presence types that manage subscriptions (RFC 6121 §3).</summary>
public enum SubscriptionType
{
    Subscribe,
    Unsubscribe,
    Subscribed,
    Unsubscribed,
}

/// <summary>How an account stands to a contact: the nine states of RFC 6121, Appendix A.1, and pre-approval (§3.4).</summary>
/// <param name="Subscription">None, To, From or Both.</param>
/// <param name="IsPendingOut">The account has asked.</param>
/// <param name="IsPendingIn">The contact has asked.</param>
/// <param name="IsApproved">The contact may ask and needs no answer.</param>
public readonly record struct ContactState(
    SubscriptionState Subscription, bool IsPendingOut = false, bool IsPendingIn = false, bool IsApproved = false)
{
    public bool IsTo => (Subscription & SubscriptionState.To) != 0;

    public bool IsFrom => (Subscription & SubscriptionState.From) != 0;
}

/// <summary>What a subscription stanza does.</summary>
/// <param name="State">The state from now on.</param>
/// <param name="Passes">Whether it is routed to the contact (outbound) or delivered to the account's clients (inbound).</param>
/// <param name="Reply">What is answered on the account's behalf; null for nothing.</param>
public readonly record struct SubscriptionStep(ContactState State, bool Passes, SubscriptionType? Reply = null);

/// <summary>The state chart of RFC 6121, Appendix A, from the point of view of one account.</summary>
public static class SubscriptionTable
{
    /// <summary>A stanza that the account's client sends (A.2).</summary>
    public static SubscriptionStep Outbound(ContactState state, SubscriptionType type) => type switch
    {
        SubscriptionType.Subscribe => new(state with { IsPendingOut = !state.IsTo }, Passes: true),
        SubscriptionType.Unsubscribe => new(WithoutTo(state), Passes: true),
        SubscriptionType.Subscribed when state.IsPendingIn => new(WithFrom(state), Passes: true),
        SubscriptionType.Subscribed => new(state with { IsApproved = !state.IsFrom }, Passes: false), // §3.4.2
        _ => new(WithoutFrom(state) with { IsApproved = false }, Passes: state.IsPendingIn || state.IsFrom),
    };

    /// <summary>A stanza that comes from the contact (A.3).</summary>
    public static SubscriptionStep Inbound(ContactState state, SubscriptionType type) => type switch
    {
        SubscriptionType.Subscribe when state.IsFrom => new(state, Passes: false, SubscriptionType.Subscribed),
        // §3.4.2: an approval is used up by the request that it was for, which the RFC leaves to us.
        SubscriptionType.Subscribe when state.IsApproved => new(WithFrom(state), Passes: false, SubscriptionType.Subscribed),
        SubscriptionType.Subscribe => new(state with { IsPendingIn = true }, Passes: !state.IsPendingIn),
        SubscriptionType.Unsubscribe when state.IsPendingIn || state.IsFrom =>
            new(WithoutFrom(state), Passes: true, SubscriptionType.Unsubscribed),
        SubscriptionType.Subscribed when state.IsPendingOut => new(
            state with { Subscription = state.Subscription | SubscriptionState.To, IsPendingOut = false }, Passes: true),
        SubscriptionType.Unsubscribed when state.IsPendingOut || state.IsTo => new(WithoutTo(state), Passes: true),
        _ => new(state, Passes: false),
    };

    private static ContactState WithFrom(ContactState state) =>
        state with { Subscription = state.Subscription | SubscriptionState.From, IsPendingIn = false, IsApproved = false };

    private static ContactState WithoutFrom(ContactState state) =>
        state with { Subscription = state.Subscription & ~SubscriptionState.From, IsPendingIn = false };

    private static ContactState WithoutTo(ContactState state) =>
        state with { Subscription = state.Subscription & ~SubscriptionState.To, IsPendingOut = false };
}
