using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.Strangers;

/// <summary>
/// Limits what strangers of other servers send to accounts: who is not in an account's roster, and whom it has not written to, asked or
/// sent presence lately. It is the same for accounts that don't exist: nobody finds out by it which do.
/// </summary>
/// <param name="bans">Who is among them is refused.</param>
/// <param name="isOwn">Whether an address is this server's: a host's, a service's or a component's.</param>
public sealed class StrangerFilter(
    StrangerOptions options, RosterDirectory rosters, ISessionDirectory sessions, PublishedBans bans, Func<Jid, bool> isOwn,
    TimeProvider time) : IXmppModule
{
    private static readonly GuardVerdict TooMuch = GuardVerdict.Refuse(
        StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "Strangers write too much."));

    private static readonly GuardVerdict NotWanted = GuardVerdict.Refuse(
        StanzaError.Of(StanzaErrorCondition.PolicyViolation, "Strangers don't write here. Ask for a subscription first."));

    private static readonly GuardVerdict Banned = GuardVerdict.Refuse(PublishedBans.Refusal);

    private readonly RecentSet<(Jid Account, Jid Peer)> _known = new(options.Remembered);
    private readonly HourlyQuota<Jid> _messages = new(() => options.MessagesPerHour, time);
    private readonly HourlyQuota<string> _messagesOfDomain = new(() => options.MessagesPerDomain, time);
    private readonly HourlyQuota<string> _requestsOfDomain = new(() => options.RequestsPerDomain, time);

    public void Register(IModuleBuilder builder)
    {
        if (options.Access != StrangerAccess.Allow || options.BanLists.Count > 0)
            builder.Guard(CheckAsync);
    }

    private ValueTask<GuardVerdict> CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken)
    {
        if (stanza.Kind == StanzaKind.Iq || isOwn(stanza.Peer))
            return new(GuardVerdict.Pass);
        var pair = (stanza.Account, stanza.Peer.Bare);
        if (stanza.Direction == MessageDirection.Sent)
        {
            // Who was written to, asked, or is a room that was entered may answer.
            if (stanza.Type is not ("error" or "unavailable" or "unsubscribe" or "unsubscribed"))
                _known.Add(pair);
            return new(GuardVerdict.Pass);
        }
        var isOfInterest = stanza.Kind == StanzaKind.Message ? stanza.Type != "error" : stanza.Type == "subscribe";
        return !isOfInterest || _known.Contains(pair) ? new(GuardVerdict.Pass) : JudgeAsync(stanza, cancellationToken);
    }

    private async ValueTask<GuardVerdict> JudgeAsync(GuardedStanza stanza, CancellationToken cancellationToken)
    {
        var peer = stanza.Peer.Bare;
        if ((await rosters.GetAsync(stanza.Account, cancellationToken))?.Find(peer) is { IsListed: true } or { IsApproved: true }
            || HasSentPresence(stanza.Account, peer))
        {
            return GuardVerdict.Pass;
        }
        if (bans.Contains(peer))
            return Banned;
        if (options.Access == StrangerAccess.Allow)
            return GuardVerdict.Pass;
        if (stanza.Kind == StanzaKind.Presence)
            return _requestsOfDomain.TryTake(peer.Domain) ? GuardVerdict.Pass : TooMuch;
        if (options.Access == StrangerAccess.Refuse)
            return NotWanted;
        // The domain first: it can't use up what accounts have for others, nor make this server remember more than its own.
        return _messagesOfDomain.TryTake(peer.Domain) && _messages.TryTake(stanza.Account) ? GuardVerdict.Pass : TooMuch;
    }

    /// <summary>Also in a session from before a restart.</summary>
    private bool HasSentPresence(Jid account, Jid peer)
    {
        foreach (var session in sessions.Of(account))
        {
            if (PresenceSession.Find(session)?.HasDirectedTo(peer) == true)
                return true;
        }
        return false;
    }
}
