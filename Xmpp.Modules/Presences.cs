using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>
/// Who sees whose presence, and sending it to them (RFC 6121 §4).
/// </summary>
/// <remarks>
/// What an account's presence is, and what is said of it, has one order: changes of it and answers about it happen in the account's
/// gate, a lock in which is only ever queued. So nobody is left with a presence that was over before.
/// </remarks>
public sealed partial class Presences : IBlockedPresence
{
    private const int GateCount = 1024;

    private readonly ISessionDirectory _sessions;
    private readonly RosterDirectory _rosters;
    private readonly IHostDirectory _hosts;
    private readonly IRemoteDomains _remote;
    private readonly IGuards _guards;
    private readonly ILastSeenStore _lastSeen;
    private readonly TimeProvider _time;
    private readonly Func<RosterOptions> _limits;
    private readonly Action<Jid, Jid> _shown;
    private readonly IPresenceWatchers? _watchers;
    private readonly Lock[] _gates = new Lock[GateCount];

    /// <param name="limits">As configured now.</param>
    /// <param name="shown">Is told of who has been told of an account: <see cref="ShowAsync"/>.</param>
    /// <param name="watchers">Null for nobody.</param>
    public Presences(
        ISessionDirectory sessions, RosterDirectory rosters, IHostDirectory hosts, IRemoteDomains remote, IGuards guards,
        ILastSeenStore lastSeen, TimeProvider time, Func<RosterOptions> limits, Action<Jid, Jid> shown, IPresenceWatchers? watchers = null)
    {
        (_sessions, _rosters, _hosts, _remote, _guards) = (sessions, rosters, hosts, remote, guards);
        (_lastSeen, _time, _limits, _shown, _watchers) = (lastSeen, time, limits, shown, watchers);
        for (var i = 0; i < GateCount; i++)
            _gates[i] = new Lock();
    }

    /// <summary>
    /// Whether somebody may know that a local account or resource is there: by subscription, or because it told them (§4.6).
    /// </summary>
    /// <param name="watcher">A bare or full JID.</param>
    /// <param name="target">The bare JID of an account, or the full JID of a resource.</param>
    public async ValueTask<bool> MaySeeAsync(Jid watcher, Jid target, CancellationToken cancellationToken)
    {
        if (watcher.Bare == target.Bare)
            return true;
        if (await _rosters.GetAsync(target.Bare, cancellationToken) is not { } roster)
            return false;
        return roster.IsSubscribed(watcher.Bare) || IsDirectedTo(watcher, target);
    }

    /// <summary>
    /// Tells somebody who is subscribed what an account's presence is, as after an approval or when no longer blocked (XEP-0191 §3.4).
    /// </summary>
    /// <param name="watcher">Anybody whom the address stands for: a JID, or a domain for all who are there.</param>
    public async ValueTask ShowAsync(Jid account, Jid watcher, CancellationToken cancellationToken)
    {
        if (await _rosters.GetAsync(account, cancellationToken) is not { } roster)
            return;
        foreach (var subscriber in SubscribersAt(roster, watcher))
        {
            await TellAsync(account, subscriber, only: null, cancellationToken);
            _shown(account, subscriber);
        }
    }

    /// <summary>
    /// Makes an account unavailable to somebody who is subscribed or was sent presence, as when they are blocked (XEP-0191 §3.3).
    /// No guard is asked.
    /// </summary>
    /// <inheritdoc cref="ShowAsync" path="/param"/>
    public async ValueTask HideAsync(Jid account, Jid watcher, CancellationToken cancellationToken)
    {
        if (await _rosters.GetAsync(account, cancellationToken) is { } roster)
            Hide(account, SubscribersAt(roster, watcher), watcher);
    }

    /// <summary>Sends unavailable presence to those who are no longer to see an account.</summary>
    /// <param name="subscribers">Bare JIDs, told of all available resources.</param>
    /// <param name="directed">An address; those there who were sent presence are told too.</param>
    internal void Hide(Jid account, IReadOnlyList<Jid> subscribers, Jid directed) => _sessions.Together(() =>
    {
        lock (GateOf(account))
        {
            foreach (var resource in _sessions.Of(account))
            {
                var unavailable = BroadcastStanza.Of(PresenceStanzas.Unavailable(resource.Jid));
                if (resource.Presence is not null)
                {
                    foreach (var subscriber in subscribers)
                        SendToAvailable(unavailable, subscriber, "unavailable", resource.Jid);
                }
                foreach (var to in PresenceSession.Find(resource)?.Take(to => IsAt(to, directed)) ?? [])
                {
                    if (resource.Presence is null || !IsTold(to, subscribers.Contains))
                        SendTo(unavailable, to, "unavailable", resource.Jid);
                }
            }
        }
    });

