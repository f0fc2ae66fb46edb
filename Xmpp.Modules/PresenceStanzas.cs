using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>The presence stanzas that the server makes itself (RFC 6121 §3, §4).</summary>
internal static class PresenceStanzas
{
    /// <summary>Presence with nothing in it.</summary>
    /// <param name="type">Null for "available".</param>
    public static Element Mere(Jid from, string? type, string? id = null, Jid? to = null) => new(Namespaces.Client, "presence",
        Element.Attr("type", type),
        Element.Attr("id", id),
        Element.Attr("from", from.ToString()),
        Element.Attr("to", to?.ToString()));

    public static Element Unavailable(Jid from) => Mere(from, "unavailable");

    public static Element Probe(Jid from, Jid to) => Mere(from, "probe", to: to);

    public static Element Subscription(Jid from, SubscriptionType type, Jid to, string? id) => Mere(from, NameOf(type), id, to);

    /// <summary>A probe's answer for an account that is offline (§4.3.2, rule 3).</summary>
    /// <param name="seen">How it left, or null.</param>
    /// <param name="id">The probe's (§4.3.2.1).</param>
    public static Element LastSeen(Jid account, LastSeen? seen, string? id, Jid to)
    {
        var mere = Mere(account, "unavailable", id, to);
        if (seen is null)
            return mere;
        var last = Element.Parse(seen.Presence);
        return new(mere.Name,
            mere.Attributes,
            last.Attributes.Where(attribute => attribute.Name.Namespace.Length > 0),
            last.Nodes.Where(node => node is not Element child || child.Name != Delay.Name),
            new Delay(seen.At).ToElement());
    }

    public static SubscriptionType? SubscriptionTypeOf(string? type) => type switch
    {
        "subscribe" => SubscriptionType.Subscribe,
        "unsubscribe" => SubscriptionType.Unsubscribe,
        "subscribed" => SubscriptionType.Subscribed,
        "unsubscribed" => SubscriptionType.Unsubscribed,
        _ => null,
    };

    public static string NameOf(SubscriptionType type) => type switch
    {
        SubscriptionType.Subscribe => "subscribe",
        SubscriptionType.Unsubscribe => "unsubscribe",
        SubscriptionType.Subscribed => "subscribed",
        _ => "unsubscribed",
    };
}
