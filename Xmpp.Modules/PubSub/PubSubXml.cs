using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>The names of XEP-0060.</summary>
internal static class PubSubXml
{
    public const string Ns = "http://jabber.org/protocol/pubsub";
    public const string OwnerNs = $"{Ns}#owner";
    public const string EventNs = $"{Ns}#event";
    public const string ErrorsNs = $"{Ns}#errors";
    public const string ConfigForm = $"{Ns}#node_config";
    public const string PublishOptionsForm = $"{Ns}#publish-options";
    public const string OptionsForm = $"{Ns}#subscribe_options";
    public const string MetadataForm = $"{Ns}#meta-data";
    public const string AuthorizationForm = $"{Ns}#subscribe_authorization";

    public static XmlName Request { get; } = new(Ns, "pubsub");

    public static XmlName OwnerRequest { get; } = new(OwnerNs, "pubsub");

    /// <summary>The items that a request names or brings.</summary>
    public static IEnumerable<Element> Items(Element action) => action.Elements.Where(child => child.Name == new XmlName(Ns, "item"));

    public static Element Result(params ReadOnlySpan<object?> content) => new(Request, content);

    public static Element OwnerResult(params ReadOnlySpan<object?> content) => new(OwnerRequest, content);

    /// <summary>A notification for many, without 'to'.</summary>
    /// <param name="from">Whose node it is.</param>
    /// <param name="content">Of the <c>event</c>.</param>
    public static Element Event(Jid from, string type, Element content, Element? delay = null) => new(Namespaces.Client, "message",
        Element.Attr("from", from.ToString()),
        Element.Attr("type", type),
        new Element(EventNs, "event", content),
        delay);
}
