using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rosters;

/// <summary>
/// Presence subscriptions (RFC 6121 §3): takes <see cref="SubscriptionTable"/>'s steps in the rosters of both sides, one after the
/// other, and does what follows from them in the order of the RFC.
/// </summary>
/// <param name="handlers">Who may take care of requests (<see cref="IModuleBuilder.SubscriptionRequest"/>) now.</param>
/// <param name="limits">As configured now.</param>
public sealed partial class Subscriptions(
    RosterDirectory rosters, Presences presences, IHostDirectory hosts, IRemoteDomains remote, ISessionDirectory sessions,
    Func<ImmutableArray<SubscriptionRequestHandler>> handlers, Func<RosterOptions> limits)
{
    private static readonly StanzaError IsFull = StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "The roster is full.");

    /// <summary>A subscription stanza of an account, with all that it brings about on either side.</summary>
    /// <param name="account">The bare JID of the sender.</param>
    /// <param name="contact">A bare JID.</param>
    /// <param name="stanza">With the addresses of the two.</param>
    /// <returns>What the sender is to be told, or null.</returns>
    internal async ValueTask<StanzaError?> SendAsync(
        Jid account, Jid contact, SubscriptionType type, Element stanza, CancellationToken cancellationToken)
    {
        if (account == contact)
        {
            // Everybody sees himself as it is (§4.2.2).
            return type == SubscriptionType.Subscribe ? StanzaError.Of(StanzaErrorCondition.NotAllowed) : null;
        }
        if (type == SubscriptionType.Subscribe && CheckReachable(contact) is { } unreachable)
            return unreachable;
        var verdict = await presences.CheckSentAsync(account, contact, stanza["type"], cancellationToken);
        if (!verdict.Passes)
            return verdict.Error;

        var (step, error) = await rosters.ChangeAsync<(Taken, StanzaError?)>(account, async turn =>
        {
            var before = StateOf(turn.Roster, contact);
            var step = SubscriptionTable.Outbound(before, type);
            if (turn.Roster is not { } roster)
                return (new(before, step with { Passes = false }), null);
            var isNew = roster.Find(contact) is not { IsListed: true };
            if (isNew && IsShown(step.State) && roster.ItemCount >= limits().MaxItems)
                return (new(before, step with { Passes = false }), IsFull);
            await ApplyAsync(turn, contact, before, step.State, request: null);
            return (new(before, step), null);
        }, cancellationToken);
        if (error is not null || !step.Passes)
            return error;

        // §3.2.2: unavailable presence first, while the contact is still subscribed from its own point of view.
        if (type == SubscriptionType.Unsubscribed && step.Before.IsFrom)
            presences.Hide(account, [contact], contact);
        error = await ReceiveAsync(contact, account, type, stanza, cancellationToken);
        // §3.1.5: behind the approval what is approved.
        if (type == SubscriptionType.Subscribed)
            await presences.ShowAsync(account, contact, cancellationToken);
        return error;
    }

    /// <summary>
    /// Sends the requests again that nobody has answered, when a resource has become available (§3.1.2). One that was lost on its way, as
    /// when the server was killed, arrives after all, and so does an approval; a contact who knows of it is not told again.
    /// </summary>
    internal async ValueTask AskAgainAsync(Jid account, CancellationToken cancellationToken)
    {
        foreach (var (contact, version) in Unanswered(await rosters.GetAsync(account, cancellationToken)))
        {
            var request = PresenceStanzas.Subscription(
                account, SubscriptionType.Subscribe, contact, $"subscribe-{RosterItem.Format(version)}");
            if ((await presences.CheckSentAsync(account, contact, request["type"], cancellationToken)).Passes)
                await ReceiveAsync(contact, account, SubscriptionType.Subscribe, request, cancellationToken);
        }
    }

    /// <summary>
    /// Tells an account that it is not subscribed to a contact (§4.3.2, rule 1), when its roster says otherwise; false when it doesn't. A
    /// request that waits for an answer goes on waiting.
    /// </summary>
    internal async ValueTask<bool> CorrectAsync(Jid account, Jid contact, Element unsubscribed, CancellationToken cancellationToken)
    {
        if (!StateOf(await rosters.GetAsync(account, cancellationToken), contact).IsTo)
            return false;
        await ReceiveAsync(account, contact, SubscriptionType.Unsubscribed, unsubscribed, cancellationToken);
        return true;
    }

    /// <summary>
    /// A subscription stanza for somebody: an account of this server, which may not exist (then nothing happens, §8.5.1), or who is not
    /// local.
    /// </summary>
    /// <returns>What its sender is to be told, or null.</returns>
    internal async ValueTask<StanzaError?> ReceiveAsync(
        Jid account, Jid from, SubscriptionType type, Element stanza, CancellationToken cancellationToken)
    {
        if (!hosts.IsLocal(account))
        {
            var unsent = remote.Send(account, stanza);
            return type == SubscriptionType.Subscribe ? unsent : null;
        }
        if (await rosters.GetAsync(account, cancellationToken) is null)
            return null;
        var verdict = await presences.CheckReceivedAsync(account, from, stanza["type"], cancellationToken);
        if (!verdict.Passes && type == SubscriptionType.Subscribe)
            return verdict.Error;
        if (type == SubscriptionType.Subscribe && await IsTakenCareOfAsync(account, from, stanza, cancellationToken))
            return null;

        var (step, error) = await rosters.ChangeAsync<(Taken, StanzaError?)>(account, async turn =>
        {
            var before = StateOf(turn.Roster, from);
            var step = SubscriptionTable.Inbound(before, type);
            if (turn.Roster is not { } roster)
                return (new(before, new(before, Passes: false)), null);
            if (step.State.IsPendingIn && !before.IsPendingIn && CheckRequest(roster, stanza) is { } refused)
                return (new(before, new(before, Passes: false)), refused);
            await ApplyAsync(turn, from, before, step.State, stanza, () =>
            {
                if (step.Passes && verdict.Passes)
                    Deliver(turn, account, type, stanza);
            });
            return (new(before, step), null);
        }, cancellationToken);
        // Of whom the account doesn't want to hear nothing is heard, but both rosters go on saying the same.
        if (!verdict.Passes)
            return verdict.Error;

        // §3.3.3: behind the push, to the one who no longer wants to know.
        if (type == SubscriptionType.Unsubscribe && step.Before.IsFrom)
            presences.Hide(account, [from], from);
        if (step.Reply is { } reply)
        {
            await ReceiveAsync(from, account, reply, PresenceStanzas.Subscription(account, reply, from, stanza["id"]), cancellationToken);
            if (reply == SubscriptionType.Subscribed)
                await presences.ShowAsync(account, from, cancellationToken);
        }
        return error;
    }

    private async ValueTask<bool> IsTakenCareOfAsync(Jid account, Jid asker, Element request, CancellationToken cancellationToken)
    {
        foreach (var handler in handlers())
        {
            if (await handler(account, asker, request, cancellationToken))
                return true;
        }
        return false;
    }

    /// <summary>§3.1.3: requests go to available resources; all else to those interested in the roster (§3.1.6, §3.2.3, §3.3.3).</summary>
    private void Deliver(RosterDirectory.Turn turn, Jid account, SubscriptionType type, Element stanza)
    {
        if (type != SubscriptionType.Subscribe)
        {
            turn.SendToInterested(stanza);
            return;
        }
        foreach (var resource in sessions.Of(account))
        {
            if (resource.Presence is not null)
                resource.Send(stanza);
        }
    }

    /// <summary>Stores the new state, then sends what is delivered before a push, then the push.</summary>
    /// <param name="request">What is kept when the contact has asked now.</param>
    private static async ValueTask ApplyAsync(
        RosterDirectory.Turn turn, Jid contact, ContactState before, ContactState after, Element? request, Action? deliver = null)
    {
        if (before == after)
        {
            deliver?.Invoke();
            return;
        }
        var entry = turn.Roster!.Find(contact) ?? new RosterEntry(contact);
        var isVisible = (before with { IsPendingIn = false }) != (after with { IsPendingIn = false });
        entry = await turn.SaveAsync(
            entry with
            {
                IsListed = entry.IsListed || IsShown(after),
                Subscription = after.Subscription,
                IsAsking = after.IsPendingOut,
                IsApproved = after.IsApproved,
                Request = !after.IsPendingIn ? null : entry.Request ?? request,
            },
            isVisible);
        deliver?.Invoke();
        if (isVisible)
            turn.Push(entry);
    }

    /// <summary>Whom an account has asked, with the version of that item.</summary>
    private static List<(Jid Contact, long Version)> Unanswered(Roster? roster)
    {
        var asked = new List<(Jid, long)>();
        foreach (var entry in (roster ?? Roster.Empty).Entries)
        {
            if (entry.IsAsking)
                asked.Add((entry.Contact.Bare, entry.Version));
        }
        return asked;
    }

    private static ContactState StateOf(Roster? roster, Jid contact) => roster?.Find(contact) is { } entry
        ? new(entry.Subscription, entry.IsAsking, entry.Request is not null, entry.IsApproved)
        : default;

    /// <summary>Whether a contact of this state has to be in the roster. A mere request must not (§3.1.3).</summary>
    private static bool IsShown(ContactState state) =>
        state.Subscription != SubscriptionState.None || state.IsPendingOut || state.IsApproved;

    /// <summary>§3.1.2: whom no request can reach. Accounts that don't exist are not told from those that don't answer (§8.5.1).</summary>
    private StanzaError? CheckReachable(Jid contact) =>
        !hosts.IsLocal(contact) ? remote.IsKnown(contact)
            ? null
            : StanzaError.Of(StanzaErrorCondition.RemoteServerNotFound, "This server doesn't federate.")
        : contact.Local is null ? StanzaError.Of(StanzaErrorCondition.ServiceUnavailable)
        : null;

    private StanzaError? CheckRequest(Roster roster, Element stanza) =>
        roster.RequestCount >= limits().MaxRequests
            ? StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "Too many requests wait for an answer.")
        : BroadcastStanza.Of(stanza).Utf8.Length > limits().RequestBytes
            ? StanzaError.Of(StanzaErrorCondition.NotAcceptable, "The request is too large.")
        : null;

    /// <param name="Before">The state before the step.</param>
    private readonly record struct Taken(ContactState Before, SubscriptionStep Step)
    {
        public bool Passes => Step.Passes;

        public SubscriptionType? Reply => Step.Reply;
    }
}
