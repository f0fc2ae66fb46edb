using System.Runtime.CompilerServices;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

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
        if (commons.RetiredRosterVersion > 0)
            yield return new RetiredRosterVersionRecord(commons.RetiredRosterVersion);
    }

    /// <summary>A host's accounts with all that belongs to them.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public static async IAsyncEnumerable<StoreRecord> ReadHostAsync(
        IStore store, string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (account, page) in ReadAccountsAsync(store, host, cancellationToken))
        {
            foreach (var record in account.ToRecords())
                yield return record;
            await foreach (var message in ReadMessagesAsync(store, account.Account, page, cancellationToken))
                yield return message;
        }
    }

    /// <summary>One account's messages, the oldest first.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public static async IAsyncEnumerable<MessageRecord> ReadMessagesAsync(
        IStore store, Account account, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = await store.Offline.ReadAsync(account.Jid, 0, MessagesPage, cancellationToken);
        await foreach (var message in ReadMessagesAsync(store, account, page, cancellationToken))
            yield return message;
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

    /// <summary>The accounts of a host in their order, each with the first page of its messages.</summary>
    private static async IAsyncEnumerable<(StoredAccount, IReadOnlyList<OfflineMessage>)> ReadAccountsAsync(
        IStore store, string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reading = new Queue<Task<(StoredAccount? Account, IReadOnlyList<OfflineMessage> Page)>>();
        for (string? after = null; ;)
        {
            var page = await store.Accounts.ListAsync(host, after, AccountsPage, cancellationToken);
            foreach (var account in page)
            {
                reading.Enqueue(ReadAccountAsync(account));
                if (reading.Count > Ahead && await reading.Dequeue() is { Account: { } found } read)
                    yield return (found, read.Page);
            }

            if (page.Count < AccountsPage)
                break;
            after = page[^1].Jid.Local;
        }

        while (reading.TryDequeue(out var last))
        {
            if (await last is { Account: { } found } read)
                yield return (found, read.Page);
        }

        async Task<(StoredAccount?, IReadOnlyList<OfflineMessage>)> ReadAccountAsync(Account account)
        {
            var messages = store.Offline.ReadAsync(account.Jid, 0, MessagesPage, cancellationToken).AsTask();
            return (await StoredAccount.ReadAsync(store, account, cancellationToken), await messages);
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
