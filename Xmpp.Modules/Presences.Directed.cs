using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>Directed presence (RFC 6121 §4.6).</summary>
public sealed partial class Presences
{
    /// <summary>Sends available or unavailable presence to somebody.</summary>
    /// <param name="stanza">With 'from' and 'to'.</param>
    /// <returns>What the sender is to be told, or null.</returns>
    internal async ValueTask<StanzaError?> DirectAsync(ISession session, Jid to, Element stanza, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        var type = stanza["type"];
        var state = PresenceSession.Of(session);
        var roster = await _rosters.GetAsync(account, cancellationToken) ?? Roster.Empty;
        if (await CheckAsync(session.Jid, to, type, cancellationToken) is { Passes: false } verdict)
            return verdict.Error;

        lock (GateOf(account))
        {
            if (state.HasEnded)
                return null;
            if (type is not null)
                state.Forget(to);
            else if (!IsToldAnyway() && !state.Remember(to, _limits().MaxDirectedPresences))
                return StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "Presence was sent to too many.");
            var error = SendTo(BroadcastStanza.Of(stanza), to, type, session.Jid);
            if (error is not null)
                state.Forget(to);
            return error;
        }

        bool IsToldAnyway() => session.Presence is not null && IsTold(to, bare => bare == account || roster.IsSubscribed(bare));
    }

    /// <summary>Sends a presence of type "error" on to whom it is for.</summary>
    internal async ValueTask ReturnErrorAsync(ISession session, Jid to, Element stanza, CancellationToken cancellationToken)
    {
        if ((await CheckAsync(session.Jid, to, "error", cancellationToken)).Passes)
            SendTo(BroadcastStanza.Of(stanza), to, null, session.Jid);
    }

    /// <summary>Delivers what somebody who is not local says of itself, or of what it was sent.</summary>
    /// <returns>Whether it may be delivered.</returns>
    internal async ValueTask<bool> ReceiveAsync(RemotePresence presence, CancellationToken cancellationToken)
    {
        if (presence.To.Local is null
            || !(await CheckReceivedAsync(presence.To, presence.From, presence.Type, cancellationToken)).Passes)
        {
            return false;
        }
        SendTo(
            BroadcastStanza.Of(presence.Stanza), presence.To, presence.Type == "unavailable" ? presence.Type : null, presence.From);
        return true;
    }

    /// <summary>What the guards of both sides say of a presence stanza.</summary>
    internal async ValueTask<GuardVerdict> CheckAsync(Jid from, Jid to, string? type, CancellationToken cancellationToken)
    {
        var sent = await CheckSentAsync(from, to, type, cancellationToken);
        return sent.Passes ? await CheckReceivedAsync(to, from, type, cancellationToken) : sent;
    }

    /// <summary>What the guards say for the sender's account.</summary>
    internal ValueTask<GuardVerdict> CheckSentAsync(Jid from, Jid to, string? type, CancellationToken cancellationToken) =>
        CheckAsync(new(StanzaKind.Presence, from.Bare, MessageDirection.Sent, to, type), cancellationToken);

    /// <summary>What the guards say for the recipient's account.</summary>
    internal ValueTask<GuardVerdict> CheckReceivedAsync(Jid to, Jid from, string? type, CancellationToken cancellationToken) =>
        CheckAsync(new(StanzaKind.Presence, to.Bare, MessageDirection.Received, from, type), cancellationToken);

    /// <summary>Nothing stands between the resources of one account, and what is no account has no rules.</summary>
    private ValueTask<GuardVerdict> CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken) =>
        _guards.HasGuards && stanza.Account.Local is not null && stanza.Account != stanza.Peer.Bare && _hosts.IsLocal(stanza.Account)
            ? _guards.CheckAsync(stanza, cancellationToken)
            : new(GuardVerdict.Pass);

    /// <summary>Whether what is broadcast reaches an address: a subscriber's, and of a resource only while it is available.</summary>
    private bool IsTold(Jid to, Func<Jid, bool> isSubscribed) =>
        isSubscribed(to.Bare) && (to.IsBare || !_hosts.IsLocal(to) || _sessions.Find(to)?.Presence is not null);

    private bool IsDirectedTo(Jid watcher, Jid target)
    {
        foreach (var resource in _sessions.Of(target.Bare))
        {
            if ((target.IsBare || resource.Jid == target)
                && PresenceSession.Find(resource) is { HasDirected: true } state
                && (state.Contains(watcher) || state.Contains(watcher.Bare)))
            {
                return true;
            }
        }
        return false;
    }
}
