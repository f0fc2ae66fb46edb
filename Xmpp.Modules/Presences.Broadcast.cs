using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>Coming, changing and going: what is broadcast (RFC 6121 §4.2, §4.4, §4.5).</summary>
public sealed partial class Presences
{
    /// <summary>Makes a session available, or its presence another one.</summary>
    internal async ValueTask GoOnlineAsync(ISession session, AvailablePresence presence, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        var state = PresenceSession.Of(session);
        var isInitial = session.Presence is null;
        var roster = await _rosters.GetAsync(account, cancellationToken) ?? Roster.Empty;
        // With its rules in memory, as those of all who are available, guards answer at once.
        if (isInitial && _guards.HasGuards)
            await _guards.CheckAsync(new(StanzaKind.Presence, account, MessageDirection.Received, account.Host, null), cancellationToken);
        await _sessions.MakeAvailableAsync(session, presence);

        Later? later = null;
        _sessions.Together(() =>
        {
            lock (GateOf(account))
            {
                if (state.HasEnded)
                {
                    session.Presence = null;
                    return;
                }
                if (isInitial)
                    Introduce(session);
                // What it is by now: contacts may have come or gone meanwhile, and the presence may have been amended.
                roster = _rosters.Find(account) ?? roster;
                presence = session.Presence ?? presence;
                Broadcast(session, presence.Stanza, null, roster, ref later);
            }
            if (isInitial)
                Welcome(session, roster, ref later);
        });
        if (later is null)
            return;
        await later.TellAsync(contact => TellNow(session, presence, contact));
        foreach (var contact in later.Unknown)
        {
            if (await MaySeeAsync(session.Jid, contact, cancellationToken))
                await TellAsync(contact, account, session, cancellationToken);
        }
    }

    /// <summary>Puts another presence in the place of a session's, unless it is another one by now.</summary>
    internal async ValueTask AmendAsync(
        ISession session, AvailablePresence before, AvailablePresence after, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        var roster = await _rosters.GetAsync(account, cancellationToken) ?? Roster.Empty;
        Later? later = null;
        _sessions.Together(() =>
        {
            lock (GateOf(account))
            {
                // What the client says meanwhile counts.
                if (PresenceSession.Of(session).HasEnded || !session.TryReplacePresence(before, after))
                    return;
                Broadcast(session, after.Stanza, null, _rosters.Find(account) ?? roster, ref later);
            }
        });
        if (later is not null)
            await later.TellAsync(contact => TellNow(session, after, contact));
    }

    private void TellNow(ISession session, AvailablePresence presence, Jid contact)
    {
        lock (GateOf(session.Jid.Bare))
        {
            if (session.Presence == presence)
                SendToAvailable(presence.Stanza, contact, null, session.Jid);
        }
    }

    /// <summary>Makes a session unavailable to all who knew it as available.</summary>
    /// <param name="unavailable">With 'from' and without 'to'.</param>
    /// <param name="hasEnded">Whether the session is over, and has left the directory.</param>
    internal async ValueTask GoOfflineAsync(ISession session, Element unavailable, bool hasEnded, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        var state = PresenceSession.Of(session);
        if (hasEnded)
        {
            lock (GateOf(account))
                state.HasEnded = true;
        }
        if (session.Presence is null && !state.HasDirected)
            return;
        var roster = await _rosters.GetAsync(account, cancellationToken) ?? Roster.Empty;

        var stanza = BroadcastStanza.Of(unavailable);
        Later? later = null;
        ValueTask noted = default;
        _sessions.Together(() =>
        {
            lock (GateOf(account))
            {
                var wasAvailable = session.Presence is not null;
                session.Presence = null;
                roster = _rosters.Find(account) ?? roster;
                if (wasAvailable)
                {
                    // Noted before anybody is told, who may ask at once.
                    if (!IsAvailable(account))
                        noted = _lastSeen.SetAsync(account, new LastSeen(_time.GetUtcNow(), stanza.Utf8), cancellationToken);
                    Broadcast(session, stanza, "unavailable", roster, ref later);
                    // §4.5.2: "as well as to the resource that generated the unavailable presence in the first place".
                    if (!hasEnded)
                        session.Send(stanza, session.Jid);
                }
                foreach (var to in state.Take())
                {
                    if (!wasAvailable || !IsTold(to, bare => bare == account || roster.IsSubscribed(bare)))
                        SendTo(stanza, to, "unavailable", session.Jid);
                }
            }
        });
        if (later is not null)
        {
            await later.TellAsync(contact =>
            {
                lock (GateOf(account))
                {
                    if (session.Presence is null)
                        SendToAvailable(stanza, contact, "unavailable", session.Jid);
                }
            });
        }
        await noted;
    }

