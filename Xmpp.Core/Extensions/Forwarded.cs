using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>XEP-0297 Stanza Forwarding: a stanza inside another, with the time it was received.</summary>
/// <param name="Stanza">The message, presence or iq; its namespace is preserved (§3.2, rule 3).</param>
/// <param name="Delay">When the forwarding entity got it, or null.</param>
[Xep(297, "1.0")]
public sealed record Forwarded(Element Stanza, Delay? Delay = null)
{
    public const string Ns = "urn:xmpp:forward:0";

    public static XmlName Name { get; } = new(Ns, "forwarded");

    public Element ToElement() => new(Name, Delay?.ToElement(), Stanza);

    /// <summary>Reads a <c>&lt;forwarded/&gt;</c>; null when it isn't one or doesn't hold exactly one stanza.</summary>
    public static Forwarded? Parse(Element? element)
    {
        if (element?.Name != Name)
            return null;
        Element? stanza = null;
        foreach (var child in element.Elements.Where(IsStanza))
        {
            if (stanza is not null)
                return null;
            stanza = child;
        }
        return stanza is null ? null : new(stanza, Delay.Parse(element.Child(Delay.Name)));
    }

    private static bool IsStanza(Element element) =>
        element.Name is { Namespace: Namespaces.Client or Namespaces.Server, Local: "message" or "presence" or "iq" };
}
