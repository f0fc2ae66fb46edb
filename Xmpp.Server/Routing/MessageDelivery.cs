using Xmpp.Core.Modules;

namespace Xmpp.Server.Routing;

/// <summary>What to do with a message for a local account.</summary>
internal enum DeliveryAction
{
    /// <summary>To the very resource it is addressed to.</summary>
    ToResource,

    /// <summary>To every available resource with non-negative priority.</summary>
    ToAvailable,

    /// <summary>Nobody is there; what is not kept is answered <c>service-unavailable</c>.</summary>
    Undelivered,

    /// <summary>Answered <c>service-unavailable</c>, kept or not.</summary>
    Refuse,

    /// <summary>Dropped without a word.</summary>
    Ignore,
}

/// <summary>What a message for this server is addressed to.</summary>
internal enum DeliveryTarget
{
    /// <summary>The server itself, domainpart or domainpart/resourcepart.</summary>
    Server,

    /// <summary>A bare JID, whether there is such an account or not.</summary>
    Account,

    /// <summary>A full JID to which exactly a session is bound.</summary>
    ConnectedResource,

    /// <summary>A full JID that no session has.</summary>
    MissingResource,
}

/// <summary>
/// The delivery rules of RFC 6121 §8.4 and §8.5 for messages, as one function. An account that doesn't exist is one without
/// resources: the table of §8.5.4 allows the same for it, and so a sender learns nothing of accounts.
/// </summary>
internal static class MessageDelivery
{
    /// <param name="isAvailable">Whether any resource of the account is available with non-negative priority.</param>
    public static DeliveryAction Decide(MessageType type, DeliveryTarget target, bool isAvailable) => (target, type) switch
    {
        (DeliveryTarget.ConnectedResource, _) => DeliveryAction.ToResource,
        (_, MessageType.Error) => DeliveryAction.Ignore,
        (DeliveryTarget.Server, _) or (_, MessageType.Groupchat) => DeliveryAction.Refuse,
        (DeliveryTarget.MissingResource, MessageType.Normal) => DeliveryAction.Refuse,
        (DeliveryTarget.MissingResource, MessageType.Headline) => DeliveryAction.Ignore,
        (_, MessageType.Headline) => isAvailable ? DeliveryAction.ToAvailable : DeliveryAction.Ignore,
        _ => isAvailable ? DeliveryAction.ToAvailable : DeliveryAction.Undelivered,
    };
}
