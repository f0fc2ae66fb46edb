using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>XEP-0203 Delayed Delivery: when a stanza was sent that comes late.</summary>
/// <param name="Stamp">When it was sent originally.</param>
/// <param name="From">Who sent it or delayed it, or null.</param>
/// <param name="Reason">Why, for people, in English; or null.</param>
[Xep(203, "2.0")]
public sealed record Delay(DateTimeOffset Stamp, Jid? From = null, string? Reason = null)
{
    public const string Ns = "urn:xmpp:delay";

    public static XmlName Name { get; } = new(Ns, "delay");

    public Element ToElement() => new(Name,
        Element.Attr("from", From?.ToString()),
        Element.Attr("stamp", XmppDateTime.Format(Stamp)),
        Reason);

    /// <summary>Reads a <c>&lt;delay/&gt;</c>; null when it isn't one or has no valid stamp. An invalid address is left out.</summary>
    public static Delay? Parse(Element? element)
    {
        if (element?.Name != Name || !XmppDateTime.TryParse(element["stamp"], out var stamp))
            return null;
        var reason = element.Text.Trim();
        return new(stamp, Jid.TryParse(element["from"], out var from) ? from : null, reason.Length == 0 ? null : reason);
    }
}
