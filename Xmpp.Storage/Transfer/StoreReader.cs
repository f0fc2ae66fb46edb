using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>An account, and its messages, those that wait and those in its archive, the oldest first: they are read page by page.</summary>
public sealed record AccountWithMessages(
    StoredAccount Account, IAsyncEnumerable<MessageRecord> Messages, IAsyncEnumerable<ArchiveEntry> Archive);

/// <summary>
/// Reads all that a store keeps, in the order of <see cref="StoreRecord"/>. Memory holds a few accounts and pages at a time.
/// </summary>
public static class StoreReader
{
    private const int AccountsPage = 200;
    private const int RoomsPage = 200;
    private const int NodesPage = 200;
    private const int ItemsPage = 100;
    private const int MessagesPage = 100;
    private const int ConversationsPage = 500;
    private const int InvitationsPage = 1000;

    /// <summary>Accounts or rooms that are read ahead, so that their reads overlap.</summary>
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

        foreach (var service in commons.Services)
        {
            await foreach (var record in ReadServiceAsync(store, service, cancellationToken))
                yield return record;
        }

        await foreach (var record in ReadNodesAsync(store, commons, cancellationToken))
            yield return record;
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
    public static IAsyncEnumerable<AccountWithMessages> ReadAccountsAsync(
        IStore store, string host, CancellationToken cancellationToken) => ReadAheadAsync<Account, AccountWithMessages>(
            (after, token) => store.Accounts.ListAsync(host, after?.Jid.Local, AccountsPage, token), AccountsPage,
            (account, token) => ReadAccountAsync(store, account, token), cancellationToken);

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
            ? new(
                stored, ReadMessagesAsync(store, account, await page, cancellationToken),
                ReadArchiveAsync(store, account.Jid, cancellationToken))
            : null;
    }

    private static async IAsyncEnumerable<StoreRecord> ReadHostAsync(
        IStore store, string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (account, messages, archive) in ReadAccountsAsync(store, host, cancellationToken))
        {
            foreach (var record in account.ToRecords())
                yield return record;
            await foreach (var message in messages)
                yield return message;
            await foreach (var message in archive)
                yield return new ArchivedRecord(message);
            foreach (var mark in await ReadMarksAsync(store, account.Account.Jid, cancellationToken))
                yield return mark;
        }
    }

    /// <summary>The rooms of a service in their order, with what belongs to them.</summary>
    private static async IAsyncEnumerable<StoreRecord> ReadServiceAsync(
        IStore store, string service, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rooms = ReadAheadAsync<RoomEntry, StoredRoom>(
            (after, token) => store.Rooms.ListAsync(service, new(After: after?.Room.Local), RoomsPage, token), RoomsPage,
            (room, token) => store.Rooms.FindAsync(room.Room, token).AsTask(), cancellationToken);
        await foreach (var room in rooms)
        {
            yield return new RoomRecord(room with { Members = [] });
            foreach (var member in room.Members.OrderBy(member => member.Jid, StoredAccount.Octets))
                yield return new RoomMemberRecord(room.Room, member);
            await foreach (var message in ReadArchiveAsync(store, room.Room, cancellationToken))
                yield return new RoomArchivedRecord(message);
        }
    }

    /// <summary>All nodes, those of accounts first, with what belongs to them.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    internal static async IAsyncEnumerable<StoreRecord> ReadNodesAsync(
        IStore store, StoreCommons commons, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var host in commons.Hosts)
        {
            await foreach (var record in ReadNodesOfHostAsync(store, host, cancellationToken))
                yield return record;
        }

        foreach (var service in commons.NodeServices)
        {
            await foreach (var record in ReadNodesAsync(store, Jid.Parse(service), cancellationToken))
                yield return record;
        }
    }

    private static async IAsyncEnumerable<StoreRecord> ReadNodesOfHostAsync(
        IStore store, string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Most accounts have few nodes: their first ones are read ahead.
        var accounts = ReadAheadAsync<Account, Tuple<Jid, IReadOnlyList<StoredNode>>>(
            (after, token) => store.Accounts.ListAsync(host, after?.Jid.Local, AccountsPage, token), AccountsPage,
            async (account, token) => new(account.Jid, await store.PubSub.ListAsync(account.Jid, new(), 1, token)), cancellationToken);
        await foreach (var (account, first) in accounts)
        {
            if (first.Count == 0)
                continue;
            await foreach (var record in ReadNodesAsync(store, account, cancellationToken))
                yield return record;
        }
    }

    /// <summary>The nodes of an account or a service in their order, with what belongs to them.</summary>
    private static async IAsyncEnumerable<StoreRecord> ReadNodesAsync(
        IStore store, Jid owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var nodes = ReadAheadAsync<StoredNode, StoredNode>(
            (after, token) => store.PubSub.ListAsync(owner, new(After: after?.Name), NodesPage, token), NodesPage,
            (node, token) => store.PubSub.FindAsync(owner, node.Name, token).AsTask(), cancellationToken);
        await foreach (var node in nodes)
        {
            yield return new NodeRecord(node with { Members = [] });
            foreach (var member in node.Members.OrderBy(member => member.Jid, StoredAccount.Octets))
                yield return new NodeMemberRecord(owner, node.Name, member);
            for (SortableId? after = null; ;)
            {
                var page = await store.PubSub.ReadItemsAsync(owner, node.Name, new(After: after), ItemsPage, cancellationToken);
                foreach (var item in page)
                    yield return new NodeItemRecord(owner, node.Name, item);
                if (page.Count < ItemsPage)
                    break;
                after = page[^1].Position;
            }
        }
    }

    /// <summary>Reads each of a list that comes in pages; what is gone meanwhile is left out.</summary>
    private static async IAsyncEnumerable<T> ReadAheadAsync<TItem, T>(
        Func<TItem?, CancellationToken, ValueTask<IReadOnlyList<TItem>>> list, int pageSize,
        Func<TItem, CancellationToken, Task<T?>> read, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TItem : class where T : class
    {
        var reading = new Queue<Task<T?>>();
        for (TItem? after = null; ;)
        {
            var page = await list(after, cancellationToken);
            foreach (var item in page)
            {
                reading.Enqueue(read(item, cancellationToken));
                if (reading.Count > Ahead && await reading.Dequeue() is { } found)
                    yield return found;
            }

            if (page.Count < pageSize)
                break;
            after = page[^1];
        }

        while (reading.TryDequeue(out var last))
        {
            if (await last is { } found)
                yield return found;
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

    /// <summary>An account's or a room's archive in its order, read page by page.</summary>
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
