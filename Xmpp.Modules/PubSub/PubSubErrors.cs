using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>The errors of XEP-0060 (§15 and the sections named), with their own conditions.</summary>
internal static class PubSubErrors
{
    public static StanzaError NodeNotFound { get; } = StanzaError.Of(StanzaErrorCondition.ItemNotFound, "There is no such node.");

    /// <summary>§6.1.3.1.</summary>
    public static StanzaError InvalidJid { get; } = Of(StanzaErrorCondition.BadRequest, "invalid-jid");

    /// <summary>§6.1.3.2.</summary>
    public static StanzaError PresenceRequired { get; } = Of(StanzaErrorCondition.NotAuthorized, "presence-subscription-required");

    /// <summary>§6.1.3.3.</summary>
    public static StanzaError NotInRosterGroup { get; } = Of(StanzaErrorCondition.NotAuthorized, "not-in-roster-group");

    /// <summary>§6.1.3.4.</summary>
    public static StanzaError ClosedNode { get; } = Of(StanzaErrorCondition.NotAllowed, "closed-node");

    /// <summary>§6.1.3.7.</summary>
    public static StanzaError PendingSubscription { get; } = Of(StanzaErrorCondition.NotAuthorized, "pending-subscription");

    /// <summary>§6.1.3.9.</summary>
    public static StanzaError TooManySubscriptions { get; } =
        Of(StanzaErrorCondition.PolicyViolation, "too-many-subscriptions", StanzaErrorType.Wait);

    /// <summary>§6.2.3.2.</summary>
    public static StanzaError NotSubscribed { get; } =
        Of(StanzaErrorCondition.UnexpectedRequest, "not-subscribed", StanzaErrorType.Cancel);

    /// <summary>§6.5.9.3.</summary>
    public static StanzaError SubscriptionRequired { get; } = Of(StanzaErrorCondition.NotAuthorized, "not-subscribed");

    /// <summary>§6.2.3.5, §6.5.9.2: nobody has more than one subscription, and none has an id.</summary>
    public static StanzaError InvalidSubId { get; } = Of(StanzaErrorCondition.NotAcceptable, "invalid-subid");

    /// <summary>§6.3.4.3.</summary>
    public static StanzaError JidRequired { get; } = Of(StanzaErrorCondition.BadRequest, "jid-required");

    /// <summary>§6.3.4.6.</summary>
    public static StanzaError InvalidOptions { get; } = Of(StanzaErrorCondition.BadRequest, "invalid-options");

    /// <summary>§7.1.3.4.</summary>
    public static StanzaError NodeFull { get; } = Of(StanzaErrorCondition.Conflict, "node-full");

    /// <summary>§7.1.3.5.</summary>
    public static StanzaError PayloadTooBig { get; } = Of(StanzaErrorCondition.NotAcceptable, "payload-too-big");

    /// <summary>§7.1.3.6.</summary>
    public static StanzaError InvalidPayload { get; } = Of(StanzaErrorCondition.BadRequest, "invalid-payload");

    /// <summary>§7.1.3.7.</summary>
    public static StanzaError PayloadRequired { get; } = Of(StanzaErrorCondition.BadRequest, "payload-required");

    /// <summary>§7.1.3.7.</summary>
    public static StanzaError ItemForbidden { get; } = Of(StanzaErrorCondition.BadRequest, "item-forbidden");

    /// <summary>§7.2.3.4.</summary>
    public static StanzaError ItemRequired { get; } = Of(StanzaErrorCondition.BadRequest, "item-required");

    /// <summary>§7.1.5.</summary>
    public static StanzaError PreconditionNotMet { get; } = Of(StanzaErrorCondition.Conflict, "precondition-not-met");

    /// <summary>§7.2.3.3, §8.2.3.3.</summary>
    public static StanzaError NodeIdRequired { get; } = Of(StanzaErrorCondition.BadRequest, "nodeid-required");

    /// <summary>§8.1.2.</summary>
    public static StanzaError UnsupportedAccessModel { get; } = Of(StanzaErrorCondition.NotAcceptable, "unsupported-access-model");

    /// <summary>Limits of a service that aren't the text's own.</summary>
    public static StanzaError MaxItemsExceeded { get; } = Of(StanzaErrorCondition.NotAllowed, "max-items-exceeded");

    public static StanzaError MaxNodesExceeded { get; } = Of(StanzaErrorCondition.NotAllowed, "max-nodes-exceeded");

    public static StanzaError Forbidden { get; } = StanzaError.Of(StanzaErrorCondition.Forbidden);

    /// <param name="feature">As in §10, without the namespace.</param>
    public static StanzaError Unsupported(string feature) => new(
        StanzaErrorCondition.FeatureNotImplemented, StanzaErrorType.Cancel,
        Application: new Element(PubSubXml.ErrorsNs, "unsupported", Element.Attr("feature", feature)));

    public static StanzaError NotAcceptable(string text) => StanzaError.Of(StanzaErrorCondition.NotAcceptable, text);

    private static StanzaError Of(StanzaErrorCondition condition, string own, StanzaErrorType? type = null)
    {
        var error = StanzaError.Of(condition);
        return error with { Type = type ?? error.Type, Application = new Element(PubSubXml.ErrorsNs, own) };
    }
}
