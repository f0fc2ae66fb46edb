using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0030 Service Discovery for the server and for the sender's own account. What it says comes from what the other
/// modules registered; it keeps no list.
/// </summary>
[Xep(30, "2.5.0")]
[Xep(128, "1.0.1")]
public sealed class ServiceDiscovery(IDiscoRegistry registry) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        const IqTarget everyone = IqTarget.Server | IqTarget.OwnAccount;
        builder.Identity(IqTarget.Server, new DiscoIdentity("server", "im", SoftwareVersion.Name));
        builder.Identity(IqTarget.OwnAccount, new DiscoIdentity("account", "registered"));
        builder.Feature(everyone, Namespaces.DiscoInfo);
        builder.Feature(everyone, Namespaces.DiscoItems);
        builder.Iq(IqType.Get, everyone, new XmlName(Namespaces.DiscoInfo, "query"), (iq, _) => new(Info(iq)));
        builder.Iq(IqType.Get, everyone, new XmlName(Namespaces.DiscoItems, "query"), (iq, _) => new(Items(iq)));
    }

    private IqReply Info(IqRequest iq)
    {
        var info = registry.Describe(iq.Target);
        var node = iq.Payload["node"];
        // The one node there is names what the server said of itself in its capabilities (XEP-0115 §6.2).
        if (node is not null && (iq.Target != IqTarget.Server || node != EntityCapabilities.NodeOf(info)))
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound);
        return IqReply.Result(new Element(Namespaces.DiscoInfo, "query",
            Element.Attr("node", node),
            info.Identities.Select(identity => new Element(Namespaces.DiscoInfo, "identity",
                Element.Attr("category", identity.Category),
                Element.Attr("type", identity.Type),
                Element.Attr("name", identity.Name),
                identity.Language is { } language ? new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), language) : null)),
            info.Features.Select(feature => new Element(Namespaces.DiscoInfo, "feature", Element.Attr("var", feature))),
            info.Forms.Select(form => form.ToElement())));
    }

    /// <summary>Neither the server nor an account has items or nodes yet.</summary>
    private static IqReply Items(IqRequest iq) => iq.Payload["node"] is null
        ? IqReply.Result(new Element(Namespaces.DiscoItems, "query"))
        : IqReply.Failed(StanzaErrorCondition.ItemNotFound);
}
