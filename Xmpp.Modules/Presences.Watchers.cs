using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <content>Those who are told of presence without being anybody's contact (XEP-0356 §7).</content>
public sealed partial class Presences
{
    /// <summary>Tells a watcher who has come what it would know by now (XEP-0356 §8, rule 1).</summary>
    public void Brief(Jid watcher) => _sessions.Together(() =>
    {
        var isOfContacts = _watchers?.OfContacts.Contains(watcher) == true;
        foreach (var account in _sessions.All.GroupBy(session => session.Jid.Bare))
        {
            lock (GateOf(account.Key))
            {
                var available = account.Where(session => session.Presence is not null).ToList();
                foreach (var session in available)
                {
                    if (session.Presence is { } presence)
                        SendOut(presence.Stanza, watcher);
                }
                // What other servers have said of contacts isn't kept here: it is asked for.
                if (isOfContacts && available.Count > 0 && _rosters.Find(account.Key) is { } roster)
                    Probe(account.Key, roster);
            }
        }
    });

    /// <summary>Tells watchers the presence of somebody elsewhere, when an account that gets it is subscribed to it.</summary>
    internal async ValueTask PassToWatchersAsync(RemotePresence presence, CancellationToken cancellationToken)
    {
        if (_watchers is not { OfContacts: { IsEmpty: false } watchers } || presence.Type is not (null or "unavailable")
            || await _rosters.GetAsync(presence.To.Bare, cancellationToken) is not { } roster
            || roster.Find(presence.From.Bare) is not { } entry || (entry.Subscription & SubscriptionState.To) == 0)
        {
            return;
        }
        var stanza = BroadcastStanza.Of(presence.Stanza);
        foreach (var watcher in watchers)
            SendOut(stanza, watcher);
    }

    private void Probe(Jid account, Roster roster)
    {
        foreach (var entry in roster.Entries)
        {
            if ((entry.Subscription & SubscriptionState.To) != 0 && !_hosts.IsLocal(entry.Contact))
                _remote.Send(entry.Contact, PresenceStanzas.Probe(account, entry.Contact));
        }
    }
}
