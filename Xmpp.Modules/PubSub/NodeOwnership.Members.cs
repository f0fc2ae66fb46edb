using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <content>
/// Who may what, and who is subscribed (XEP-0060 §8.8, §8.9). Of a request is done what can be; what can't stands in the error, as it
/// remains (§8.8.2.4, §8.9.2.4).
/// </content>
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
            var wishes = Wishes(request, "affiliation");
            if (wishes.DistinctBy(wish => wish.Jid?.Bare.ToString() ?? wish.Written).Count() < wishes.Count)
                return IqReply.Failed(StanzaErrorCondition.BadRequest);
            var after = node;
            var changed = new HashSet<Jid>();
            var refused = new List<Element>();
            // Who comes before who goes, so that there is an owner.
            foreach (var (jid, written, value) in wishes.OrderBy(wish => wish.Value != Names.Of(NodeAffiliation.Owner)))
            {
                if (value is null)
                    continue; // "the value MUST NOT be changed"
                var before = jid is null ? NodeAffiliation.None : node.AffiliationOf(jid);
                if (jid is null || Names.AffiliationOf(value) is not { } affiliation || !NodeAccess.MayBecome(before, affiliation)
                    || !MayBe(after, jid.Bare, affiliation))
                {
                    refused.Add(new Element(PubSubXml.OwnerNs, "affiliation",
                        Element.Attr("jid", written), Element.Attr("affiliation", Names.Of(before))));
                    continue;
                }
                var member = after.Members.GetValueOrDefault(jid.Bare) ?? new NodeMember(jid.Bare, NodeAffiliation.None);
                after = after.With(ChangeOf(member with { Affiliation = affiliation }));
                changed.Add(jid.Bare);
                if (affiliation == NodeAffiliation.Outcast)
                    after = WithoutSubscriptions(after, jid.Bare, changed);
            }
            return Answer(await SaveAsync(turn, node, after, changed, cancellationToken), request, refused);
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
            var refused = new List<Element>();
            foreach (var (jid, written, value) in Wishes(request, "subscription"))
            {
                var member = jid is null ? null : after.Members.GetValueOrDefault(jid) ?? new NodeMember(jid, NodeAffiliation.None);
                if (member is null || Names.SubscriptionOf(value) is not { } subscription)
                {
                    refused.Add(new Element(PubSubXml.OwnerNs, "subscription", Element.Attr("jid", written),
                        Element.Attr("subscription", Names.Of(member?.Subscription ?? NodeSubscription.None))));
                    continue;
                }
                after = after.With(ChangeOf(member with { Subscription = subscription }));
                changed.Add(member.Jid);
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
            return Answer(reply, request, refused);
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

    /// <summary>What is wanted of whom: the address, null when it is none, and as it was written; the value, or null.</summary>
    private static List<(Jid? Jid, string? Written, string? Value)> Wishes(PubSubRequest request, string name) =>
        [.. request.Action.Elements.Where(child => child.Name == new XmlName(PubSubXml.OwnerNs, name))
            .Select(child => (Jid.TryParse(child["jid"], out var jid) ? jid : null, child["jid"], child[name]))];

    /// <summary>Whether the node has an owner then, of accounts that one alone.</summary>
    private static bool MayBe(Node node, Jid person, NodeAffiliation affiliation) => node.IsPersonal
        ? person != node.Owner && affiliation != NodeAffiliation.Owner
        : affiliation == NodeAffiliation.Owner || node.Owners.Any(owner => owner != person);

    private static IqReply Answer(IqReply saved, PubSubRequest request, List<Element> refused) =>
        saved.Error is not null || refused.Count == 0 ? saved : IqReply.Failed(StanzaError.Of(StanzaErrorCondition.NotAcceptable) with
        {
            About = PubSubXml.OwnerResult(new Element(request.Action.Name, Element.Attr("node", request.Node), refused)),
        });

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
