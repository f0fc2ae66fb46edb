using System.Runtime.InteropServices;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// A room (XEP-0045). Whoever calls has it alone (<see cref="RoomMailbox"/>), so nothing here is locked. What it keeps is stored before
/// anybody is told of it; only messages don't wait for that.
/// </summary>
internal sealed partial class Room
{
    private readonly RoomServices _services;
    private readonly RoomDirectory _directory;
    private readonly Dictionary<Jid, RoomMember> _members = [];
    private readonly Dictionary<string, Jid> _reservedNicks = [];
    private readonly Dictionary<string, Occupant> _occupants = [];
    private readonly Dictionary<Jid, OccupantSession> _sessions = [];
    private readonly List<OccupantSession> _recipients = [];
    private readonly List<OccupantSession> _unreachable = [];
    private readonly RoomHistory _history;
    private readonly SlowMode _slowMode = new();
    private readonly RoomActivity _activity;
    private readonly RoomPost _post;
    private OccupantIds _occupantIds = null!; // Known when it is loaded.

    public Room(Jid jid, string host, RoomDirectory directory)
    {
        (Jid, Host, _services, _directory) = (jid, host, directory.Services, directory);
        (_history, _activity, _post) = (new(jid), new(Now), new(jid, _services));
        Mailbox = new(_services.Sessions, Say);
    }

    /// <summary>The room JID.</summary>
    public Jid Jid { get; }

    /// <summary>That its service belongs to.</summary>
    public string Host { get; }

    public RoomMailbox Mailbox { get; }

    /// <summary>Whether it is known if there is such a room.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Whether there is such a room; a locked one counts.</summary>
    public bool Exists { get; private set; }

    /// <summary>Whether it awaits its first configuration: it is in memory only, and nobody but its creator comes in (§10.1.1).</summary>
    public bool IsLocked { get; private set; }

    /// <summary>When somebody had it last.</summary>
    public DateTimeOffset LastUsed { get; set; }

    /// <summary>Not in the directory any more: whoever waited for it has to look again.</summary>
    public bool IsGone { get; private set; }

    public RoomConfiguration Configuration { get; private set; } = new();

    public RoomSubject? Subject { get; private set; }

    public DateTimeOffset Created { get; private set; }

    public IReadOnlyCollection<Occupant> Occupants => _occupants.Values;

    public IReadOnlyCollection<RoomMember> Members => _members.Values;

    private RoomOptions Options => _services.Options;

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    /// <summary>Takes over what the store has; null: there is no such room.</summary>
    /// <param name="occupantIds">Of the host's rooms.</param>
    public void Load(StoredRoom? stored, OccupantIds occupantIds)
    {
        (IsLoaded, _occupantIds) = (true, occupantIds);
        if (stored is null)
            return;
        (Exists, Created, Subject) = (true, stored.Created, stored.Subject);
        _version = Created.ToUnixTimeMilliseconds();
        Configuration = RoomConfiguration.Of(stored.Settings);
        foreach (var member in stored.Members)
            Note(member);
    }

    /// <summary>Lets the next one have the room. One that doesn't exist is forgotten.</summary>
    public void Exit()
    {
        if (!Exists)
            Unload();
        Mailbox.Exit();
    }

    /// <summary>Whether it is in memory for nobody.</summary>
    /// <param name="time">Since when.</param>
    public bool IsIdleSince(DateTimeOffset time) => _sessions.Count == 0 && !IsLocked && LastUsed <= time;

    /// <summary>Takes it out of memory; whoever names it next loads it.</summary>
    public void Unload()
    {
        IsGone = true;
        _directory.Remove(this);
    }

    /// <param name="account">A bare JID.</param>
    public Affiliation AffiliationOf(Jid account)
    {
        if (_services.Administrators.IsAdministrator(account, Host))
            return Affiliation.Owner;
        if (_members.TryGetValue(account, out var member) && member.Affiliation != Affiliation.None)
            return member.Affiliation;
        // §9.2: a domain stands for all who are there.
        return account.Local is not null && _members.TryGetValue(account.Host, out var domain) ? domain.Affiliation : Affiliation.None;
    }

    /// <summary>What is kept of somebody, or would be.</summary>
    /// <param name="account">A bare JID.</param>
    private RoomMember MemberOf(Jid account) => _members.GetValueOrDefault(account) ?? new(account, Affiliation.None);

