using Xmpp.Core.Storage;

namespace Xmpp.Modules.PubSub;

/// <summary>Affiliations and states of subscriptions on the wire (XEP-0060 §4.1, §4.2).</summary>
internal static class Names
{
    private static readonly string[] _affiliations = ["outcast", "none", "member", "publish-only", "publisher", "owner"];
    private static readonly string[] _subscriptions = ["none", "pending", "unconfigured", "subscribed"];

    public static string Of(NodeAffiliation affiliation) => _affiliations[affiliation - NodeAffiliation.Outcast];

    public static string Of(NodeSubscription subscription) => _subscriptions[(int)subscription];

    /// <summary>Null when it is none.</summary>
    public static NodeAffiliation? AffiliationOf(string? name) =>
        Array.IndexOf(_affiliations, name) is >= 0 and var index ? index + NodeAffiliation.Outcast : null;

    /// <inheritdoc cref="AffiliationOf"/>
    public static NodeSubscription? SubscriptionOf(string? name) =>
        Array.IndexOf(_subscriptions, name) is >= 0 and var index ? (NodeSubscription)index : null;
}
