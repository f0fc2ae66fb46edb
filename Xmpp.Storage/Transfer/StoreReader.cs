using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>An account, and its messages, the oldest first: they are read page by page.</summary>
public sealed record AccountWithMessages(StoredAccount Account, IAsyncEnumerable<MessageRecord> Messages);

/// <summary>
/// Reads all that a store keeps, in the order of <see cref="StoreRecord"/>. Memory holds a few accounts and pages at a time.
/// </summary>
public static class StoreReader
{
    private const int AccountsPage = 200;
    private const int MessagesPage = 100;
    private const int InvitationsPage = 1000;

    /// <summary>Accounts that are read ahead, so that their reads overlap.</summary>
    private const int Ahead = 4;

    /// <param name="now">Invitations that have expired by then are left behind.</param>
    /// <exception cref="StoreException">It can't be read.</exception>
    public static async IAsyncEnumerable<StoreRecord> ReadAsync(
        IStore store, DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var commons = await store.Transfer.ReadCommonsAsync(cancellationToken);
        foreach (var host in commons.Hosts)
        {
            await foreach (var record in ReadHostAsync(store, host, cancellationToken))
                yield return record;
        }

        await foreach (var invitation in ReadInvitationsAsync(store, now, cancellationToken))
            yield return invitation;
        foreach (var setting in commons.Settings)
            yield return setting;
        foreach (var secret in commons.Secrets)
            yield return secret;
        // Also when it is 0: what a transfer that was broken off has left behind counts as gone.
        yield return new RetiredRosterVersionRecord(commons.RetiredRosterVersion);
    }

    /// <summary>The accounts of a host in their order.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public static async IAsyncEnumerable<AccountWithMessages> ReadAccountsAsync(
        IStore store, string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reading = new Queue<Task<AccountWithMessages?>>();
        for (string? after = null; ;)
        {
            var page = await store.Accounts.ListAsync(host, after, AccountsPage, cancellationToken);
            foreach (var account in page)
            {
                reading.Enqueue(ReadAccountAsync(store, account, cancellationToken));
                if (reading.Count > Ahead && await reading.Dequeue() is { } read)
                    yield return read;
            }

            if (page.Count < AccountsPage)
                break;
            after = page[^1].Jid.Local;
        }

        while (reading.TryDequeue(out var last))
        {
            if (await last is { } read)
                yield return read;
        }
    }

    /// <summary>One account, or null when there is none of that name.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public static async Task<AccountWithMessages?> ReadAccountAsync(IStore store, Jid account, CancellationToken cancellationToken) =>
        await store.Accounts.FindAsync(account, cancellationToken) is { } found
            ? await ReadAccountAsync(store, found, cancellationToken)
            : null;

    private static async Task<AccountWithMessages?> ReadAccountAsync(IStore store, Account account, CancellationToken cancellationToken)
    {
        var page = store.Offline.ReadAsync(account.Jid, 0, MessagesPage, cancellationToken).AsTask();
        return await StoredAccount.ReadAsync(store, account, cancellationToken) is { } stored
            ? new(stored, ReadMessagesAsync(store, account, await page, cancellationToken))
            : null;
    }

    private static async IAsyncEnumerable<StoreRecord> ReadHostAsync(
        IStore store, string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (account, messages) in ReadAccountsAsync(store, host, cancellationToken))
        {
            foreach (var record in account.ToRecords())
                yield return record;
            await foreach (var message in messages)
                yield return message;
        }
    }

    private static async IAsyncEnumerable<MessageRecord> ReadMessagesAsync(
        IStore store, Account account, IReadOnlyList<OfflineMessage> page, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (page.Count > 0)
        {
            var next = page.Count < MessagesPage
                ? Task.FromResult<IReadOnlyList<OfflineMessage>>([])
                : store.Offline.ReadAsync(account.Jid, page[^1].Id, MessagesPage, cancellationToken).AsTask();
            foreach (var message in page)
                yield return new(account.Jid, message.At, message.Stanza);
            page = await next;
        }
    }

    private static async IAsyncEnumerable<InvitationRecord> ReadInvitationsAsync(
        IStore store, DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = ""; ;)
        {
            var page = await store.Transfer.ReadInvitationsAsync(after, now, InvitationsPage, cancellationToken);
            foreach (var invitation in page)
                yield return new(invitation);
            if (page.Count < InvitationsPage)
                yield break;
            after = page[^1].Token;
        }
    }
}
