using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Entering (XEP-0045 §7.2), in the order that §7.1 wants, and making a room by that (§10.1).</content>
internal sealed partial class Room
{
    /// <summary>Available presence of somebody: it enters, says something else of itself, or takes another nick.</summary>
    /// <returns>What it is told, or null.</returns>
    public StanzaError? HandleAvailable(ServiceStanza presence)
    {
        var element = presence.View.ToElement();
        var isJoin = element.Child(Muc.Join) is not null;
        if (presence.To.Resource is not { } nick)
            return Refusal(StanzaErrorCondition.JidMalformed, "A nick is needed, as in room@service/nick."); // §7.2.1
        if (_sessions.TryGetValue(presence.From, out var session) && session.Session != presence.Sender)
        {
            Replace(session);
            session = null;
        }
        if (session is not null)
        {
            if (!IsInPace(session))
                return TooFast();
            if (nick != session.Occupant.Nick)
                return ChangeNick(session, presence, element, nick);
            Update(session, presence, element);
            return null;
        }
        if (!isJoin)
        {
            SendNotInRoom(presence);
            return null;
        }
        return Enter(presence, element, nick);
    }

    private StanzaError? Enter(ServiceStanza presence, Element element, string nick)
    {
        var account = presence.From.Bare;
        var isNew = !Exists;
        if (isNew && RoomPolicy.CheckCreation(_services, Jid, account, Host) is { } refusal)
            return Refusal(refusal.Condition, refusal.Text);
        if (IsLocked)
            return Refusal(StanzaErrorCondition.ItemNotFound, "The room is not configured yet."); // §7.2.11
        var affiliation = isNew ? Affiliation.Owner : AffiliationOf(account);
        var join = element.Child(Muc.Join)!;
        if (CheckEntry(affiliation, join.Child(Muc.Ns, "password")?.Text) is { } denied)
            return denied;
        if (CheckNick(account, nick) is { } nickDenied)
            return nickDenied;
        var occupant = FindNick(nick);
        if (occupant is null && IsFull(affiliation))
            return new(StanzaErrorCondition.ServiceUnavailable, StanzaErrorType.Wait, "The room is full.") { By = Jid }; // §7.2.10
        if (presence.Sender is { } local && Occupancy.Of(local).Length >= Options.RoomsPerClient)
            return Refusal(StanzaErrorCondition.ResourceConstraint, "You are in too many rooms.");
        if (isNew)
            Create(account);

        occupant ??= AddOccupant(nick, account, affiliation);
        var session = new OccupantSession(presence.From, presence.Sender)
        {
            Occupant = occupant,
            Presence = RoomStanzas.ContentOf(element),
        };
        occupant.Sessions.Add(session);
        occupant.Forget();
        session.WantsVersions = SendAffiliations(session, join, presence.View.Attribute("id"u8));
        SendRoster(session);
        Add(session);
        Keep(session);
        AnnounceNow(occupant, session, presence.View.Attribute("id"u8),
        [
            .. WarningsOnEntering(),
            .. isNew ? [RoomStatus.Created] : Array.Empty<int>(),
            .. occupant.Nick != nick ? [RoomStatus.NickAssigned] : Array.Empty<int>(),
        ]);
        SendPast(session, HistoryRequest.Parse(join.Child(Muc.Ns, "history"), Now));
        if (session.Session is { } entered && _services.Sessions.Find(session.Jid) != entered)
            NoteUnreachable(session); // It has ended meanwhile, before it was known to be here.
        return null;
    }

    private Occupant AddOccupant(string nick, Jid account, Affiliation affiliation)
    {
        var occupant = new Occupant(Jid.WithResource(nick), account, _occupantIds.Of(Jid, account))
        {
            Affiliation = affiliation,
            Role = RoomRules.InitialRole(affiliation, Configuration.IsModerated, Configuration.IsMembersOnly),
            Hats = Configuration.Hats.Of(account),
        };
        _occupants.Add(Occupant.KeyOf(nick), occupant);
        return occupant;
    }

