using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <summary>A moderator's request that a message be taken away (XEP-0425 §3), as it is written today or was before version 0.3.</summary>
/// <param name="Id">The message's id in the room's archive.</param>
/// <param name="Reason">For people, or null.</param>
[Xep(425, "0.3.0")]
internal sealed record ModerationRequest(string Id, string? Reason)
{
    internal const string Ns = "urn:xmpp:message-moderate:1";

    /// <summary>Of version 0.2, with XEP-0422's envelope around it: Gajim 1.7 and others know no newer one.</summary>
    internal const string OldNs = "urn:xmpp:message-moderate:0";

    private const string Retract = Retractions.Ns;
    private const string OldRetract = "urn:xmpp:message-retract:0";
    private const string Fasten = "urn:xmpp:fasten:0";

    /// <summary>The payload of the IQ by which it is asked.</summary>
    internal static XmlName Payload { get; } = new(Ns, "moderate");

    internal static XmlName OldPayload { get; } = new(Fasten, "apply-to");

    /// <summary>Null when it asks for nothing that can be done, or names no message.</summary>
    public static ModerationRequest? Parse(Element payload)
    {
        var moderate = payload.Name.Namespace == Fasten ? payload.Child(OldNs, "moderate") : payload;
        if (moderate is null || payload["id"] is not { Length: > 0 } id)
            return null;
        var ns = moderate.Name.Namespace;
        return moderate.Child(ns == Ns ? Retract : OldRetract, "retract") is null
            ? null
            : new(id, moderate.Child(ns, "reason")?.Text is { Length: > 0 } reason ? reason : null);
    }

    /// <summary>What everybody in the room is told (§3.1), in both ways.</summary>
    /// <param name="room">Who speaks.</param>
    /// <param name="messageId">Of this message, by which the tombstone names it.</param>
    /// <param name="moderator">The occupant who asked for it.</param>
    /// <param name="occupantId">The moderator's (XEP-0421).</param>
    public Element ToMessage(Jid room, string messageId, Jid moderator, string occupantId, DateTimeOffset now) =>
        new(Namespaces.Client, "message",
            Element.Attr("type", "groupchat"),
            Element.Attr("id", messageId),
            Element.Attr("from", room.ToString()),
            new Element(Retract, "retract", Element.Attr("id", Id), Moderated(moderator, occupantId), ReasonIn(Retract)),
            new Element(Fasten, "apply-to",
                Element.Attr("id", Id),
                new Element(OldNs, "moderated",
                    Element.Attr("by", moderator.ToString()),
                    new Element(OldRetract, "retract", Element.Attr("stamp", XmppDateTime.Format(now))),
                    ReasonIn(OldNs))),
            new Element("urn:xmpp:hints", "store"));

    /// <summary>What takes the message's place in the archive (§4): who wrote it remains.</summary>
    public Element ToTombstone(Element original, string messageId, Jid moderator, string occupantId, DateTimeOffset now) =>
        Retractions.TombstoneOf(original, messageId, now, Moderated(moderator, occupantId), ReasonIn(Retract));

    private static Element Moderated(Jid moderator, string occupantId) =>
        new(Ns, "moderated", Element.Attr("by", moderator.ToString()), OccupantIds.ElementOf(occupantId));

    private Element? ReasonIn(string ns) => Reason is null ? null : new Element(ns, "reason", Reason);
}
