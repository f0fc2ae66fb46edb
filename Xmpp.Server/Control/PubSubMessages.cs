using Xmpp.Core;

namespace Xmpp.Server.Control;

/// <summary>Answered with a <see cref="Xmpp.Modules.PubSub.NodeOverview"/> for each node.</summary>
/// <param name="Owner">The bare JID of an account, or the domain of a service.</param>
public sealed record ListNodesRequest(Jid Owner) : ControlRequest;

/// <summary>Answered with one <see cref="Xmpp.Modules.PubSub.NodeDetails"/>, or nothing when there is no such node.</summary>
/// <inheritdoc cref="ListNodesRequest" path="/param"/>
public sealed record ShowNodeRequest(Jid Owner, string Node) : ControlRequest;

/// <summary>Answered with a <see cref="Xmpp.Modules.PubSub.ItemOverview"/> for each item, the newest first.</summary>
/// <inheritdoc cref="ListNodesRequest" path="/param"/>
/// <param name="Count">At most so many.</param>
public sealed record ListNodeItemsRequest(Jid Owner, string Node, int Count) : ControlRequest;

/// <summary>Answered with a <see cref="Xmpp.Modules.PubSub.SubscriptionOverview"/> for each subscription.</summary>
/// <inheritdoc cref="ListNodesRequest" path="/param"/>
/// <param name="Node">Only to this one; null for all of the owner's.</param>
public sealed record ListSubscriptionsRequest(Jid Owner, string? Node) : ControlRequest;

/// <summary>Deletes a node, and tells its subscribers. Answered with whether there was one.</summary>
/// <inheritdoc cref="ListNodesRequest" path="/param"/>
public sealed record DeleteNodeRequest(Jid Owner, string Node) : ControlRequest;
