using System.Runtime.InteropServices;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>What occupants see of each other.</content>
internal sealed partial class Room
{
    /// <summary>Whether others see the presence of a role (<c>muc#roomconfig_presencebroadcast</c>).</summary>
    private bool IsShown(Role role) => Configuration.Broadcast.Contains(role);

    /// <summary>Tells everybody of an occupant.</summary>
    /// <param name="role">By which it is decided whether others are told.</param>
    /// <param name="cause">The client whose stanza is answered by it.</param>
    private void Announce(Occupant occupant, PresenceNotice notice, Role role, OccupantSession? cause = null)
    {
        var isShown = IsShown(role);
        var others = new BroadcastStanza?[4];
        foreach (var recipient in CollectionsMarshal.AsSpan(_recipients))
        {
            if (recipient == cause || recipient.Occupant == occupant)
            {
                Send(recipient, notice.ForSelf(occupant.Address, isAnswer: recipient == cause, VersionsFor(recipient, notice.Item)));
                continue;
            }
            if (!isShown)
                continue;
            var (withJid, withVersions) = (SeesJids(recipient.Occupant), notice.Item.Versions is not null && recipient.WantsVersions);
            Send(recipient, others[(withJid ? 1 : 0) + (withVersions ? 2 : 0)] ??= ForOthers(withJid, withVersions));
        }

        BroadcastStanza ForOthers(bool withJid, bool withVersions) =>
            notice is { Type: null, Status: [], Item.Actor: null, Item.Reason: null } && !withVersions
                ? occupant.Presence(withJid)
                : notice.ForOthers(occupant.Address, withJid, withVersions);
    }

    /// <summary>XEP-0463 §5.2.1: who follows the versions is told which there is with each presence of its own.</summary>
    private Element? VersionsFor(OccupantSession session, PresenceItem item) =>
        session.WantsVersions ? item.Versions ?? AffiliationVersions.Of(since: null, _version) : null;

    /// <summary>Tells everybody of an occupant as it is.</summary>
    private void AnnounceNow(Occupant occupant, OccupantSession? cause, string? id, params IReadOnlyList<int> ownStatus) => Announce(
        occupant, new(occupant.Item, occupant.Shown.Presence) { Id = id, OwnStatus = ownStatus }, occupant.Role, cause);

    /// <summary>
    /// Tells everybody of an occupant whose role or affiliation has changed. To whom it isn't shown any more it is gone; who has become a
    /// moderator sees who others are.
    /// </summary>
    /// <param name="before">Its role until now.</param>
    /// <param name="versions">Of the list of affiliations, if that has changed by it.</param>
    private void AnnounceChange(Occupant occupant, Role before, string? actor, string? reason, Element? versions)
    {
        var notice = new PresenceNotice(
            occupant.Item with { Actor = actor, Reason = reason, Versions = versions }, occupant.Shown.Presence);
        Announce(occupant, notice, occupant.Role);
        if (IsShown(before) && !IsShown(occupant.Role))
        {
            var gone = new PresenceNotice(occupant.Item with { Role = Role.None }, []) { Type = "unavailable" };
            foreach (var recipient in CollectionsMarshal.AsSpan(_recipients))
            {
                if (recipient.Occupant != occupant)
                    Send(recipient, gone.ForOthers(occupant.Address, SeesJids(recipient.Occupant)));
            }
        }
        if (occupant.Role == Role.Moderator && before != Role.Moderator && !Configuration.IsNonAnonymous)
        {
            foreach (var session in occupant.Sessions)
                SendRoster(session);
        }
        foreach (var session in occupant.Sessions)
            Keep(session);
    }

    /// <summary>Sends the presence of all other occupants.</summary>
    private void SendRoster(OccupantSession recipient)
    {
        var withJid = SeesJids(recipient.Occupant);
        foreach (var occupant in _occupants.Values)
        {
            if (occupant != recipient.Occupant && IsShown(occupant.Role))
                Send(recipient, occupant.Presence(withJid));
        }
    }

    /// <summary>An occupant's client says something else of itself (§7.7), or wants to be told everything again (§17.3).</summary>
    private void Update(OccupantSession session, ServiceStanza presence, Element element)
    {
        var occupant = session.Occupant;
        session.Presence = RoomStanzas.ContentOf(element);
        occupant.Sessions.Remove(session);
        occupant.Sessions.Add(session);
        occupant.Forget();
        Keep(session);
        var id = presence.View.Attribute("id"u8);
        if (element.Child(Muc.Join) is not { } join)
        {
            AnnounceNow(occupant, session, id);
            return;
        }
        session.WantsVersions = SendAffiliations(session, join, id);
        SendRoster(session);
        AnnounceNow(occupant, session, id, [.. WarningsOnEntering()]);
        SendPast(session, HistoryRequest.Parse(join.Child(Muc.Ns, "history"), Now));
    }

    /// <summary>Writes down where a client is.</summary>
    private void Keep(OccupantSession session)
    {
        if (session.Session is { } local)
        {
            Occupancy.Set(local, new(
                Jid, session.Occupant.Nick, session.Occupant.Role, new Element(Namespaces.Client, "presence", session.Presence)));
        }
    }
}
