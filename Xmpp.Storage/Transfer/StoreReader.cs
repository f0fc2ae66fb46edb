using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Extensions;
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
    private const int ConversationsPage = 500;
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
            await foreach (var message in ReadArchiveAsync(store, account.Account.Jid, cancellationToken))
                yield return new ArchivedRecord(message);
            foreach (var mark in await ReadMarksAsync(store, account.Account.Jid, cancellationToken))
                yield return mark;
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

    /// <summary>An account's archive in its order, read page by page.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public static async IAsyncEnumerable<ArchiveEntry> ReadArchiveAsync(
        IStore store, Jid account, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The next page is read while this one is used.
        var reading = ReadPageAsync(null);
        while (await reading is { Messages: { Count: > 0 } messages } page)
        {
            reading = page.IsComplete ? Task.FromResult<ArchivePage?>(null) : ReadPageAsync(messages[^1].Id);
            foreach (var message in messages)
                yield return message;
        }

        Task<ArchivePage?> ReadPageAsync(SortableId? after) => store.Archive.ReadAsync(
            account, new ArchiveQuery { After = after }, MessagesPage, isFromEnd: false, cancellationToken).AsTask();
    }

    private static async Task<List<ReadMarkRecord>> ReadMarksAsync(IStore store, Jid account, CancellationToken cancellationToken)
    {
        var marks = new List<ReadMarkRecord>();
        for (SortableId? after = null; ;)
        {
            var page = await store.Archive.ListConversationsAsync(account, after, isUnreadOnly: false, ConversationsPage, cancellationToken);
            foreach (var conversation in page)
            {
                if (conversation.ReadUpTo is { } upTo)
                    marks.Add(new(account, conversation.With, upTo));
            }

            if (page.Count < ConversationsPage)
                break;
            after = page[^1].Last;
        }

        marks.Sort(static (left, right) => left.With.Utf8.Span.SequenceCompareTo(right.With.Utf8.Span));
        return marks;
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
