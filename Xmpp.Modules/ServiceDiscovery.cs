using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0030 Service Discovery for the server and for accounts, those of others as far as their presence may be seen (§8). What it says
/// comes from what the other modules registered; it keeps no list.
/// </summary>
[Xep(30, "2.5.0")]
[Xep(128, "1.0.1")]
public sealed class ServiceDiscovery(IDiscoRegistry registry, ISessionDirectory sessions, Presences presences) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        const IqTarget accounts = IqTarget.OwnAccount | IqTarget.OtherAccount;
        const IqTarget everyone = IqTarget.Server | accounts;
        builder.Identity(IqTarget.Server, new DiscoIdentity("server", "im", SoftwareVersion.Name));
        builder.Identity(accounts, new DiscoIdentity("account", "registered"));
        builder.Feature(everyone, Namespaces.DiscoInfo);
        builder.Feature(everyone, Namespaces.DiscoItems);
        builder.Node(IqTarget.Server, (_, node, _) => new(Capabilities(node)));
        builder.Items(accounts, (query, _) => new(Resources(query.Entity)));
        builder.Iq(IqType.Get, everyone, new XmlName(Namespaces.DiscoInfo, "query"), InfoAsync);
        builder.Iq(IqType.Get, everyone, new XmlName(Namespaces.DiscoItems, "query"), ItemsAsync);
    }

    private async ValueTask<IqReply> InfoAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var node = iq.Payload["node"];
        if (!await MaySeeAsync(iq, cancellationToken))
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable); // §8, rule 1
        if (node is null)
            return IqReply.Result(InfoElement(registry.Describe(iq.Target), null));
        return await FindNodeAsync(iq, node, cancellationToken) switch
        {
            null => IqReply.Failed(StanzaErrorCondition.ItemNotFound),
            { Error: { } error } => IqReply.Failed(error),
            var found => IqReply.Result(InfoElement(found.Info, node)),
        };
    }

    private async ValueTask<IqReply> ItemsAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var node = iq.Payload["node"];
        if (!await MaySeeAsync(iq, cancellationToken))
            return IqReply.Result(ItemsElement([], node)); // §8, rule 2
        if (node is not null)
        {
            return await FindNodeAsync(iq, node, cancellationToken) switch
            {
                null => IqReply.Failed(StanzaErrorCondition.ItemNotFound),
                { Error: { } error } => IqReply.Failed(error),
                var found => IqReply.Result(ItemsElement(found.Items, node)),
            };
        }
        var items = new List<DiscoItem>();
        foreach (var handler in registry.Items(iq.Target))
            items.AddRange(await handler(QueryOf(iq), cancellationToken));
        return IqReply.Result(ItemsElement(items, null));
    }

    /// <summary>§8: what an account has, and that there is one, is told to those who get its presence.</summary>
    private ValueTask<bool> MaySeeAsync(IqRequest iq, CancellationToken cancellationToken) =>
        iq.Target == IqTarget.OtherAccount ? presences.MaySeeAsync(iq.From, iq.To, cancellationToken) : new(true);

    private async ValueTask<DiscoNode?> FindNodeAsync(IqRequest iq, string node, CancellationToken cancellationToken)
    {
        foreach (var handler in registry.Nodes(iq.Target))
        {
            if (await handler(QueryOf(iq), node, cancellationToken) is { } found)
                return found;
        }
        return null;
    }

    /// <summary>XEP-0115 §6.2: a node names what the server said of itself in its capabilities.</summary>
    private DiscoNode? Capabilities(string node)
    {
        var info = registry.Describe(IqTarget.Server);
        return node == EntityCapabilities.NodeOf(info) ? new(info, []) : null;
    }

    /// <summary>§4.1: the account's available resources.</summary>
    private List<DiscoItem> Resources(Jid account)
    {
        var items = new List<DiscoItem>();
        foreach (var session in sessions.Of(account))
        {
            if (session.Presence is not null)
                items.Add(new(session.Jid));
        }
        return items;
    }

    private static DiscoQuery QueryOf(IqRequest iq) => new(iq.Target, iq.To, iq.From);

    /// <summary>What an entity, or one of its nodes, says of itself.</summary>
    internal static Element InfoElement(DiscoInfo info, string? node) => new(Namespaces.DiscoInfo, "query",
        Element.Attr("node", node),
        info.Identities.Select(identity => new Element(Namespaces.DiscoInfo, "identity",
            Element.Attr("category", identity.Category),
            Element.Attr("type", identity.Type),
            Element.Attr("name", identity.Name),
            identity.Language is { } language ? new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), language) : null)),
        info.Features.Select(feature => new Element(Namespaces.DiscoInfo, "feature", Element.Attr("var", feature))),
        info.Forms.Select(form => form.ToElement()));

    /// <summary>The items of an entity, or of one of its nodes.</summary>
    internal static Element ItemsElement(IEnumerable<DiscoItem> items, string? node) => new(Namespaces.DiscoItems, "query",
        Element.Attr("node", node),
        items.Select(item => new Element(Namespaces.DiscoItems, "item",
            Element.Attr("jid", item.Jid.ToString()),
            Element.Attr("node", item.Node),
            Element.Attr("name", item.Name))));
}
