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

/// <summary>The delivery rules of RFC 6121 §8.5 for messages, as one function.</summary>
internal static class MessageDelivery
{
    /// <param name="type">The message's type.</param>
    /// <param name="isFull">Whether 'to' is a full JID.</param>
    /// <param name="isConnected">Whether a session with exactly this full JID is there (§8.5.3.1).</param>
    /// <param name="isAvailable">Whether any resource is available with non-negative priority.</param>
    public static DeliveryAction Decide(MessageType type, bool isFull, bool isConnected, bool isAvailable)
    {
        if (isFull && isConnected)
            return DeliveryAction.ToResource;
        return (type, isFull) switch
        {
            (MessageType.Error, _) => DeliveryAction.Ignore,
            (MessageType.Groupchat, _) or (MessageType.Normal, true) => DeliveryAction.Refuse,
            (MessageType.Headline, true) => DeliveryAction.Ignore,
            (MessageType.Headline, false) => isAvailable ? DeliveryAction.ToAvailable : DeliveryAction.Ignore,
            _ => isAvailable ? DeliveryAction.ToAvailable : DeliveryAction.Undelivered,
        };
    }
}
