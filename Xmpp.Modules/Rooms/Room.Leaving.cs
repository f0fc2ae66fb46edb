using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Leaving (XEP-0045 §7.14), and being removed.</content>
internal sealed partial class Room
{
    /// <summary>A client leaves. Of who isn't there nothing is said (§17.3).</summary>
    /// <param name="client">Its session where it is local: another one may have the same JID by now.</param>
    /// <param name="presence">Its last words, or null.</param>
    /// <param name="hasEnded">Whether it can't be told any more.</param>
    public async ValueTask LeaveAsync(
        Jid fullJid, ISession? client, Element? presence, bool hasEnded, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(fullJid, out var session) || session.Session != client)
            return;
        var content = presence is null ? [] : RoomStanzas.ContentOf(presence);
        if (IsLocked)
        {
            // §10.1.3: the room is over before it has begun.
            Remove(session);
            if (!hasEnded)
                Send(session, DestroyedPresence(session, new Destruction(null, null, null)));
            Forget();
            return;
        }
        if (hasEnded)
            Remove(session);
        Depart(session, Gone(session, content) with { Id = presence?["id"] });
        await EndIfEmptyAsync(cancellationToken);
    }

    /// <summary>A client has ended before it was known to be here, or what is sent to it comes back (§16.1.2).</summary>
    public async ValueTask RemoveUnreachableAsync(CancellationToken cancellationToken)
    {
        var unreachable = _unreachable.ToArray();
        _unreachable.Clear();
        foreach (var session in unreachable)
        {
            if (_sessions.GetValueOrDefault(session.Jid) != session)
                continue;
            Depart(session, Gone(session, []) with { Status = [RoomStatus.Unreachable] });
        }
        // Telling the one fails as before.
        _unreachable.RemoveAll(session => !_sessions.ContainsKey(session.Jid));
        await EndIfEmptyAsync(cancellationToken);
    }

    /// <summary>A client has ended, of which the room hasn't heard yet, and another one with its JID is here (RFC 6120 §7.7.2.2).</summary>
    private void Replace(OccupantSession session)
    {
        Remove(session);
        Depart(session, Gone(session, []));
    }

    /// <summary>The service ends (§14.2): clients that won't find themselves in the room afterwards are told.</summary>
    public void TellShutDown()
    {
        foreach (var recipient in _recipients.Where(recipient => recipient.Session is not { OutlivesProcess: true }))
        {
            Send(recipient, RoomStanzas.Presence(
                recipient.Occupant.Address, [], new(Affiliation.None, Role.None), "unavailable", id: null,
                [RoomStatus.Self, RoomStatus.ShutDown]));
        }
    }

    private static PresenceNotice Gone(OccupantSession session, ImmutableArray<object> content) =>
        new(session.Occupant.Item with { Role = Role.None, Jid = session.Jid }, content) { Type = "unavailable" };

    /// <summary>Tells a client, and when its occupant has no other, everybody; then it is out.</summary>
    private void Depart(OccupantSession session, PresenceNotice notice)
    {
        var occupant = session.Occupant;
        var isLast = occupant.Sessions is [_];
        var wasShown = occupant.Shown == session;
        if (isLast)
        {
            Announce(occupant, notice, occupant.Role, session);
            _occupants.Remove(Occupant.KeyOf(occupant.Nick));
        }
        else if (_sessions.ContainsKey(session.Jid))
        {
            Send(session, notice.ForSelf(occupant.Address, isAnswer: true));
        }
        if (_sessions.ContainsKey(session.Jid))
            Remove(session);
        occupant.Sessions.Remove(session);
        occupant.Forget();
        if (!isLast && wasShown)
            AnnounceNow(occupant, cause: null, id: null);
    }

    /// <summary>Removes an occupant with all its clients (§8.2, §9.1).</summary>
    private void Expel(Occupant occupant, PresenceNotice notice)
    {
        Announce(occupant, notice, occupant.Role);
        _occupants.Remove(Occupant.KeyOf(occupant.Nick));
        foreach (var session in occupant.Sessions)
            Remove(session);
    }

    /// <summary>§7.14: a room that isn't persistent goes with the last who was in it.</summary>
    public async ValueTask EndIfEmptyAsync(CancellationToken cancellationToken)
    {
        if (_sessions.Count > 0 || Configuration.IsPersistent || !Exists)
            return;
        await _services.Store.RemoveAsync(Jid, cancellationToken);
        Forget();
    }

    /// <summary>There is no such room any more: when it is given back it leaves the directory.</summary>
    private void Forget() => Exists = false;
}
