using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Changes of those who aren't in the room, and of the configuration: messages of the room itself.</content>
internal sealed partial class Room
{
    /// <summary>
    /// Tells occupants who may know of it (§10.3), and the one it is about (§16.1; for a members-only room by an invitation, §9.5).
    /// </summary>
    private void TellOfAbsent(AffiliationChange change)
    {
        var (member, before) = (change.Member, change.Before);
        var item = new PresenceItem(member.Affiliation, Role.None) { Jid = member.Jid, Reason = member.Reason };
        var message = Message();
        var plain = BroadcastStanza.Of(message.Add(RoomStanzas.UserInfo(item.ToElement())));
        BroadcastStanza? versioned = null;
        foreach (var recipient in _recipients)
        {
            if (!SeesJids(recipient.Occupant))
                continue;
            Send(recipient, !recipient.WantsVersions ? plain
                : versioned ??= BroadcastStanza.Of(message.Add(RoomStanzas.UserInfo(new object?[] { change.Versions, item.ToElement() }))));
        }
        if (member.Jid.Local is null || change.IsInvited)
            return;
        Post(member.Jid, Configuration.IsMembersOnly && before == Affiliation.None && member.Affiliation == Affiliation.Member
            ? Invitation(Jid, member.Reason, furtherContent: null)
            : RoomStanzas.UserInfo((item with { Jid = null }).ToElement(), RoomStatus.AffiliationChanged));
    }

    /// <summary>Tells all of a change of the configuration (§10.2.1).</summary>
    private void SendStatus(IEnumerable<int> codes) => Broadcast(
        BroadcastStanza.Of(Message(RoomStanzas.UserInfo(content: null, codes)).With("type", "groupchat")), sender: null);

    private Element Message(params ReadOnlySpan<object?> content) => new Element(Namespaces.Client, "message",
        Element.Attr("id", Guid.NewGuid().ToString()),
        Element.Attr("from", Jid.ToString())).Add(content);

    /// <summary>Sends a message of the room to somebody's account, not now.</summary>
    private void Post(Jid to, params ReadOnlySpan<object?> content) => _post.Send(Message(content), to);
}
