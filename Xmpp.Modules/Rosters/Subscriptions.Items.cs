using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rosters;

/// <summary>Changes of roster items by clients (RFC 6121 §2.3-2.5), by administrators and by invitations.</summary>
public sealed partial class Subscriptions
{
    /// <summary>Adds an item or gives it another handle and other groups; its subscription stays (RFC 6121 §2.3, §2.4).</summary>
    /// <returns>What the client is to be told (§2.3.3), or null. No such account is <c>item-not-found</c>.</returns>
    /// <exception cref="StoreException">It could not be stored.</exception>
    public ValueTask<StanzaError?> SetItemAsync(
        Jid account, Jid contact, string? name, IReadOnlyList<string> groups, CancellationToken cancellationToken) =>
        SetItemAsync(account, contact, name, groups, null, cancellationToken);

    /// <summary>Removes an item and with it the subscriptions of both sides (§2.5).</summary>
    /// <returns>What the client is to be told (§2.5.3), or null.</returns>
    /// <exception cref="StoreException">It could not be stored.</exception>
    public ValueTask<StanzaError?> RemoveItemAsync(Jid account, Jid contact, CancellationToken cancellationToken) =>
        RemoveItemAsync(account, contact, null, cancellationToken);

    /// <summary>
    /// Subscribes two accounts to each other at once, as if both had asked and approved: both rosters, pushes and presence. Either may
    /// have the other as a contact already, whose handle and groups stay.
    /// </summary>
    /// <param name="nameOfB">The handle that B gets in A's roster when it has none there; or null.</param>
    /// <returns>False when one of them doesn't exist, or they are one.</returns>
    /// <exception cref="StoreException">It could not be stored; one side may be.</exception>
    public async ValueTask<bool> MakeContactsAsync(
        Jid a, Jid b, CancellationToken cancellationToken, string? nameOfB = null, string? nameOfA = null)
    {
        if (a == b || await rosters.GetAsync(a, cancellationToken) is null || await rosters.GetAsync(b, cancellationToken) is null)
            return false;
        await JoinAsync(a, b, nameOfB);
        await JoinAsync(b, a, nameOfA);
        await presences.ShowAsync(a, b, cancellationToken);
        await presences.ShowAsync(b, a, cancellationToken);
        return true;

        ValueTask<bool> JoinAsync(Jid account, Jid contact, string? name) => rosters.ChangeAsync(account, async turn =>
        {
            if (turn.Roster is not { } roster)
                return false;
            var entry = roster.Find(contact) ?? new RosterEntry(contact);
            if (entry is { IsListed: true, Subscription: SubscriptionState.Both, IsAsking: false, IsApproved: false, Request: null })
                return true;
            turn.Push(await turn.SaveAsync(
                entry with
                {
                    IsListed = true,
                    Subscription = SubscriptionState.Both,
                    IsAsking = false,
                    IsApproved = false,
                    Request = null,
                    Name = entry.Name ?? name,
                },
                isVisible: true));
            return true;
        }, cancellationToken);
    }

    /// <summary>Tells an account's interested resources all its items again.</summary>
    /// <returns>How many items there are; null when there is no such account.</returns>
    public ValueTask<int?> PushAllAsync(Jid account, CancellationToken cancellationToken) => rosters.ChangeAsync<int?>(account, turn =>
    {
        if (turn.Roster is not { } roster)
            return new((int?)null);
        sessions.Together(() =>
        {
            foreach (var (_, _, item) in roster.ChangesSince(long.MinValue))
            {
                if (item is not null)
                    turn.Push(item);
            }
        });
        return new(roster.ItemCount);
    }, cancellationToken);

    /// <summary>Ends all subscriptions of an account that is going to be removed, so that no contact's roster keeps any.</summary>
    internal async ValueTask RemoveAccountAsync(Jid account, CancellationToken cancellationToken)
    {
        if (await rosters.GetAsync(account, cancellationToken) is not { } roster)
            return;
        // First its own side: what its sessions do from now on concerns nobody else.
        await rosters.ChangeAsync(account, async turn =>
        {
            await turn.ClearAsync();
            return true;
        }, cancellationToken);
        foreach (var entry in roster.Entries.ToArray())
            await CancelAsync(account, entry, cancellationToken);
    }

    /// <param name="succeeded">What is sent before pushes (§2.3.2).</param>
    internal ValueTask<StanzaError?> SetItemAsync(
        Jid account, Jid contact, string? name, IReadOnlyList<string> groups, Action? succeeded, CancellationToken cancellationToken)
    {
        if (contact == account)
            return new(StanzaError.Of(StanzaErrorCondition.NotAllowed, "Nobody is his own contact.")); // §2.3.3, the note
        if (RosterItem.Check(name, groups, limits()) is { } error)
            return new(error);
        return rosters.ChangeAsync<StanzaError?>(account, async turn =>
        {
            if (turn.Roster is not { } roster)
                return StanzaError.Of(StanzaErrorCondition.ItemNotFound);
            var entry = roster.Find(contact) ?? new RosterEntry(contact);
            if (!entry.IsListed && roster.ItemCount >= limits().MaxItems)
                return IsFull;
            entry = await turn.SaveAsync(entry with { IsListed = true, Name = name, Groups = groups }, isVisible: true);
            succeeded?.Invoke();
            turn.Push(entry);
            return null;
        }, cancellationToken);
    }

    /// <inheritdoc cref="SetItemAsync(Jid, Jid, string?, IReadOnlyList{string}, Action?, CancellationToken)"/>
    internal async ValueTask<StanzaError?> RemoveItemAsync(Jid account, Jid contact, Action? succeeded, CancellationToken cancellationToken)
    {
        var removed = await rosters.ChangeAsync<RosterEntry?>(account, async turn =>
        {
            if (turn.Roster?.Find(contact) is not { IsListed: true } entry)
                return null;
            var gone = await turn.SaveAsync(new RosterEntry(contact), isVisible: true);
            succeeded?.Invoke();
            turn.Push(gone);
            return entry;
        }, cancellationToken);
        if (removed is null)
            return new(StanzaErrorCondition.ItemNotFound, StanzaErrorType.Modify); // The type is that of §2.5.3.
        await CancelAsync(account, removed, cancellationToken);
        return null;
    }

    /// <summary>
    /// What a contact is told whose entry is gone (§2.5.2): of requests too, in either direction, which nobody would ever answer.
    /// </summary>
    private async ValueTask CancelAsync(Jid account, RosterEntry entry, CancellationToken cancellationToken)
    {
        var contact = entry.Contact.Bare;
        if ((entry.Subscription & SubscriptionState.To) != 0 || entry.IsAsking)
            await TellAsync(SubscriptionType.Unsubscribe);
        if ((entry.Subscription & SubscriptionState.From) != 0)
            presences.Hide(account, [contact], contact);
        if ((entry.Subscription & SubscriptionState.From) != 0 || entry.Request is not null)
            await TellAsync(SubscriptionType.Unsubscribed);

        async ValueTask TellAsync(SubscriptionType type) => await ReceiveAsync(
            contact, account, type, PresenceStanzas.Subscription(account, type, contact, id: null), cancellationToken);
    }
}
