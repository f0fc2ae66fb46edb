using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Routing;

/// <summary>
/// What becomes of stanzas whose client never acknowledged them, and will not any more (XEP-0198 §4): messages go where they would go
/// if it had not been there, requests are answered for it, presence is out of date.
/// </summary>
internal sealed class UndeliveredStanzas(ServerContext server)
{
    /// <param name="recipient">A session that is over, and out of the directory.</param>
    public async ValueTask HandleAsync(ClientSession recipient, IReadOnlyList<LostStanza> stanzas)
    {
        foreach (var lost in stanzas)
            await HandleAsync(recipient, lost);
    }

    /// <summary>The same for one stanza, not now: whoever sends it may hold locks.</summary>
    public void HandleLater(ClientSession recipient, LostStanza lost) => _ = Task.Run(() => server.Tasks.Run(
        $"Delivery of a stanza that {recipient.Jid} did not acknowledge", _ => HandleAsync(recipient, lost)));

    private async ValueTask HandleAsync(ClientSession recipient, LostStanza lost)
    {
        var stanza = StanzaView.Parse(lost.Stanza);
        StanzaError? error = null;
        if (stanza.LocalName.SequenceEqual("message"u8) && !IsOnlyForSession(stanza, recipient.Jid.Bare))
            error = await server.Messages.RedeliverAsync(stanza, recipient.Jid, lost.SentAt, CancellationToken.None);
        else if (stanza.LocalName.SequenceEqual("iq"u8) && stanza.Attribute("type"u8) is "get" or "set")
            error = StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);
        if (error is not null && Jid.TryParse(stanza.Attribute("from"u8), out var from))
            server.Sessions.Find(from)?.Send(Refuse(stanza.ToElement(), error));
    }

    /// <summary>
    /// Whether it is for nobody else, from the account itself: a carbon copy (XEP-0280) of a message that others have, or what the session
    /// asked its archive for (XEP-0313, XEP-0430).
    /// </summary>
    private static bool IsOnlyForSession(StanzaView message, Jid account) =>
        (message.HasChild("urn:xmpp:carbons:2"u8, "received"u8) || message.HasChild("urn:xmpp:carbons:2"u8, "sent"u8)
            || message.HasChild("urn:xmpp:mam:2"u8, "result"u8) || message.HasChild("urn:xmpp:inbox:1"u8, "entry"u8))
        && message.Attribute("from"u8) == account.ToString();

    /// <summary>The stanza's sender is told what became of it.</summary>
    public static Element Refuse(Element stanza, StanzaError error) => new(stanza.Name,
        Element.Attr("type", "error"),
        Element.Attr("id", stanza["id"]),
        Element.Attr("from", stanza["to"]),
        Element.Attr("to", stanza["from"]),
        error.ToElement());
}
