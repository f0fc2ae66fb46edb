using System.Buffers;
using System.Text;
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

    [ThreadStatic] private static StartTag? t_head;

    public Element ToElement() => new(Name, Delay?.ToElement(), Stanza);

    /// <summary>Writes the same of a stanza that is bytes already; builds no tree.</summary>
    /// <param name="stanza">UTF-8 for the namespace "jabber:client".</param>
    /// <param name="received">When the forwarding entity got it.</param>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> stanza, DateTimeOffset received)
    {
        var head = t_head ??= new();
        head.Parse(stanza, 0, int.MaxValue);
        var isDeclared = false;
        foreach (ref readonly var attribute in head.Attributes)
            isDeclared |= attribute.Name.Of(stanza).SequenceEqual("xmlns"u8);

        output.Write("<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='"u8);
        Encoding.UTF8.GetBytes(XmppDateTime.Format(received), output);
        output.Write("'/>"u8);
        var nameEnd = head.Name.End;
        output.Write(stanza[..nameEnd]);
        if (!isDeclared)
            output.Write(" xmlns='jabber:client'"u8);
        output.Write(stanza[nameEnd..]);
        output.Write("</forwarded>"u8);
    }

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
