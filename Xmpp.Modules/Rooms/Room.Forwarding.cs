using System.Runtime.InteropServices;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>
/// Members who aren't here: what they are told of, they get by their accounts, with push. Whoever is mentioned (XEP-0452) has it in its
/// archive; of all else the room's own archive has the only copy.
/// </content>
internal sealed partial class Room
{
    /// <summary>Those who want to hear of everything, here or not; null: to be found out.</summary>
    private List<Jid>? _listeners;

    /// <param name="sender">Who wrote it.</param>
    /// <param name="stanza">As everybody got it.</param>
    private void TellAbsent(Occupant sender, ServiceStanza message, BroadcastStanza stanza)
    {
        var mayMention = Mentions.MayHave(message.View);
        _listeners ??= [.. _members.Values
            .Where(member => member.Jid.Local is not null && IsTold(member.Jid, RoomNotifications.Always)).Select(member => member.Jid)];
        if (_listeners.Count > 0 || mayMention)
            TellAbsent(sender, stanza, _listeners, mayMention);
    }

    private void TellAbsent(Occupant sender, BroadcastStanza stanza, List<Jid> all, bool mayMention)
    {
        var here = _occupants.Values.Select(occupant => occupant.Account).Append(sender.Account).ToHashSet();
        var element = stanza.ToElement();
        if (mayMention)
        {
            foreach (var user in Mentions.In(element, Jid, OwnerOfNick))
            {
                if (IsTold(user, RoomNotifications.OnMention) && here.Add(user))
                    Post(user, Mentions.ElementOf(element, Jid, Now));
            }
        }
        var listeners = all.FindAll(listener => !here.Contains(listener));
        if (listeners.Count > 0)
            _post.Forward(Message(Mentions.Forward(element, Jid, Now, IsArchived)), listeners);
    }

    /// <summary>
    /// Wakes the devices of clients that are here and don't show it: for what they are told of, or where nobody has decided and the room is
    /// for members only, for everything (XEP-0492 §4). Who is called by its nick is mentioned, too.
    /// </summary>
    private void WakeSleepers(Occupant sender, ServiceStanza message)
    {
        if (_services.CurrentWaker() is not { } waker)
            return;
        string? body = null;
        foreach (var recipient in CollectionsMarshal.AsSpan(_recipients))
        {
            if (recipient.Session is not { } session || recipient.Occupant == sender || !waker.MayHaveToWake(session))
                continue;
            var wanted = _members.GetValueOrDefault(recipient.Occupant.Account)?.Notifications
                ?? (Configuration.IsMembersOnly ? RoomNotifications.Always : Configuration.Notifications);
            body ??= BodyOf(message.View) ?? "";
            if (wanted == RoomNotifications.Never)
                continue;
            var isMention = Mentions.Has(message.View, body, recipient.Occupant);
            if (wanted == RoomNotifications.Always || isMention)
                waker.Wake(session, sender.Address, body.Length == 0 ? null : body, isMention);
        }
    }

    private static string? BodyOf(StanzaView message) =>
        message.IndexOfChild("jabber:client"u8, "body"u8) is >= 0 and var index ? message.ChildText(index) : null;

    /// <summary>Whether somebody who isn't here is told of something: as it has decided itself, or else as the room has.</summary>
    private bool IsTold(Jid user, RoomNotifications what) => AffiliationOf(user) >= Affiliation.Member
        && (_members.GetValueOrDefault(user)?.Notifications ?? Configuration.Notifications) >= what;

    private Jid? OwnerOfNick(string nick) => _reservedNicks.GetValueOrDefault(Occupant.KeyOf(nick));

    /// <summary>A member has read up to a message, as its marker says (XEP-0333).</summary>
    private void NoteRead(Occupant reader, ServiceStanza marker)
    {
        if (reader.Affiliation >= Affiliation.Member && _services.Hosts.IsLocal(reader.Account)
            && RoomReadMarks.Find(marker.View.ToElement()) is { } upTo)
        {
            _services.ReadMarks.Note(reader.Account, Jid, upTo);
        }
    }
}