    /// <summary>The occupant of a client; null when it isn't in the room.</summary>
    public Occupant? OccupantOf(Jid fullJid) => _sessions.GetValueOrDefault(fullJid)?.Occupant;

    public Occupant? FindNick(string nick) => _occupants.GetValueOrDefault(Occupant.KeyOf(nick));

    /// <summary>Whether an occupant sees who others are.</summary>
    private bool SeesJids(Occupant occupant) => Configuration.IsNonAnonymous || occupant.Role == Role.Moderator;

    /// <summary>An error of the room's (§7.2).</summary>
    private StanzaError Refusal(StanzaErrorCondition condition, string? text = null) =>
        StanzaError.Of(condition, text) with { By = Jid };

    /// <summary>Stores a change, then makes it. What isn't unlocked is in memory only.</summary>
    private async ValueTask ChangeAsync(RoomChange change, CancellationToken cancellationToken)
    {
        if (!IsLocked)
            await _services.Store.ApplyAsync(Jid, change, cancellationToken);
        if (change.Settings is { } settings)
            Configuration = RoomConfiguration.Of(settings);
        _listeners = null;
        Subject = change.Subject ?? Subject;
        foreach (var deleted in change.Deleted)
            Note(new(deleted, Affiliation.None));
        foreach (var saved in change.Saved)
            Note(saved);
    }

    /// <summary>Takes note of what is kept of somebody; of whom nothing is, is forgotten.</summary>
    private void Note(RoomMember member)
    {
        _version = Math.Max(_version, member.Version);
        if (member.Jid == Jid)
        {
            _floor = member.Version;
            return;
        }
        _removed.Remove(member.Jid);
        if (_members.Remove(member.Jid, out var before) && before.Nick is { } nick)
            _reservedNicks.Remove(Occupant.KeyOf(nick));
        if (member is { Affiliation: Affiliation.None, Nick: null })
        {
            if (member.Version > 0)
                _removed[member.Jid] = member.Version;
            return;
        }
        _members[member.Jid] = member;
        if (member.Nick is { } reserved)
            _reservedNicks[Occupant.KeyOf(reserved)] = member.Jid;
    }

    private void Add(OccupantSession session)
    {
        session.Index = _recipients.Count;
        _recipients.Add(session);
        _sessions[session.Jid] = session;
    }

    private void Remove(OccupantSession session)
    {
        _sessions.Remove(session.Jid);
        var last = _recipients[^1];
        _recipients[session.Index] = last;
        last.Index = session.Index;
        _recipients.RemoveAt(_recipients.Count - 1);
        if (session.Session is { } local)
            Occupancy.Remove(local, Jid);
    }

    /// <summary>Sends the same to everybody.</summary>
    /// <param name="sender">The local session whose message it is that is being handled.</param>
    private void Broadcast(BroadcastStanza stanza, ISession? sender)
    {
        foreach (var recipient in CollectionsMarshal.AsSpan(_recipients))
            Send(recipient, stanza, sender);
    }

    private void Send(OccupantSession recipient, BroadcastStanza stanza, ISession? sender = null)
    {
        if (recipient.Session is { } session)
            session.Send(stanza, recipient.Jid, sender);
        else if (_services.Stanzas.Send(stanza, recipient.Jid) is not null)
            NoteUnreachable(recipient);
    }

    /// <summary>Somebody can't be reached (§14.1, §16.1.2): it is removed, not now, since whoever notices is in the middle of it.</summary>
    private void NoteUnreachable(OccupantSession session)
    {
        _unreachable.Add(session);
        if (_unreachable.Count == 1)
        {
            _services.Tasks.Run($"Removal of unreachable occupants of {Jid}", async cancellationToken =>
            {
                using var turn = await _directory.EnterAsync(Jid, Host, cancellationToken);
                await turn.Room.RemoveUnreachableAsync(cancellationToken);
            });
        }
    }

    /// <summary>Answers a request at this place among what is sent otherwise.</summary>
    private void Reply(ServiceStanza iq, Element? payload = null)
    {
        var reply = new Element(Namespaces.Client, "iq",
            Element.Attr("type", "result"),
            Element.Attr("id", iq.View.Attribute("id"u8)),
            Element.Attr("from", iq.To.ToString()),
            Element.Attr("to", iq.From.ToString()),
            payload);
        if (iq.Sender is { } sender)
            sender.Send(reply);
        else
            _services.Stanzas.Send(reply, iq.From);
    }
}
