using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <content>The collection <c>pubsub_item</c>: one document for each item, in the order of <c>p</c> within its node.</content>
internal sealed partial class MongoPubSub
{
    /// <summary>Items that are removed in one go.</summary>
    private const int RemovalStep = 1000;

    private static readonly BsonDocument InOrder = BsonDocument.Build(w => w.Int32("_id.a", 1).Int32("p", 1));
    private static readonly BsonDocument NewestFirst = BsonDocument.Build(w => w.Int32("_id.a", -1).Int32("p", -1));
    private static readonly BsonDocument PositionOnly = BsonDocument.Build(w => w.Int32("_id", 0).Int32("p", 1));

    public ValueTask<bool> PublishAsync(
        Jid owner, string node, IReadOnlyList<StoredItem> published, int keep, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        // The caller's memory is his own again as soon as this returns.
        List<StoredItem> copies = [.. published.Select(item => item with { Payload = item.Payload.ToArray() })];
        return PublishAsync(owner, node, copies, keep, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredItem>> FindItemsAsync(
        Jid owner, string node, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        if (ids.Count == 0 || await FindIdAsync(owner, node, cancellationToken) is not { } id)
            return [];
        var filter = BsonDocument.Build((id, ids), static (w, wanted) =>
        {
            w.Begin("_id").BeginArray("$in");
            foreach (var item in wanted.ids.Distinct())
                w.Begin().Account("a", wanted.id).String("i", item).End();
            w.End().End();
        });
        return await items.FindAsync(filter, static document => NodeDocument.ReadItem(document), null, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredItem>> ReadItemsAsync(
        Jid owner, string node, ItemQuery query, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        // To MongoDB 0 is no limit.
        if (await FindIdAsync(owner, node, cancellationToken) is not { } id || count == 0)
            return [];
        var options = new FindOptions { Sort = query.IsFromEnd ? NewestFirst : InOrder, Limit = count };
        var page = await items.FindAsync(
            Between(id, query.After, query.Before), static document => NodeDocument.ReadItem(document), options, cancellationToken);
        if (query.IsFromEnd)
            page.Reverse();
        return page;
    }

    public async ValueTask<long?> CountItemsAsync(Jid owner, string node, int limit, CancellationToken cancellationToken)
    {
        if (await FindIdAsync(owner, node, cancellationToken) is not { } id)
            return 0;
        var count = await items.CountAsync(Between(id, null, null), limit + 1L, cancellationToken);
        return count <= limit ? count : null;
    }

    public async ValueTask<int> RetractAsync(
        Jid owner, string node, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        if (await FindIdAsync(owner, node, cancellationToken) is not { } id)
            return 0;
        var bulk = new MongoBulk();
        foreach (var item in ids)
            bulk.Delete(NodeDocument.ItemId(id, item));
        var removed = 0;
        foreach (var part in bulk.Split())
        {
            removed += (await items.BulkAsync(part, cancellationToken)).Deleted;
            cancellationToken = CancellationToken.None;
        }

        return removed;
    }

    public async ValueTask RemoveItemsAsync(Jid owner, string node, SortableId upTo, CancellationToken cancellationToken)
    {
        if (await FindIdAsync(owner, node, cancellationToken) is not { } id)
            return;
        while (!await EraseStepAsync(items, id, upTo))
            cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Erases some of a node's items, the oldest first.</summary>
    /// <param name="upTo">Null: whichever there are.</param>
    /// <returns>Whether none is left.</returns>
    public static async ValueTask<bool> EraseStepAsync(MongoCollection items, AccountId node, SortableId? upTo = null)
    {
        var all = UpTo(node, upTo);
        var last = await items.FindOneAsync<SortableId?>(
            all, static document => new(ArchiveDocument.ToId(document.Get("p"u8))),
            new FindOptions { Sort = InOrder, Skip = RemovalStep - 1, Limit = 1, Projection = PositionOnly });
        await items.DeleteAsync(last is { } position ? UpTo(node, position) : all, many: true);
        return last is null;
    }

    private async ValueTask<bool> PublishAsync(
        Jid owner, string node, List<StoredItem> published, int keep, CancellationToken cancellationToken)
    {
        if (await FindIdAsync(owner, node, cancellationToken) is not { } id)
            return false;

        var bulk = Replacing(id, published);
        // What stays of the last one is known at once; else those beyond are looked for.
        if (keep == 1 && published.Count > 0)
            bulk.Delete(Between(id, null, published[^1].Position), many: true);
        await items.PutAsync(bulk, cancellationToken);
        if (keep > 1)
            await RemoveBeyondAsync(id, keep);
        return true;
    }

    private static MongoBulk Replacing(AccountId node, IReadOnlyList<StoredItem> published)
    {
        var bulk = new MongoBulk();
        foreach (var item in published)
            bulk.Replace(NodeDocument.ItemId(node, item.Id), NodeDocument.WriteItem(node, item), upsert: true);
        return bulk;
    }

    /// <summary>Removes the oldest items beyond so many. Should it not come to that, the next publication does it.</summary>
    private async ValueTask RemoveBeyondAsync(AccountId node, int keep)
    {
        var beyond = await items.FindOneAsync<SortableId?>(
            Between(node, null, null), static document => new(ArchiveDocument.ToId(document.Get("p"u8))),
            new FindOptions { Sort = NewestFirst, Skip = keep, Limit = 1, Projection = PositionOnly });
        if (beyond is { } position)
            await items.DeleteAsync(UpTo(node, position), many: true);
    }

    private async ValueTask<AccountId?> FindIdAsync(Jid owner, string node, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await FindFilterAsync(owner, node, cancellationToken) is { } filter
            ? await nodes.FindOneAsync<AccountId?>(
                filter, static document => AccountIds.ReadId(document), AccountIds.IdOnly, cancellationToken)
            : null;
    }

    private static BsonDocument UpTo(AccountId node, SortableId? last) => BsonDocument.Build((node, last), static (w, one) =>
    {
        w.Account("_id.a", one.node);
        if (one.last is { } last)
            w.Begin("p").Id("$lte", last.Value).End();
    });

    private static BsonDocument Between(AccountId node, SortableId? after, SortableId? before) =>
        BsonDocument.Build((node, after, before), static (w, range) =>
        {
            w.Account("_id.a", range.node);
            if (range.after is null && range.before is null)
                return;
            w.Begin("p");
            if (range.after is { } after)
                w.Id("$gt", after.Value);
            if (range.before is { } before)
                w.Id("$lt", before.Value);
            w.End();
        });
}
