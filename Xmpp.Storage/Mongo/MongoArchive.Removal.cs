using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Storage.Transfer;

namespace Xmpp.Storage.Mongo;

/// <summary>Removing messages, a few at a time, and what there is of them.</summary>
internal sealed partial class MongoArchive
{
    private const int OwnersPage = 100;

    private static readonly BsonDocument ByName = BsonDocument.Build(w => w.Int32("name", 1));

    private static readonly FindOptions IdAndPeer = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 1).Int32("c", 1)) };

    public async ValueTask<int> RemoveAsync(
        Jid account, DateTimeOffset? before, Jid? with, int keep, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        AccountKey.Of(account);
        // In turn: of what is to be kept nobody else must remove something.
        using var turn = await gates.EnterAsync(account, cancellationToken);
        if (await BeginAsync(account, cancellationToken) is not { } owner)
            return 0;

        var range = before is { } date ? ArchiveRange.All.Before(date) : ArchiveRange.All;
        if (keep > 0)
        {
            var kept = await _messages.FindOneAsync<SortableId?>(
                ArchiveDocument.InRange(owner, with?.Bare, ArchiveRange.All), static document => ArchiveDocument.ReadId(document),
                new FindOptions
                {
                    Sort = ArchiveDocument.Order(with is not null, isFromEnd: true),
                    Skip = keep - 1,
                    Limit = 1,
                    Projection = IdOnly.Projection,
                }, cancellationToken);
            if (kept is not { } oldest)
                return 0;
            range = range.InFrontOf(oldest.Value);
        }

        var removed = 0;
        while (removed < limit && !range.IsEmpty)
        {
            var wanted = Math.Min(limit - removed, ArchiveLimits.RemovalStep);
            var done = await RemoveStepAsync(owner, with?.Bare, range, wanted, cancellationToken);
            removed += done;
            if (done < wanted)
                break;
        }

        return removed;
    }

    public async ValueTask<bool> RemoveAsync(Jid account, SortableId id, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        using var turn = await gates.EnterAsync(account, cancellationToken);
        return await BeginAsync(account, cancellationToken) is { } owner
            && await RemoveStepAsync(owner, null, ArchiveRange.Only(id.Value), 1, cancellationToken) > 0;
    }

    public async ValueTask<IReadOnlyList<Jid>> ListOwnersAsync(string host, Jid? after, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var list = new List<Jid>();
        var last = after?.Local ?? "";
        while (list.Count < count && await ReadOwnersAsync(host, last, cancellationToken) is { Count: > 0 } page)
        {
            var has = new bool[page.Count];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, page.Count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (i, _) => has[i] = await _messages.CountAsync(AccountDocuments.Of(page[i].Id), 1, cancellationToken) > 0);
            list.AddRange(page.Where((_, i) => has[i]).Select(found => RoomKey.ToJid(found.Name, host)));
            last = page[^1].Name;
        }

        return list.Count > count ? list[..count] : list;
    }

    public async ValueTask<ArchiveStatistics> CountAllAsync(string host, Jid? account, CancellationToken cancellationToken)
    {
        var all = new ArchiveStatistics(0, 0, null, null);
        if (account is not null)
            return await BeginAsync(account, cancellationToken) is { } id ? await CountAsync(id, all, cancellationToken) : all;

        var last = "";
        while (await ReadOwnersAsync(host, last, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var (id, _) in page)
                all = await CountAsync(id, all, cancellationToken);
            last = page[^1].Name;
        }

        return all;
    }

    /// <summary>Erases a part of what a deleted account has left, so that nobody waits long for it.</summary>
    /// <returns>Whether nothing is left.</returns>
    public static async ValueTask<bool> EraseStepAsync(MongoCollection messages, AccountId account)
    {
        var all = AccountDocuments.Of(account);
        var last = await messages.FindOneAsync<SortableId?>(all, static document => ArchiveDocument.ReadId(document), new FindOptions
        {
            Sort = ArchiveDocument.Order(isWithPeer: false, isFromEnd: false),
            Skip = 2 * ArchiveLimits.RemovalStep - 1,
            Limit = 1,
            Projection = IdOnly.Projection,
        });
        await messages.DeleteAsync(
            last is { } id ? ArchiveDocument.InRange(account, null, new ArchiveRange(0, id.Value)) : all, many: true);
        return last is null;
    }

    private async ValueTask<int> RemoveStepAsync(
        AccountId owner, Jid? with, ArchiveRange range, int count, CancellationToken cancellationToken)
    {
        var oldest = await _messages.FindAsync(
            ArchiveDocument.InRange(owner, with, range),
            static document => (Id: ArchiveDocument.ReadId(document), With: document.Get("c"u8).ToJid()),
            new FindOptions
            {
                Sort = ArchiveDocument.Order(with is not null, isFromEnd: false),
                Limit = count,
                Projection = IdAndPeer.Projection,
            }, cancellationToken);
        if (oldest.Count == 0)
            return 0;

        var removed = await _messages.DeleteAsync(
            ArchiveDocument.ByIds(owner, oldest.Select(message => message.Id)), many: true, CancellationToken.None);
        foreach (var peer in oldest.GroupBy(message => message.With))
        {
            var newest = peer.Max(message => message.Id.Value);
            // Those removed are the oldest: mostly there are newer ones, and nothing changes.
            if (await _conversations.FindOneAsync(
                    ConversationMoves.ById(owner, peer.Key), ConversationEnd.Read, null, CancellationToken.None) is { } end
                && (end.Last <= newest || end.Received <= newest))
                await MoveBackAsync(owner, end, CancellationToken.None);
        }

        return (int)removed;
    }

    private async ValueTask<List<(AccountId Id, string Name)>> ReadOwnersAsync(
        string host, string after, CancellationToken cancellationToken)
    {
        var owners = await ReadOwnersAsync(collections.Accounts, host, after, cancellationToken);
        var rooms = await ReadOwnersAsync(collections.Rooms, host, after, cancellationToken);
        // Usually there is only one of both.
        if (owners.Count == 0 || rooms.Count == 0)
            return owners.Count == 0 ? rooms : owners;

        owners.AddRange(rooms);
        owners.Sort(static (left, right) => RecordOrder.Compare(left.Name, right.Name));
        return [.. owners.Take(OwnersPage)];
    }

    private static ValueTask<List<(AccountId Id, string Name)>> ReadOwnersAsync(
        MongoCollection accounts, string host, string after, CancellationToken cancellationToken)
    {
        var filter = BsonDocument.Build((host, after), static (w, page) => w.String("host", page.host)
            .Begin("name").String("$gt", page.after).End());
        return accounts.FindAsync(
            filter, static document => (AccountIds.ReadId(document), document.Get("name"u8).String),
            new FindOptions { Sort = ByName, Limit = OwnersPage }, cancellationToken);
    }

    private async ValueTask<ArchiveStatistics> CountAsync(AccountId account, ArchiveStatistics before, CancellationToken cancellationToken)
    {
        var pipeline = BsonDocument.Build(account, static (w, account) => w.BeginArray("pipeline")
            .Begin().Document("$match", AccountDocuments.Of(account)).End()
            .Begin().Begin("$group").Null("_id").Begin("n").Int32("$sum", 1).End().Begin("bytes").String("$sum", "$size").End()
            .Begin("first").String("$min", "$_id.i").End().Begin("last").String("$max", "$_id.i").End().End().End().End());
        var found = await _messages.AggregateAsync(pipeline, static group => new ArchiveStatistics(
            group.Get("n"u8).Int64, group.Get("bytes"u8).Int64, ArchiveRange.TimeOf(ArchiveDocument.ToId(group.Get("first"u8))),
            ArchiveRange.TimeOf(ArchiveDocument.ToId(group.Get("last"u8)))), cancellationToken);
        if (found is not [var own])
            return before;

        return new(before.Messages + own.Messages, before.Bytes + own.Bytes,
            before.Oldest < own.Oldest ? before.Oldest : own.Oldest, before.Newest > own.Newest ? before.Newest : own.Newest);
    }
}
