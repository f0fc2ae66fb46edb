using System.Buffers;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>XEP-0359 Unique and Stable Stanza IDs: an id that the address <paramref name="By"/> vouches for.</summary>
/// <param name="Id">Unique and stable within what <paramref name="By"/> assigns, and unpredictable.</param>
/// <param name="By">The account or room that assigned it.</param>
[Xep(359, "0.7.0")]
public sealed record StanzaId(string Id, Jid By)
{
    public const string Ns = "urn:xmpp:sid:0";

    public static XmlName Name { get; } = new(Ns, "stanza-id");

    private static readonly XmlName _originName = new(Ns, "origin-id");

    /// <summary>Writes the element for an id of an archive.</summary>
    public static void Write(IBufferWriter<byte> output, SortableId id, Jid by)
    {
        output.Write("<stanza-id xmlns='urn:xmpp:sid:0' id='"u8);
        id.Write(output.GetSpan(SortableId.Length));
        output.Advance(SortableId.Length);
        output.Write("' by='"u8);
        XmlStreamWriter.WriteEscaped(output, by);
        output.Write("'/>"u8);
    }

    public Element ToElement() => new(Name, Element.Attr("id", Id), Element.Attr("by", By.ToString()));

    /// <summary>The id that an entity assigned to a stanza, or null.</summary>
    public static string? Find(Element stanza, Jid by) =>
        stanza.Elements.FirstOrDefault(child => IsBy(child, by))?["id"] is { Length: > 0 } id ? id : null;

    /// <summary>The id that the sender's client gave (§3.2), or null.</summary>
    public static string? FindOrigin(Element stanza) => stanza.Child(_originName)?["id"] is { Length: > 0 } id ? id : null;

    /// <summary>
    /// The stanza without any id that claims to be assigned by an address, as whoever assigns ids in its name has to
    /// deliver it (§4, rule 2): nobody else can have put it there. The same stanza when there is none.
    /// </summary>
    public static Element Strip(Element stanza, Jid by) => !stanza.Elements.Any(child => IsBy(child, by))
        ? stanza
        : new Element(stanza.Name, stanza.Attributes, stanza.Nodes.Where(node => node is not Element child || !IsBy(child, by)));

    private static bool IsBy(Element element, Jid by) =>
        element.Name == Name && Jid.TryParse(element["by"], out var claimed) && claimed.Equals(by);
}
