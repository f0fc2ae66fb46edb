using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <content>Clients that were in the room when the server was restarted.</content>
internal sealed partial class Room
{
    /// <summary>Puts a client back where it was; nobody is told, since nobody was told that it had gone.</summary>
    public void Restore(ISession session, Occupancy occupancy)
    {
        var account = session.Jid.Bare;
        var affiliation = AffiliationOf(account);
        if (!Exists || affiliation == Affiliation.Outcast || _sessions.ContainsKey(session.Jid)
            || (FindNick(occupancy.Nick) is { } other && other.Account != account))
        {
            Occupancy.Remove(session, Jid);
            return;
        }
        var occupant = FindNick(occupancy.Nick);
        if (occupant is null)
        {
            occupant = AddOccupant(occupancy.Nick, account, affiliation);
            occupant.Role = occupancy.Role;
        }
        var restored = new OccupantSession(session.Jid, session)
        {
            Occupant = occupant,
            Presence = RoomStanzas.ContentOf(occupancy.Presence),
        };
        occupant.Sessions.Add(restored);
        occupant.Forget();
        Add(restored);
    }

    /// <summary>Gives a message to those who hadn't got it yet when the server was killed. Nothing came behind it.</summary>
    public void SendRest(PartlySentMessage message)
    {
        var stanza = RoomStanzas.OfArchive(message.Message);
        foreach (var recipient in _recipients)
        {
            if (!message.Recipients.Contains(recipient.Jid))
                Send(recipient, stanza);
        }
    }
}
