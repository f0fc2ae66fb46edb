using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Routing;

/// <summary>
/// Writes what answers a stanza (RFC 6120 §8.1.2, §8.1.3): its 'id' and its 'to' are copied as they were written, the latter as 'from'.
/// </summary>
internal static class ResponseWriter
{
    /// <param name="sender">The address of who sent the stanza, and gets the response: in quotes.</param>
    /// <param name="error">Behind the content; null for none.</param>
    public static void Write(
        ArrayBufferWriter<byte> output, StanzaView stanza, ReadOnlySpan<byte> sender, ReadOnlySpan<byte> type, Element? content,
        Element? error = null)
    {
        var bytes = stanza.Bytes.Span;
        output.Write("<"u8);
        output.Write(stanza.LocalName);
        output.Write(" type='"u8);
        output.Write(type);
        output.Write("'"u8);
        if (stanza.TryGetAttribute("id"u8, out var id))
        {
            output.Write(" "u8);
            output.Write(bytes[id.Start..id.End]);
        }
        if (stanza.TryGetAttribute("to"u8, out var to))
        {
            // With its quotes.
            output.Write(" from="u8);
            output.Write(bytes[(to.RawValue.Start.Value - 1)..to.End]);
        }
        output.Write(" to="u8);
        output.Write(sender);
        if (content is null && error is null)
        {
            output.Write("/>"u8);
            return;
        }
        output.Write(">"u8);
        if (content is not null)
            XmlStreamWriter.Write(output, content, Namespaces.Client);
        if (error is not null)
            XmlStreamWriter.Write(output, error, Namespaces.Client);
        output.Write("</"u8);
        output.Write(stanza.LocalName);
        output.Write(">"u8);
    }
}
