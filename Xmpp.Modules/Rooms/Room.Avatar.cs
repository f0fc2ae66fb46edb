using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>The room's vCard with its picture (XEP-0486).</content>
internal sealed partial class Room
{
    private const string UpdateNs = "vcard-temp:x:update";

    /// <summary>Handles a request of type "get": everybody may see it, as the room's name.</summary>
    public IqReply GetCard() => Configuration.Avatar is { } avatar
        ? IqReply.Result(avatar.Card)
        : IqReply.Failed(StanzaErrorCondition.ItemNotFound);

    /// <summary>Handles a request of type "set": an owner's; an empty card removes it (§3.2).</summary>
    public async ValueTask<IqReply> SetCardAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        if (AffiliationOf(iq.From.Bare) < Affiliation.Owner)
            return IqReply.Failed(StanzaErrorCondition.Forbidden, "Only owners are allowed to set avatars.");
        if (iq.View.Bytes.Length > Options.CardBytes)
            return IqReply.Failed(StanzaErrorCondition.PolicyViolation, $"A room's vCard has at most {Options.CardBytes} bytes here.");
        var card = iq.Payload;
        var avatar = card.Nodes.IsEmpty ? null : RoomAvatar.Parse(card);
        if (avatar is null && !card.Nodes.IsEmpty)
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "A picture is not in base64.");
        await ApplyAsync(
            (Configuration with { Avatar = avatar }).ToSettings(), [], [], actor: null, () => Reply(iq), cancellationToken);
        return IqReply.Sent;
    }

    /// <summary>
    /// The hash of the picture in presence of the room itself, or that there is none any more: what was done before XEP-0486, which
    /// mentions it (§4.2), and what many clients go by.
    /// </summary>
    private BroadcastStanza AvatarPresence() => BroadcastStanza.Of(new Element(Namespaces.Client, "presence",
        Element.Attr("from", Jid.ToString()),
        new Element(UpdateNs, "x", new Element(UpdateNs, "photo", Configuration.Avatar?.Hashes is [var hash, ..] ? hash : ""))));
}