    private static List<Jid> SubscribersAt(Roster roster, Jid address)
    {
        if (address.Local is not null)
            return roster.IsSubscribed(address.Bare) ? [address.Bare] : [];
        var subscribers = new List<Jid>();
        foreach (var entry in roster.Entries)
        {
            if ((entry.Subscription & SubscriptionState.From) != 0 && IsAt(entry.Contact, address))
                subscribers.Add(entry.Contact.Bare);
        }
        return subscribers;
    }

    /// <summary>Whether an address stands for somebody: a domain for everybody there, a bare JID for its resources.</summary>
    private static bool IsAt(Jid jid, Jid address) =>
        jid == address || (address.IsBare && (jid.Bare == address || (address.Local is null && jid.Domain == address.Domain)));

    private Lock GateOf(Jid account) => _gates[account.GetHashCode() & (GateCount - 1)];

    /// <summary>Tells an account's current presence to somebody who may see it, if the guards agree.</summary>
    /// <param name="watcher">A bare JID.</param>
    /// <param name="only">One of the watcher's sessions; null for all that are available.</param>
    private async ValueTask TellAsync(Jid account, Jid watcher, ISession? only, CancellationToken cancellationToken)
    {
        foreach (var resource in _sessions.Of(account).ToArray())
        {
            if (resource.Presence is null || !await PassesAsync(resource.Jid, watcher, null, cancellationToken))
                continue;
            lock (GateOf(account))
            {
                if (resource.Presence is not { } presence)
                    continue;
                if (only is not null)
                    only.Send(presence.Stanza, watcher);
                else
                    SendToAvailable(presence.Stanza, watcher, null, resource.Jid);
            }
        }
    }

    /// <summary>§8.5.2.1.2; to whom is not local as their server sees fit.</summary>
    private void SendToAvailable(BroadcastStanza stanza, Jid account, string? type, Jid from)
    {
        if (!_hosts.IsLocal(account))
        {
            SendOut(stanza, account);
            return;
        }
        foreach (var resource in _sessions.Of(account))
        {
            if (resource.Presence is not null)
                Send(stanza, resource, account, type, from);
        }
    }

    /// <summary>§8.5.2.1.2, §8.5.3: to a resource, available or not, or to all available ones; to nobody without a word.</summary>
    /// <returns>Why it could not be sent to who is not local, or null.</returns>
    private StanzaError? SendTo(BroadcastStanza stanza, Jid to, string? type, Jid from)
    {
        if (!_hosts.IsLocal(to))
            return SendOut(stanza, to);
        if (to.IsBare)
            SendToAvailable(stanza, to, type, from);
        else if (_sessions.Find(to) is { } resource)
            Send(stanza, resource, to, type, from);
        return null;
    }

    private StanzaError? SendOut(BroadcastStanza stanza, Jid to)
    {
        var bytes = new ArrayBufferWriter<byte>(stanza.Utf8.Length + 64);
        stanza.Write(bytes, to);
        return _remote.Send(to, bytes.WrittenSpan);
    }

    private static void Send(BroadcastStanza stanza, ISession resource, Jid to, string? type, Jid from)
    {
        resource.Send(stanza, to);
        // §4.6.1: whoever has left needs not be told when this resource leaves.
        if (type is not null)
            PresenceSession.Find(resource)?.Forget(from);
    }

    /// <summary>Whether both sides' guards let presence through: at once, and without allocating, when their rules are in memory.</summary>
    private ValueTask<bool> PassesAsync(Jid from, Jid to, string? type, CancellationToken cancellationToken)
    {
        if (!_guards.HasGuards)
            return new(true);
        var sent = CheckSentAsync(from, to, type, cancellationToken);
        if (!sent.IsCompletedSuccessfully)
            return FinishAsync(sent, from, to, type, cancellationToken);
        if (!sent.Result.Passes)
            return new(false);
        var received = CheckReceivedAsync(to, from, type, cancellationToken);
        return received.IsCompletedSuccessfully ? new(received.Result.Passes) : FinishAsync(received);
    }

    private async ValueTask<bool> FinishAsync(
        ValueTask<GuardVerdict> sent, Jid from, Jid to, string? type, CancellationToken cancellationToken) =>
        (await sent).Passes && (await CheckReceivedAsync(to, from, type, cancellationToken)).Passes;

    private static async ValueTask<bool> FinishAsync(ValueTask<GuardVerdict> received) => (await received).Passes;
}
