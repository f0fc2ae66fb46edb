using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Speech;

/// <summary>A message that is a file, and how it is answered.</summary>
/// <param name="Link">Of the file.</param>
/// <param name="Author">Whose message it is; null where it is not known which one it is.</param>
/// <param name="Id">By which replies name it (XEP-0461 §3.1); null when they can't.</param>
internal sealed record VoiceMessage(string Link, Jid? Author, string? Id)
{
    private const string ReplyNs = "urn:xmpp:reply:0";
    private const string SharingNs = "urn:xmpp:sfs:0";
    private const string UrlDataNs = "http://jabber.org/protocol/url-data";
    private const string FallbackNs = "urn:xmpp:fallback:0";

    /// <summary>Whether a message says that it is one: by XEP-0066 or by XEP-0447.</summary>
    public static bool MayBe(StanzaView message) =>
        message.HasChild("jabber:x:oob"u8, "x"u8) || message.HasChild("urn:xmpp:sfs:0"u8, "file-sharing"u8);

    /// <summary>Null when there is no link in it.</summary>
    public static VoiceMessage? Of(Element message, Jid author)
    {
        var link = message.Child("jabber:x:oob", "x")?.Child("jabber:x:oob", "url")?.Text.Trim()
            ?? message.Child(SharingNs, "file-sharing")?.Child(SharingNs, "sources")?.Child(UrlDataNs, "url-data")?["target"];
        return link is { Length: > 0 } ? new(link, author, StanzaId.FindOrigin(message) ?? message["id"]) : null;
    }

    /// <summary>The text as a reply to it.</summary>
    /// <param name="to">An account, or null: for all in a room.</param>
    public Element Reply(Jid from, Jid? to, string text)
    {
        var quote = $"> {Link}\n";
        var reply = new Element(Namespaces.Client, "message",
            Element.Attr("from", from.ToString()),
            Element.Attr("to", to?.ToString()),
            Element.Attr("type", to is null ? "groupchat" : "chat"),
            new Element(Namespaces.Client, "body", quote + text));
        if (Author is null || Id is null)
            return reply;
        return reply.Add(
            new Element(ReplyNs, "reply", Element.Attr("to", Author.ToString()), Element.Attr("id", Id)),
            new Element(FallbackNs, "fallback",
                Element.Attr("for", ReplyNs),
                new Element(FallbackNs, "body", Element.Attr("start", "0"), Element.Attr("end", LengthOf(quote)))));
    }

    /// <summary>In characters (XEP-0426).</summary>
    private static string LengthOf(string text) =>
        text.EnumerateRunes().Count().ToString(CultureInfo.InvariantCulture);
}
