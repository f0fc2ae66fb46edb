using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>Answers to presence probes (RFC 6121 §4.3.2, §4.6.6).</summary>
public sealed partial class Presences
{
    /// <summary>Answers a probe of somebody of this server, to who sent it.</summary>
    /// <param name="session">The prober's; null for one who is not local.</param>
    /// <param name="probe">With its 'id', which is in answers that are the server's own (§4.3.2.1).</param>
    /// <returns>False when the prober is to be told that it is not subscribed.</returns>
    internal async ValueTask<bool> AnswerProbeAsync(
        Jid prober, ISession? session, Jid target, Element probe, CancellationToken cancellationToken)
    {
        var (watcher, account) = (prober.Bare, target.Bare);
        var isSubscribed = watcher == account
            || await _rosters.GetAsync(account, cancellationToken) is { } roster && roster.IsSubscribed(watcher);
        if (target.IsFull)
        {
            var isDirected = IsDirectedTo(prober, target);
            if (!isSubscribed && !isDirected)
                return false;
            // Only that it is there: not who else is, nor how it is.
            var isThere = isDirected || _sessions.Find(target)?.Presence is not null;
            Reply(PresenceStanzas.Mere(target, isThere ? null : "unavailable", probe["id"], prober));
            return true;
        }
        if (!isSubscribed)
            return false;
        if (IsAvailable(account))
            await TellAsync(account, watcher, session, cancellationToken);
        else
            Reply(PresenceStanzas.LastSeen(account, await _lastSeen.FindAsync(account, cancellationToken), probe["id"], prober));
        return true;

        void Reply(Element presence)
        {
            if (session is not null)
                session.Send(presence);
            else
                _remote.Send(prober, presence);
        }
    }

    /// <summary>Tells an available session what the presence of its contacts is, as if it had probed them one by one (§4.3.2).</summary>
    internal async ValueTask RefreshAsync(ISession session, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        if (await _rosters.GetAsync(account, cancellationToken) is not { } roster)
            return;
        foreach (var entry in roster.Entries.ToArray())
        {
            if ((entry.Subscription & SubscriptionState.To) == 0)
                continue;
            if (IsAvailable(entry.Contact))
                await TellAsync(entry.Contact, account, session, cancellationToken);
            else if (_hosts.IsLocal(entry.Contact)
                || _remote.Send(entry.Contact, PresenceStanzas.Probe(session.Jid, entry.Contact)) is not null)
                session.Send(PresenceStanzas.Mere(entry.Contact, "unavailable", to: session.Jid));
        }
    }
}
