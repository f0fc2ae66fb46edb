using System.Buffers;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>
/// Stanzas between streams of different content namespaces (RFC 6120 §4.8.2). Nearly all name none, and mean the same in each; one that
/// does is written anew.
/// </summary>
internal static class ContentNamespace
{
    /// <summary>Whether a stanza has to be written anew because the namespace may stand in it.</summary>
    public static bool IsNamedIn(ReadOnlySpan<byte> stanza, ReadOnlySpan<byte> ns) => stanza.IndexOf(ns) >= 0;

    /// <summary>Writes a stanza with one namespace in another's place.</summary>
    public static void Write(ArrayBufferWriter<byte> output, Element stanza, string from, string to) =>
        XmlStreamWriter.Write(output, Replace(stanza, from, to), to, streamPrefix: false);

    /// <summary>What is within elements of other namespaces, such as a forwarded message (XEP-0297), stays what it is.</summary>
    private static Element Replace(Element element, string from, string to) =>
        element.Name.Namespace != from && element.Name.Namespace != to
            ? element
            : new Element(
                new XmlName(to, element.Name.Local),
                element.Attributes,
                element.Nodes.Select(node => node is Element child ? Replace(child, from, to) : node));
}
