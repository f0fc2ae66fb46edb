using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.PubSub;

/// <summary>What somebody may want of a node.</summary>
internal enum NodeOperation
{
    Subscribe,

    /// <summary>Reads items, or is told of new ones.</summary>
    Retrieve,
    Publish,

    /// <summary>Takes items of others away, one or all.</summary>
    Retract,

    /// <summary>Configures or deletes the node, or says who may what.</summary>
    Own,
}

/// <summary>What matters of somebody, beside the affiliation.</summary>
/// <param name="SeesPresence">Of an owner, by subscription.</param>
/// <param name="IsInGroup">In one of the groups of an owner's roster that the node names.</param>
/// <param name="IsSubscribed">To the node, not just pending.</param>
internal readonly record struct NodeRelation(bool SeesPresence, bool IsInGroup, bool IsSubscribed);

/// <summary>Who may what: XEP-0060 §4.1, §4.5 and the errors of the use cases, as one function of values.</summary>
internal static class NodeAccess
{
    /// <returns>Null when it may be done. A subscription to a node of access "authorize" has to be approved then.</returns>
    public static StanzaError? Check(
        NodeOperation operation, AccessModel access, PublishModel publishing, NodeAffiliation affiliation, NodeRelation relation) =>
        affiliation switch
        {
            NodeAffiliation.Owner => null,
            NodeAffiliation.Outcast => PubSubErrors.Forbidden,
            _ => operation switch
            {
                NodeOperation.Subscribe => CheckReading(access, affiliation, relation, isSubscribing: true),
                NodeOperation.Retrieve => CheckReading(access, affiliation, relation, isSubscribing: false),
                NodeOperation.Publish => MayPublish(publishing, affiliation, relation) ? null : PubSubErrors.Forbidden,
                NodeOperation.Retract => affiliation == NodeAffiliation.Publisher ? null : PubSubErrors.Forbidden,
                _ => PubSubErrors.Forbidden,
            },
        };

    /// <summary>The state chart of §4.1: who owns a node resigns, and who publishes doesn't become a mere member, in one step.</summary>
    public static bool MayBecome(NodeAffiliation before, NodeAffiliation after) => before == after || (before, after) switch
    {
        (NodeAffiliation.Owner, _) => after == NodeAffiliation.None,
        (NodeAffiliation.Publisher, NodeAffiliation.Member) => false,
        _ => true,
    };

    private static StanzaError? CheckReading(AccessModel access, NodeAffiliation affiliation, NodeRelation relation, bool isSubscribing) =>
        affiliation switch
        {
            NodeAffiliation.PublishOnly => PubSubErrors.Forbidden,
            NodeAffiliation.Publisher or NodeAffiliation.Member => null,
            _ => access switch
            {
                AccessModel.Presence when !relation.SeesPresence => PubSubErrors.PresenceRequired,
                AccessModel.Roster when !relation.IsInGroup => PubSubErrors.NotInRosterGroup,
                AccessModel.Authorize when !isSubscribing && !relation.IsSubscribed => PubSubErrors.SubscriptionRequired,
                AccessModel.Whitelist => PubSubErrors.ClosedNode,
                _ => null,
            },
        };

    private static bool MayPublish(PublishModel publishing, NodeAffiliation affiliation, NodeRelation relation) =>
        affiliation is NodeAffiliation.Publisher or NodeAffiliation.PublishOnly
        || publishing == PublishModel.Open
        || (publishing == PublishModel.Subscribers && relation.IsSubscribed);
}
