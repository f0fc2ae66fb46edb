using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <content>Who may what, and who is subscribed (XEP-0060 §8.8, §8.9). All of a request is done, or nothing.</content>
internal sealed partial class NodeOwnership
{
    /// <summary>§8.9.1.</summary>
    public async ValueTask<IqReply> GetAffiliationsAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        var (node, error) = await FindAsync(request, cancellationToken);
        if (error is not null)
            return IqReply.Failed(error);
        IEnumerable<(Jid Jid, NodeAffiliation Affiliation)> all = node!.Members.Values
            .Where(member => member.Affiliation != NodeAffiliation.None).Select(member => (member.Jid, member.Affiliation));
        if (node.IsPersonal)
            all = all.Prepend((node.Owner, NodeAffiliation.Owner));
        return IqReply.Result(PubSubXml.OwnerResult(new Element(PubSubXml.OwnerNs, "affiliations", Element.Attr("node", node.Name),
            all.Select(one => new Element(PubSubXml.OwnerNs, "affiliation",
                Element.Attr("jid", one.Jid.ToString()), Element.Attr("affiliation", Names.Of(one.Affiliation)))))));
    }

    /// <summary>§8.9.2.</summary>
    public ValueTask<IqReply> SetAffiliationsAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        ChangeAsync(request, async (turn, node) =>
        {
            var after = node;
            var changed = new HashSet<Jid>();
            foreach (var element in request.Action.Elements.Where(child => child.Name == new XmlName(PubSubXml.OwnerNs, "affiliation")))
            {
                if (element["affiliation"] is not { } name)
                    continue; // "the value MUST NOT be changed"
                if (!Jid.TryParse(element["jid"], out var jid) || Names.AffiliationOf(name) is not { } affiliation)
                    return IqReply.Failed(StanzaErrorCondition.BadRequest);
                if (node.IsPersonal && (jid.Bare == node.Owner || affiliation == NodeAffiliation.Owner))
                    return IqReply.Failed(PubSubErrors.NotAcceptable("The account owns its nodes, and nobody else does."));
                var member = after.Members.GetValueOrDefault(jid.Bare) ?? new NodeMember(jid.Bare, NodeAffiliation.None);
                after = after.With(ChangeOf(member with { Affiliation = affiliation }));
                changed.Add(jid.Bare);
                if (affiliation == NodeAffiliation.Outcast)
                    after = WithoutSubscriptions(after, jid.Bare, changed);
            }
            if (!after.Owners.Any())
                return IqReply.Failed(PubSubErrors.NotAcceptable("A node needs an owner."));
            return await SaveAsync(turn, node, after, changed, cancellationToken);
        }, cancellationToken);

    /// <summary>§8.8.1.</summary>
    public async ValueTask<IqReply> GetSubscriptionsAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        var (node, error) = await FindAsync(request, cancellationToken);
        return error is not null
            ? IqReply.Failed(error)
            : IqReply.Result(PubSubXml.OwnerResult(new Element(PubSubXml.OwnerNs, "subscriptions", Element.Attr("node", node!.Name),
                node.Members.Values.Where(member => member.Subscription != NodeSubscription.None).Select(member =>
                    new Element(PubSubXml.OwnerNs, "subscription",
                        Element.Attr("jid", member.Jid.ToString()), Element.Attr("subscription", Names.Of(member.Subscription)))))));
    }

    /// <summary>§8.8.2; those whom it concerns are told (§8.8.4).</summary>
    public ValueTask<IqReply> SetSubscriptionsAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        ChangeAsync(request, async (turn, node) =>
        {
            var after = node;
            var changed = new HashSet<Jid>();
            foreach (var element in request.Action.Elements.Where(child => child.Name == new XmlName(PubSubXml.OwnerNs, "subscription")))
            {
                if (!Jid.TryParse(element["jid"], out var jid) || Names.SubscriptionOf(element["subscription"]) is not { } subscription)
                    return IqReply.Failed(StanzaErrorCondition.BadRequest);
                var member = after.Members.GetValueOrDefault(jid) ?? new NodeMember(jid, NodeAffiliation.None);
                after = after.With(ChangeOf(member with { Subscription = subscription }));
                changed.Add(jid);
            }
            var reply = await SaveAsync(turn, node, after, changed, cancellationToken);
            if (reply.Error is not null)
                return reply;
            var subscribing = new Subscribing(context, notifier);
            foreach (var jid in changed)
            {
                var now = after.Members.GetValueOrDefault(jid) ?? new NodeMember(jid, NodeAffiliation.None);
                if (now.Subscription == (node.Members.GetValueOrDefault(jid)?.Subscription ?? NodeSubscription.None))
                    continue;
                await subscribing.TellSubscriberAsync(node, now, cancellationToken);
                if (now.Subscription == NodeSubscription.Subscribed && node.Configuration.SendLast != SendLast.Never)
                    await notifier.SendLastAsync(after, jid, cancellationToken);
            }
            return reply;
        }, cancellationToken);

    private async ValueTask<IqReply> SaveAsync(
        NodeTurn turn, Node before, Node after, HashSet<Jid> changed, CancellationToken cancellationToken)
    {
        if (after.Members.Count > context.Options.MembersPerNode && after.Members.Count > before.Members.Count)
            return IqReply.Failed(StanzaErrorCondition.ResourceConstraint, "The node has too many members.");
        var change = new NodeChange
        {
            Saved = [.. changed.Select(jid => after.Members.GetValueOrDefault(jid)).OfType<NodeMember>()],
            Deleted = [.. changed.Where(jid => !after.Members.ContainsKey(jid))],
        };
        if (!await context.Store.ApplyAsync(before.Owner, before.Name, change, cancellationToken))
            return Gone(turn);
        turn.Node = after;
        return IqReply.Result();
    }

    private static Node WithoutSubscriptions(Node node, Jid person, HashSet<Jid> changed)
    {
        foreach (var member in node.Members.Values.Where(member =>
            member.Jid.Bare == person && member.Subscription != NodeSubscription.None).ToList())
        {
            node = node.With(ChangeOf(member with { Subscription = NodeSubscription.None }));
            changed.Add(member.Jid);
        }
        return node;
    }

    private static NodeChange ChangeOf(NodeMember member) =>
        member is { Affiliation: NodeAffiliation.None, Subscription: NodeSubscription.None }
            ? new() { Deleted = [member.Jid] }
            : new() { Saved = [member] };
}
