using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>What can be learnt of nodes by service discovery (XEP-0060 §5.1 to §5.5).</summary>
internal sealed class NodeDiscovery(PubSubContext context)
{
    private const int MaxPage = 250;

    private static readonly string[] _shared =
    [
        "access-authorize", "access-open", "access-presence", "access-roster", "access-whitelist", "auto-create", "config-node",
        "create-and-configure", "create-nodes", "delete-items", "delete-nodes", "instant-nodes", "item-ids", "last-published",
        "member-affiliation",
        "meta-data", "modify-affiliations", "manage-subscriptions", "multi-items", "outcast-affiliation", "persistent-items",
        "publish", "publish-only-affiliation", "publish-options", "publisher-affiliation", "purge-nodes", "retract-items",
        "retrieve-affiliations", "retrieve-default", "retrieve-default-sub", "retrieve-items", "retrieve-subscriptions", "rsm", "subscribe",
        "subscription-notifications", "subscription-options", "config-node-max", "publish-node-full",
    ];

    /// <summary>Of the service (§10).</summary>
    public static IEnumerable<string> OfService { get; } =
        [PubSubXml.Ns, .. _shared.Append(PendingSubscriptions.Feature).Select(Feature)];

    /// <summary>Of each account (XEP-0163 §6.1).</summary>
    public static IEnumerable<string> OfAccount { get; } =
    [
        PubSubXml.Ns, .. _shared.Concat(["auto-subscribe", "filtered-notifications", "presence-notifications"]).Select(Feature),
    ];

    /// <summary>§5.3, §5.4; null when there is no such node, or it is none of the asker's business.</summary>
    public async ValueTask<DiscoInfo?> DescribeAsync(Jid owner, string name, Jid asker, CancellationToken cancellationToken) =>
        await FindVisibleAsync(owner, name, asker, cancellationToken) is { } node
            ? new DiscoInfo(
                [new DiscoIdentity("pubsub", "leaf", node.Configuration.Title)],
                [PubSubXml.Ns, Namespaces.DiscoInfo, Namespaces.DiscoItems],
                [Metadata(node)])
            : null;

    /// <summary>§5.5: a node's items by name. Those who may not read them learn of none.</summary>
    public async ValueTask<IReadOnlyList<DiscoItem>?> ListItemsAsync(Jid owner, string name, Jid asker, CancellationToken cancellationToken)
    {
        if (await FindVisibleAsync(owner, name, asker, cancellationToken) is not { } node)
            return null;
        if (await context.CheckAsync(node, NodeOperation.Retrieve, asker, cancellationToken) is not null)
            return [];
        var after = Items.Expired(node, context.Time.GetUtcNow());
        var items = await context.Store.ReadItemsAsync(
            owner, name, new(after, IsFromEnd: true), context.Options.PageItems, cancellationToken);
        return [.. items.Select(item => new DiscoItem(owner, Name: item.Id))];
    }

    /// <summary>The nodes of an account that somebody may know of (XEP-0163 §6.1).</summary>
    public async ValueTask<IReadOnlyList<DiscoItem>> ListAsync(Jid account, Jid asker, CancellationToken cancellationToken)
    {
        var visible = new List<DiscoItem>();
        foreach (var node in (await context.Nodes.OfAsync(account, cancellationToken)).Values)
        {
            if (await context.CheckAsync(node, NodeOperation.Subscribe, asker, cancellationToken) is null)
                visible.Add(new(account, node.Name, node.Configuration.Title));
        }
        return visible;
    }

    /// <summary>§5.2: the nodes of a service in the order of their names, in pages (XEP-0059) when there are many.</summary>
    public async ValueTask<IqReply> ListAsync(Jid service, Element query, Jid asker, CancellationToken cancellationToken)
    {
        if (!ResultSetRequest.TryFind(query, out var request, out var error))
            return IqReply.Failed(error!);
        if (request?.Index is not null)
            return IqReply.Failed(StanzaErrorCondition.FeatureNotImplemented, "Pages are asked for by their neighbours."); // XEP-0059 §2.6
        var count = Math.Min(request?.Max ?? MaxPage, MaxPage);
        var wanted = new NodeQuery(
            request?.After, request?.Before is { Length: > 0 } before ? before : null, IsFromEnd: request?.Before is not null);
        // One more tells whether there is more.
        var listed = await context.Store.ListAsync(service, wanted, count + 1, cancellationToken);
        var page = listed.Count <= count ? listed : wanted.IsFromEnd ? [.. listed.Skip(listed.Count - count)] : [.. listed.Take(count)];
        var set = request is null && listed.Count <= count
            ? null
            : new ResultSet(
                page.Count == 0 ? null : page[0].Name, page.Count == 0 ? null : page[^1].Name,
                Count: await context.Store.CountAsync(service, cancellationToken));
        var items = new List<Element>();
        foreach (var stored in page)
        {
            var configuration = NodeFields.Read(stored.Settings);
            // Who its members are is known by the node itself.
            if (configuration.Access == AccessModel.Whitelist
                && await FindVisibleAsync(service, stored.Name, asker, cancellationToken) is null)
            {
                continue;
            }
            items.Add(new Element(Namespaces.DiscoItems, "item",
                Element.Attr("jid", service.ToString()), Element.Attr("node", stored.Name), Element.Attr("name", configuration.Title)));
        }
        return IqReply.Result(new Element(query.Name, items, set?.ToElement()));
    }

    /// <summary>A node, but for one that is closed to whoever asks.</summary>
    private async ValueTask<Node?> FindVisibleAsync(Jid owner, string name, Jid asker, CancellationToken cancellationToken)
    {
        if (await context.Nodes.FindAsync(owner, name, cancellationToken) is not { } node)
            return null;
        return node.AffiliationOf(asker) == NodeAffiliation.PublishOnly
            || await context.CheckAsync(node, NodeOperation.Subscribe, asker, cancellationToken) is null
            || (!node.IsPersonal && node.Configuration.Access != AccessModel.Whitelist)
            ? node : null;
    }

    /// <summary>§16.4.3.</summary>
    private static DataForm Metadata(Node node)
    {
        var configuration = node.Configuration;
        var fields = new List<FormField>
        {
            Of("pubsub#creation_date", FormFieldType.TextSingle, XmppDateTime.Format(node.Created)),
            Of("pubsub#num_subscribers", FormFieldType.TextSingle, $"{node.Members.Values.Count(IsSubscribed)}"),
            new("pubsub#owner", FormFieldType.JidMulti, [.. node.Owners.Select(owner => owner.ToString())]),
        };
        foreach (var var in (string[])["title", "description", "type", "language", "access_model", "publish_model", "max_items", "contact"])
        {
            var shown = NodeFields.Find($"pubsub#{var}")!.Show(configuration);
            if (shown.Values.Count > 0)
                fields.Add(shown with { Options = [] });
        }
        return DataForm.Of(DataFormType.Result, PubSubXml.MetadataForm, fields);

        static FormField Of(string var, FormFieldType type, string value) => new(var, type, value);

        static bool IsSubscribed(NodeMember member) => member.Subscription == NodeSubscription.Subscribed;
    }

    private static string Feature(string name) => $"{PubSubXml.Ns}#{name}";
}
