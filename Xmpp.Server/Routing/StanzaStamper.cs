using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Routing;

/// <summary>
/// Makes of a stanza as its sender wrote it the stanza that its recipients see, by copying bytes: 'from' is the sender's
/// full JID (RFC 6120 §8.1.2.1), xml:lang the stream's when the stanza has none (§8.1.5), everything else as it was.
/// </summary>
internal static class StanzaStamper
{
    private static readonly XmlName Language = new(Namespaces.Xml, "lang");

    /// <param name="sender">Null for a stanza that no session sent: it has its 'from'.</param>
    /// <param name="edits">What changes of its children; null for nothing.</param>
    public static void Write(IBufferWriter<byte> output, StanzaView stanza, ClientSession? sender, StanzaEdits? edits = null)
    {
        if (edits is { IsEmpty: true })
            edits = null;
        if (!stanza.IsSelfContained)
        {
            // It leans on prefixes of its own stream's header, which the recipient's doesn't have.
            var element = sender is null ? stanza.ToElement() : Stamped(stanza, sender);
            XmlStreamWriter.Write(output, edits?.Apply(element) ?? element, Namespaces.Client, streamPrefix: false);
            return;
        }
        var bytes = stanza.Bytes.Span;
        var position = 0;
        if (sender is not null)
        {
            position = stanza.NameEnd;
            output.Write(bytes[..position]);
            output.Write(stanza.TryGetAttribute("xml:lang"u8, out _) ? sender.Stamp : sender.StampWithLanguage);
            if (stanza.TryGetAttribute("from"u8, out var from))
            {
                output.Write(bytes[position..from.Start]);
                position = from.End;
            }
        }
        if (edits is null)
            output.Write(bytes[position..]);
        else
            edits.WriteRest(output, stanza, position);
    }

    /// <summary>The same as an element.</summary>
    public static Element Stamped(StanzaView stanza, ClientSession sender)
    {
        var stamped = stanza.ToElement().With("from", sender.Jid.ToString());
        return sender.Language is { } language && stamped.Attribute(Language) is null ? stamped.With(Language, language) : stamped;
    }
}
