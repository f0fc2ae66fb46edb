using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>What subscribers do (XEP-0060 §6, §5.6, §5.7). Somebody has one subscription to a node for each address.</summary>
internal sealed class Subscribing(PubSubContext context, Notifier notifier)
{
    /// <summary>§6.1, with options at once (§6.3.7).</summary>
    public async ValueTask<IqReply> SubscribeAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request.Node is not { } name)
            return IqReply.Failed(PubSubErrors.NodeIdRequired);
        if (JidOf(request) is not { } jid || jid.Bare != request.From.Bare)
            return IqReply.Failed(PubSubErrors.InvalidJid);
        var options = request.Payload.Child(PubSubXml.Ns, "options");
        return await context.Nodes.ChangeAsync(request.Owner, name, async turn =>
        {
            if (turn.Node is not { } node)
                return IqReply.Failed(PubSubErrors.NodeNotFound);
            if (await context.CheckAsync(node, NodeOperation.Subscribe, jid, cancellationToken) is { } refusal)
                return IqReply.Failed(refusal);
            if (!node.Configuration.AllowsSubscriptions)
                return IqReply.Failed(PubSubErrors.Unsupported("subscribe"));
            var before = node.Members.GetValueOrDefault(jid) ?? new NodeMember(jid, NodeAffiliation.None);
            if (before.Subscription == NodeSubscription.Pending)
                return IqReply.Failed(PubSubErrors.PendingSubscription);
            if (before.Subscription == NodeSubscription.None && CheckRoom(node, jid) is { } full)
                return IqReply.Failed(full);
            var needsApproval = node.Configuration.Access == AccessModel.Authorize
                && node.AffiliationOf(jid) == NodeAffiliation.None && before.Subscription == NodeSubscription.None;
            NodeMember? after = before with { Subscription = needsApproval ? NodeSubscription.Pending : NodeSubscription.Subscribed };
            if (options is not null && (after = SubscriptionOptions.Apply(after!, DataForm.Parse(options.Child(DataForm.Name)))) is null)
                return IqReply.Failed(PubSubErrors.InvalidOptions);
            if (await SaveAsync(turn, after!, cancellationToken) is { } gone)
                return IqReply.Failed(gone);

            if (needsApproval)
                await AskOwnersAsync(node, jid, cancellationToken);
            else if (before.Subscription == NodeSubscription.None)
                await WelcomeAsync(turn.Node, jid, cancellationToken);
            return IqReply.Result(PubSubXml.Result(ToElement(name, after!)));
        }, cancellationToken);
    }

    /// <summary>§6.2.</summary>
    public async ValueTask<IqReply> UnsubscribeAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request.Node is not { } name)
            return IqReply.Failed(PubSubErrors.NodeIdRequired);
        if (JidOf(request) is not { } jid)
            return IqReply.Failed(PubSubErrors.InvalidJid);
        if (request.Action["subid"] is not null)
            return IqReply.Failed(PubSubErrors.InvalidSubId);
        return await context.Nodes.ChangeAsync(request.Owner, name, async turn =>
        {
            if (turn.Node is not { } node)
                return IqReply.Failed(PubSubErrors.NodeNotFound);
            if (jid.Bare != request.From.Bare)
                return IqReply.Failed(PubSubErrors.Forbidden);
            if (node.Members.GetValueOrDefault(jid) is not { Subscription: not NodeSubscription.None } member)
                return IqReply.Failed(PubSubErrors.NotSubscribed);
            if (await SaveAsync(turn, member with { Subscription = NodeSubscription.None }, cancellationToken) is { } gone)
                return IqReply.Failed(gone);
            await TellOwnersAsync(node, jid, NodeSubscription.None, cancellationToken);
            return IqReply.Result();
        }, cancellationToken);
    }

    /// <summary>§6.3.2.</summary>
    public async ValueTask<IqReply> GetOptionsAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        var (member, error) = await FindAsync(request, cancellationToken);
        return error is not null
            ? IqReply.Failed(error)
            : IqReply.Result(PubSubXml.Result(new Element(PubSubXml.Ns, "options",
                Element.Attr("node", request.Node), Element.Attr("jid", member!.Jid.ToString()),
                SubscriptionOptions.Form(member).ToElement())));
    }

    /// <summary>§6.3.5.</summary>
    public async ValueTask<IqReply> SetOptionsAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        var (member, error) = await FindAsync(request, cancellationToken);
        if (error is not null)
            return IqReply.Failed(error);
        return await context.Nodes.ChangeAsync(request.Owner, request.Node!, async turn =>
        {
            if (turn.Node?.Members.GetValueOrDefault(member!.Jid) is not { Subscription: not NodeSubscription.None } now)
                return IqReply.Failed(PubSubErrors.NotSubscribed);
            if (SubscriptionOptions.Apply(now, DataForm.Parse(request.Action.Child(DataForm.Name))) is not { } after)
                return IqReply.Failed(PubSubErrors.InvalidOptions);
            return await SaveAsync(turn, after, cancellationToken) is { } gone ? IqReply.Failed(gone) : IqReply.Result();
        }, cancellationToken);
    }

    /// <summary>§6.4.</summary>
    public static ValueTask<IqReply> GetDefaultAsync(PubSubRequest request, CancellationToken cancellationToken) => new(IqReply.Result(
        PubSubXml.Result(new Element(PubSubXml.Ns, "default",
            Element.Attr("node", request.Node), SubscriptionOptions.Form(null).ToElement()))));

    /// <summary>§5.6.</summary>
    public ValueTask<IqReply> ListSubscriptionsAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        ListAsync(request, member => member.Subscription != NodeSubscription.None, ToElement, cancellationToken);

    /// <summary>§5.7.</summary>
    public ValueTask<IqReply> ListAffiliationsAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        ListAsync(
            request, member => member.Affiliation != NodeAffiliation.None,
            (node, member) => new Element(PubSubXml.Ns, "affiliation",
                Element.Attr("node", node), Element.Attr("affiliation", Names.Of(member.Affiliation))),
            cancellationToken);

    /// <summary>Keeps what a change of a subscription says, and who is nobody any more not at all.</summary>
    /// <returns>Null when it is kept.</returns>
    public async ValueTask<StanzaError?> SaveAsync(NodeTurn turn, NodeMember member, CancellationToken cancellationToken)
    {
        var change = member is { Affiliation: NodeAffiliation.None, Subscription: NodeSubscription.None }
            ? new NodeChange { Deleted = [member.Jid] }
            : new NodeChange { Saved = [member] };
        if (!await context.Store.ApplyAsync(turn.Node!.Owner, turn.Node.Name, change, cancellationToken))
        {
            turn.Node = null;
            return PubSubErrors.NodeNotFound;
        }
        turn.Node = turn.Node.With(change);
        return null;
    }

    /// <summary>Somebody is subscribed now: gets the last item (§6.1.7), and owners hear of it (§8.8.4).</summary>
    public async ValueTask WelcomeAsync(Node node, Jid subscriber, CancellationToken cancellationToken)
    {
        if (node.Configuration.SendLast != SendLast.Never)
            await notifier.SendLastAsync(node, subscriber, cancellationToken);
        await TellOwnersAsync(node, subscriber, NodeSubscription.Subscribed, cancellationToken);
    }

    /// <summary>§8.6: an owner has answered the question whether somebody may subscribe.</summary>
    public async ValueTask<StanzaError?> AuthorizeAsync(Jid service, Jid owner, DataForm form, CancellationToken cancellationToken)
    {
        if (form.Value("pubsub#node") is not { } name || form.Jids("pubsub#subscriber_jid") is not [var subscriber]
            || form.Boolean("pubsub#allow") is not { } isAllowed)
        {
            return StanzaError.Of(StanzaErrorCondition.BadRequest);
        }
        return await context.Nodes.ChangeAsync(service, name, async turn =>
        {
            if (turn.Node is not { } node)
                return PubSubErrors.NodeNotFound;
            if (node.AffiliationOf(owner) != NodeAffiliation.Owner)
                return PubSubErrors.Forbidden;
            if (node.Members.GetValueOrDefault(subscriber) is not { Subscription: NodeSubscription.Pending } member)
                return null; // Another owner was faster.
            var after = member with { Subscription = isAllowed ? NodeSubscription.Subscribed : NodeSubscription.None };
            if (await SaveAsync(turn, after, cancellationToken) is { } gone)
                return gone;
            await TellSubscriberAsync(node, after, cancellationToken);
            if (isAllowed)
                await WelcomeAsync(turn.Node, subscriber, cancellationToken);
            return null;
        }, cancellationToken);
    }

    /// <summary>Tells somebody what has become of a subscription (§8.6, §8.8.4).</summary>
    public ValueTask TellSubscriberAsync(Node node, NodeMember member, CancellationToken cancellationToken) => notifier.TellAsync(
        node.Owner, member.Jid,
        new Element(PubSubXml.EventNs, "event", new Element(PubSubXml.EventNs, "subscription",
            Element.Attr("node", node.Name), Element.Attr("jid", member.Jid.ToString()),
            Element.Attr("subscription", Names.Of(member.Subscription)))),
        cancellationToken);

    private async ValueTask TellOwnersAsync(Node node, Jid subscriber, NodeSubscription subscription, CancellationToken cancellationToken)
    {
        if (!node.Configuration.NotifiesSubscriptions)
            return;
        foreach (var owner in node.Owners)
        {
            await notifier.TellAsync(
                node.Owner, owner,
                new Element(PubSubXml.EventNs, "event", new Element(PubSubXml.EventNs, "subscription",
                    Element.Attr("node", node.Name), Element.Attr("jid", subscriber.ToString()),
                    Element.Attr("subscription", Names.Of(subscription)))),
                cancellationToken);
        }
    }

    private async ValueTask AskOwnersAsync(Node node, Jid subscriber, CancellationToken cancellationToken)
    {
        foreach (var owner in node.Owners)
            await AskAsync(owner, node, subscriber, cancellationToken);
    }

    /// <summary>§8.6: asks an owner whether somebody may subscribe.</summary>
    public ValueTask AskAsync(Jid owner, Node node, Jid subscriber, CancellationToken cancellationToken)
    {
        var form = DataForm.Of(
            DataFormType.Form, PubSubXml.AuthorizationForm,
            FormField.Text("pubsub#node", "Node", node.Name),
            new FormField("pubsub#subscriber_jid", FormFieldType.JidSingle, subscriber.ToString()) { Label = "Subscriber" },
            FormField.Boolean("pubsub#allow", "Allow this subscription?", false)) with
        {
            Title = "PubSub subscriber request",
        };
        return notifier.TellAsync(node.Owner, owner, form.ToElement(), cancellationToken);
    }

    private StanzaError? CheckRoom(Node node, Jid jid) =>
        node.Members.Count >= context.Options.MembersPerNode
            ? StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "The node has too many subscribers.")
        : node.Members.Values.Count(member => member.Jid.Bare == jid.Bare && member.Subscription != NodeSubscription.None)
            >= context.Options.SubscriptionsPerPerson
            ? PubSubErrors.TooManySubscriptions
        : null;

    /// <summary>The subscription whose options are meant.</summary>
    private async ValueTask<(NodeMember? Member, StanzaError? Error)> FindAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request.Node is not { } name)
            return (null, PubSubErrors.NodeIdRequired);
        if (request.Action["jid"] is null)
            return (null, PubSubErrors.JidRequired);
        if (request.Action["subid"] is not null)
            return (null, PubSubErrors.InvalidSubId);
        if (await context.Nodes.FindAsync(request.Owner, name, cancellationToken) is not { } node)
            return (null, PubSubErrors.NodeNotFound);
        if (JidOf(request) is not { } jid)
            return (null, PubSubErrors.InvalidJid);
        if (jid.Bare != request.From.Bare)
            return (null, PubSubErrors.Forbidden);
        return node.Members.GetValueOrDefault(jid) is { Subscription: not NodeSubscription.None } member
            ? (member, null)
            : (null, PubSubErrors.NotSubscribed with { Type = StanzaErrorType.Modify }); // §6.3.4.2
    }

    private async ValueTask<IqReply> ListAsync(
        PubSubRequest request, Func<NodeMember, bool> isWanted, Func<string, NodeMember, Element> toElement,
        CancellationToken cancellationToken)
    {
        var of = await context.Store.ListOfAsync(request.Owner, request.From.Bare, cancellationToken);
        var found = of.Where(one => isWanted(one.Member) && (request.Node is null || one.Node == request.Node));
        return IqReply.Result(PubSubXml.Result(
            new Element(request.Action.Name, Element.Attr("node", request.Node), found.Select(one => toElement(one.Node, one.Member)))));
    }

    private static Element ToElement(string node, NodeMember member) => new(PubSubXml.Ns, "subscription",
        Element.Attr("node", node), Element.Attr("jid", member.Jid.ToString()),
        Element.Attr("subscription", Names.Of(member.Subscription)));

    private static Jid? JidOf(PubSubRequest request) => Jid.TryParse(request.Action["jid"], out var jid) ? jid : null;
}
