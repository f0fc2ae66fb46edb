using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>All collections, for moving what they hold.</summary>
internal sealed class MongoTransfer(
    MongoCollections collections, AccountIds ids, MongoInvitations invitations, MongoRosters rosters, IReadOnlyList<DeletedOwners> deleted,
    Func<MongoRestore> beginRestore) : IStoreTransfer
{
    private static readonly FindOptions InOrder = new() { Sort = BsonDocument.Build(w => w.Int32("_id", 1)) };

    // Of accounts as of rooms.
    private static readonly BsonDocument Hosts = BsonDocument.Build(w => w.BeginArray("pipeline")
        .Begin().Begin("$group").String("_id", "$host").End().End()
        .Begin().Begin("$sort").Int32("_id", 1).End().End().End());

    private static readonly BsonDocument NodeServices = BsonDocument.Build(w => w.BeginArray("pipeline")
        .Begin().Begin("$match").Begin("service").Bool("$exists", true).End().End().End()
        .Begin().Begin("$group").String("_id", "$service").End().End()
        .Begin().Begin("$sort").Int32("_id", 1).End().End().End());

    private static readonly BsonDocument OfHosts = BsonDocument.Build(w => w.Begin("_id.host").String("$ne", "").End());

    private static readonly BsonDocument ReadMarks = BsonDocument.Build(w => w.Begin("read").Bool("$exists", true).End());

    public async ValueTask<StoreCommons> ReadCommonsAsync(CancellationToken cancellationToken)
    {
        var hosts = await collections.Accounts.AggregateAsync(Hosts, static host => host.Get("_id"u8).String, cancellationToken);
        var services = await collections.Rooms.AggregateAsync(Hosts, static host => host.Get("_id"u8).String, cancellationToken);
        var nodeServices = await collections.Nodes.AggregateAsync(
            NodeServices, static service => service.Get("_id"u8).String, cancellationToken);
        var settings = await collections.Settings.FindAsync(OfHosts, MongoSettings.Read, InOrder, cancellationToken);
        var secrets = await collections.Secrets.FindAsync(default, MongoSecrets.Read, InOrder, cancellationToken);
        var retired = await rosters.FindRetiredVersionAsync(cancellationToken);
        return new StoreCommons(hosts, services, nodeServices, settings, secrets, retired);
    }

    public async ValueTask<IReadOnlyList<DataRecord>> ReadDataAsync(Jid account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        return await ids.FindAsync(account, cancellationToken) is { } id
            ? await collections.AccountData.FindAsync(
                AccountDocuments.Of(id), document => MongoAccountData.Read(account, document), InOrder, cancellationToken)
            : [];
    }

    public ValueTask<IReadOnlyList<Invitation>> ReadInvitationsAsync(
        string after, DateTimeOffset now, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return invitations.ReadPageAsync(after, now, count, cancellationToken);
    }

    public async ValueTask<StoreCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // What accounts, rooms and nodes have left behind is nobody's and would be counted.
        foreach (var owners in deleted)
            await owners.EraseAllAsync();
        var ofRooms = await CountOfRoomsAsync(cancellationToken);
        return new StoreCounts
        {
            [RecordKind.Account] = await collections.Accounts.CountAsync(default, null, cancellationToken),
            [RecordKind.Contact] = await rosters.CountEntriesAsync(cancellationToken),
            [RecordKind.Removal] = await rosters.CountRemovedAsync(cancellationToken),
            [RecordKind.Blocked] = await collections.Blocked.CountAsync(default, null, cancellationToken),
            [RecordKind.Data] = await collections.AccountData.CountAsync(default, null, cancellationToken),
            [RecordKind.LastSeen] = await collections.LastSeen.CountAsync(default, null, cancellationToken),
            [RecordKind.Message] = await collections.OfflineMessages.CountAsync(default, null, cancellationToken),
            [RecordKind.Archived] = await collections.ArchiveMessages.CountAsync(default, null, cancellationToken) - ofRooms,
            [RecordKind.ReadMark] = await collections.ArchiveConversations.CountAsync(ReadMarks, null, cancellationToken),
            [RecordKind.Room] = await collections.Rooms.CountAsync(default, null, cancellationToken),
            [RecordKind.RoomMember] = await collections.RoomMembers.CountAsync(default, null, cancellationToken),
            [RecordKind.RoomArchived] = ofRooms,
            [RecordKind.Node] = await collections.Nodes.CountAsync(default, null, cancellationToken),
            [RecordKind.NodeMember] = await collections.NodeMembers.CountAsync(default, null, cancellationToken),
            [RecordKind.NodeItem] = await collections.NodeItems.CountAsync(default, null, cancellationToken),
            [RecordKind.Invitation] = await invitations.CountAsync(now, cancellationToken),
            [RecordKind.Setting] = await collections.Settings.CountAsync(OfHosts, null, cancellationToken),
            [RecordKind.Secret] = await collections.Secrets.CountAsync(default, null, cancellationToken),
        };
    }

    private async ValueTask<long> CountOfRoomsAsync(CancellationToken cancellationToken)
    {
        const int Page = 500;
        var count = 0L;
        for (AccountId? last = null; ;)
        {
            var filter = last is { } after
                ? BsonDocument.Build(after, static (w, after) => w.Begin("_id").Account("$gt", after).End())
                : default;
            var page = await collections.Rooms.FindAsync(
                filter, static document => AccountIds.ReadId(document),
                new FindOptions { Sort = InOrder.Sort, Projection = AccountIds.IdOnly.Projection, Limit = Page }, cancellationToken);
            if (page.Count == 0)
                return count;
            foreach (var room in page)
                count += await collections.ArchiveMessages.CountAsync(AccountDocuments.Of(room), null, cancellationToken);
            last = page[^1];
        }
    }

    public ValueTask RestoreAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken) =>
        beginRestore().AddAsync(batch, cancellationToken);
}
