namespace Xmpp.Core.Stanzas;

/// <summary>Who is told of whose presence (RFC 6121 §2.1.2.5), as two bits.</summary>
[Flags]
public enum SubscriptionState
{
    None = 0,

    /// <summary>The account gets the contact's presence.</summary>
    To = 1,

    /// <summary>The contact gets the account's presence.</summary>
    From = 2,

    Both = To | From,
}