    /// <summary>Makes the room, locked (§10.1.1).</summary>
    private void Create(Jid owner)
    {
        (Exists, IsLocked, Created, Configuration) = (true, true, Now, RoomDefaults.ConfigurationOf(Options));
        _version = Created.ToUnixTimeMilliseconds();
        Note(new(owner, Affiliation.Owner));
    }

    /// <summary>Whether somebody may come in at all.</summary>
    private StanzaError? CheckEntry(Affiliation affiliation, string? password)
    {
        if (affiliation == Affiliation.Outcast)
            return Refusal(StanzaErrorCondition.Forbidden, "You are banned from this room."); // §7.2.7
        if (Configuration.IsMembersOnly && affiliation < Affiliation.Member)
            return Refusal(StanzaErrorCondition.RegistrationRequired, "This room is for members only."); // §7.2.6
        if (Configuration.IsPasswordProtected && password != Configuration.Password)
            return Refusal(StanzaErrorCondition.NotAuthorized, "A password is needed."); // §7.2.5
        return null;
    }

    /// <summary>Whether somebody may have a nick (§7.2.8, §7.6, §17.1).</summary>
    private StanzaError? CheckNick(Jid account, string nick)
    {
        // That it can be seen RFC 7622 §3.4 sees to.
        if (nick.Length > Options.NickLength)
            return Refusal(StanzaErrorCondition.NotAcceptable, $"A nick has at most {Options.NickLength} characters.");
        var key = Occupant.KeyOf(nick);
        return (_occupants.TryGetValue(key, out var other) && other.Account != account)
            || (_reservedNicks.TryGetValue(key, out var owner) && owner != account)
            ? Refusal(StanzaErrorCondition.Conflict, "Somebody else has this nick.")
            : null;
    }

    /// <summary>§7.2.10: some more admins come in always.</summary>
    private bool IsFull(Affiliation affiliation)
    {
        var max = Math.Min(Configuration.MaxOccupants ?? int.MaxValue, Options.MaxOccupants);
        return _occupants.Count >= max + (affiliation >= Affiliation.Admin ? Options.MoreOccupants : 0);
    }

    private IEnumerable<int> WarningsOnEntering()
    {
        if (Configuration.IsNonAnonymous)
            yield return RoomStatus.NonAnonymous; // §7.2.3
        if (Configuration.IsLogged)
            yield return RoomStatus.Logged; // §7.2.12
    }

    /// <summary>The room's picture, what was said before, and then the subject (§7.2.13-7.2.15).</summary>
    private void SendPast(OccupantSession session, HistoryRequest request)
    {
        if (Configuration.Avatar is { Hashes: [_, ..] })
            Send(session, AvatarPresence());
        foreach (var message in _history.Select(request, Math.Min(Configuration.HistoryLength, Options.MaxHistory), session.Jid))
            Send(session, message);
        Send(session, SubjectStanza());
    }

    /// <summary>§7.2.17: a client that isn't in the room takes itself to be.</summary>
    private void SendNotInRoom(ServiceStanza presence)
    {
        var item = new PresenceItem(Affiliation.None, Role.None) { Reason = "You are not in the room." };
        var stanza = RoomStanzas.Presence(
            presence.To, [], item, "unavailable", id: null, [RoomStatus.Self, RoomStatus.Kicked, RoomStatus.Unreachable]);
        if (presence.Sender is { } sender)
            sender.Send(stanza, presence.From);
        else
            _services.Stanzas.Send(stanza, presence.From);
    }

    private bool IsInPace(OccupantSession session) =>
        session.Pace.Take(Now.UtcTicks, Options.StanzasPerSecond, Options.BurstStanzas);

    private StanzaError TooFast() => Refusal(StanzaErrorCondition.ResourceConstraint, "You send too much at once.");
}
