using System.Runtime.InteropServices;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Other nicks (XEP-0045 §7.6).</content>
internal sealed partial class Room
{
    /// <summary>One client takes another nick. Others of the same occupant keep theirs: then it becomes two.</summary>
    private StanzaError? ChangeNick(OccupantSession session, ServiceStanza presence, Element element, string nick)
    {
        var before = session.Occupant;
        if (CheckNick(before.Account, nick) is { } denied)
            return denied;
        var existing = FindNick(nick);
        if (existing == before)
            existing = null; // Written otherwise, but the same to people.
        var oldShown = before.Item;

        before.Sessions.Remove(session);
        var isOver = before.Sessions.Count == 0;
        if (isOver)
            _occupants.Remove(Occupant.KeyOf(before.Nick));
        else if (existing is null && Occupant.KeyOf(before.Nick) == Occupant.KeyOf(nick))
            return Undo();
        var after = existing ?? AddOccupant(nick, before.Account, before.Affiliation);
        if (existing is null)
            after.Role = before.Role;
        session.Occupant = after;
        session.Presence = RoomStanzas.ContentOf(element);
        after.Sessions.Add(session);
        after.Forget();
        before.Forget();
        Keep(session);
        TellOldNick(session, before, oldShown with { NewNick = after.Nick, Jid = session.Jid }, isOver);
        if (element.Child(Muc.Join) is null)
        {
            AnnounceNow(after, session, presence.View.Attribute("id"u8), nick != after.Nick ? [RoomStatus.NickAssigned] : []);
            return null;
        }
        // It may be out of step (§17.3): it is told everything.
        Update(session, presence, element);
        return null;

        StanzaError Undo()
        {
            before.Sessions.Add(session);
            return Refusal(StanzaErrorCondition.Conflict, "Another client of yours has this nick.");
        }
    }

    /// <summary>The old nick is gone, for everybody when nobody has it any more.</summary>
    private void TellOldNick(OccupantSession session, Occupant before, PresenceItem item, bool isOver)
    {
        var notice = new PresenceNotice(item, []) { Type = "unavailable", Status = [RoomStatus.NickChanged] };
        Send(session, notice.ForSelf(before.Address, isAnswer: false));
        if (!isOver || !IsShown(before.Role))
            return;
        BroadcastStanza? withJid = null, withoutJid = null;
        foreach (var recipient in CollectionsMarshal.AsSpan(_recipients))
        {
            if (recipient == session)
                continue;
            Send(recipient, SeesJids(recipient.Occupant)
                ? withJid ??= notice.ForOthers(before.Address, withJid: true)
                : withoutJid ??= notice.ForOthers(before.Address, withJid: false));
        }
    }
}