    private bool IsAvailable(Jid account)
    {
        foreach (var resource in _sessions.Of(account))
        {
            if (resource.Presence is not null)
                return true;
        }
        return false;
    }

    /// <summary>A newcomer learns of the account's other resources.</summary>
    private void Introduce(ISession newcomer)
    {
        foreach (var resource in _sessions.Of(newcomer.Jid.Bare))
        {
            if (resource != newcomer && resource.Presence is { } presence)
                newcomer.Send(presence.Stanza, newcomer.Jid);
        }
    }

    /// <summary>To the account's own available resources and to its subscribers (§4.2.2, §4.4.2, §4.5.2). In the account's gate.</summary>
    private void Broadcast(ISession session, BroadcastStanza stanza, string? type, Roster roster, ref Later? later)
    {
        foreach (var resource in _sessions.Of(session.Jid.Bare))
        {
            if (resource.Presence is not null)
                Send(stanza, resource, resource.Jid, type, session.Jid);
        }
        foreach (var entry in roster.Entries)
        {
            if ((entry.Subscription & SubscriptionState.From) == 0)
                continue;
            var contact = entry.Contact.Bare;
            var resources = _sessions.Of(contact);
            if (resources.IsEmpty && _hosts.IsLocal(contact))
                continue;
            var passes = PassesAsync(session.Jid, contact, type, CancellationToken.None);
            if (!passes.IsCompletedSuccessfully)
            {
                (later ??= new()).Add(contact, passes);
                continue;
            }
            if (!passes.Result)
                continue;
            if (resources.IsEmpty)
                SendOut(stanza, contact);
            foreach (var resource in resources)
            {
                if (resource.Presence is not null)
                    Send(stanza, resource, contact, type, session.Jid);
            }
        }
        foreach (var watcher in _watchers?.OfAccounts ?? [])
            SendOut(stanza, watcher);
    }

    /// <summary>
    /// What a newcomer is told: the presence of those it is subscribed to, as if it had probed them (§4.3.1), and who waits for an
    /// answer (§3.1.3). Of contacts who are offline nothing, as §4.3.2 leaves to us: it would have to be read for each of them.
    /// </summary>
    private void Welcome(ISession newcomer, Roster roster, ref Later? later)
    {
        var account = newcomer.Jid.Bare;
        foreach (var entry in roster.Entries)
        {
            if ((entry.Subscription & SubscriptionState.To) != 0)
            {
                if (!_sessions.Of(entry.Contact).IsEmpty)
                    Answer(newcomer, account, entry.Contact, ref later);
                else if (!_hosts.IsLocal(entry.Contact))
                    _remote.Send(entry.Contact, PresenceStanzas.Probe(newcomer.Jid, entry.Contact)); // §4.3.1
            }
            if (entry.Request is { } request)
                newcomer.Send(request);
        }
    }

    private void Answer(ISession newcomer, Jid account, Jid contact, ref Later? later)
    {
        if (_rosters.Find(contact) is not { } roster)
        {
            (later ??= new()).Unknown.Add(contact);
            return;
        }
        if (!roster.IsSubscribed(account))
            return;
        lock (GateOf(contact))
        {
            foreach (var resource in _sessions.Of(contact))
            {
                if (resource.Presence is not { } presence)
                    continue;
                var passes = PassesAsync(resource.Jid, account, null, CancellationToken.None);
                if (!passes.IsCompletedSuccessfully)
                {
                    // It is asked again, when the rules are in memory.
                    (later ??= new()).Wait(contact, passes);
                    break;
                }
                if (passes.Result)
                    newcomer.Send(presence.Stanza, account);
            }
        }
    }

    /// <summary>Those for whom it could not be said at once whether they are to be told.</summary>
    private sealed class Later
    {
        private readonly List<(Jid Contact, Task<bool> Passes)> _contacts = [];

        /// <summary>Contacts whose presence is still to be told.</summary>
        public List<Jid> Unknown { get; } = [];

        public void Add(Jid contact, ValueTask<bool> passes) => _contacts.Add((contact, passes.AsTask()));

        public void Wait(Jid contact, ValueTask<bool> passes)
        {
            _contacts.Add((contact, DiscardAsync(passes)));
            Unknown.Add(contact);

            static async Task<bool> DiscardAsync(ValueTask<bool> passes)
            {
                await passes;
                return false;
            }
        }

        public async ValueTask TellAsync(Action<Jid> tell)
        {
            foreach (var (contact, passes) in _contacts)
            {
                if (await passes)
                    tell(contact);
            }
        }
    }
}
