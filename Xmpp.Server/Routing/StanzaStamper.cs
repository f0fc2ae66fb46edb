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

    /// <param name="sender">Null for a stanza that no session sent: it is complete.</param>
    public static void Write(ArrayBufferWriter<byte> output, StanzaView stanza, ClientSession? sender)
    {
        if (sender is null)
        {
            output.Write(stanza.Bytes.Span);
            return;
        }
        if (!stanza.IsSelfContained)
        {
            // It leans on prefixes of its own stream's header, which the recipient's doesn't have.
            XmlStreamWriter.Write(output, Stamped(stanza, sender), Namespaces.Client);
            return;
        }
        var bytes = stanza.Bytes.Span;
        var nameEnd = stanza.NameEnd;
        var stamp = stanza.TryGetAttribute("xml:lang"u8, out _) ? sender.Stamp : sender.StampWithLanguage;
        output.Write(bytes[..nameEnd]);
        output.Write(stamp);
        if (stanza.TryGetAttribute("from"u8, out var from))
        {
            output.Write(bytes[nameEnd..from.Start]);
            output.Write(bytes[from.End..]);
        }
        else
        {
            output.Write(bytes[nameEnd..]);
        }
    }

    /// <summary>The same as an element.</summary>
    public static Element Stamped(StanzaView stanza, ClientSession sender)
    {
        var stamped = stanza.ToElement().With("from", sender.Jid.ToString());
        return sender.Language is { } language && stamped.Attribute(Language) is null ? stamped.With(Language, language) : stamped;
    }
}
