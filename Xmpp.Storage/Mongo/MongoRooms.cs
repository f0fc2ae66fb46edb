using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The collections <c>room</c> and <c>room_member</c>. A change of one document is one atomic write, a bigger one a step
/// (<see cref="MongoMembers{TMember}"/>).
/// </summary>
internal sealed class MongoRooms(
    MongoCollection rooms, MongoCollection members, AccountIds ids, AccountGates gates, DeletedOwners deleted, TimeProvider time)
    : IRoomStore
{
    private static readonly FindOptions Address = new()
    {
        Projection = BsonDocument.Build(w => w.Int32("host", 1).Int32("name", 1)),
        Sort = BsonDocument.Build(w => w.Int32("host", 1).Int32("name", 1)),
    };

    private static readonly BsonDocument Entry = BsonDocument.Build(w =>
        w.Int32("name", 1).Int32("title", 1).Int32("listed", 1).Int32("persistent", 1).Int32("created", 1));

    private static readonly BsonDocument EntryWithValues = BsonDocument.Build(w =>
        w.Int32("name", 1).Int32("title", 1).Int32("listed", 1).Int32("persistent", 1).Int32("created", 1).Int32("settings", 1));

    private static readonly BsonDocument InOrder = BsonDocument.Build(w => w.Int32("name", 1));
    private static readonly BsonDocument FromEnd = BsonDocument.Build(w => w.Int32("name", -1));

    private readonly MongoMembers<RoomMember> _members = new(rooms, members, RoomDocument.Members);

    public async ValueTask<StoredRoom?> FindAsync(Jid room, CancellationToken cancellationToken)
    {
        var filter = AccountIds.ByName(room);
        // In turn with changes: one of several members is seen whole.
        using var turn = await gates.EnterAsync(room, cancellationToken);
        var found = await rooms.FindOneAsync<(AccountId Id, StoredRoom Room, MemberStep<RoomMember>? Step)?>(
            filter,
            document => (AccountIds.ReadId(document), RoomDocument.Read(room, document), RoomDocument.Members.ReadStep(document)),
            null, cancellationToken);
        return found is { } one
            ? one.Room with { Members = await _members.ListAsync(one.Id, one.Step, cancellationToken) }
            : null;
    }

    public async ValueTask<bool> AddAsync(StoredRoom room, CancellationToken cancellationToken)
    {
        RoomKey.Of(room.Room);
        using var turn = await gates.EnterAsync(room.Room, cancellationToken);
        var step = new MemberStep<RoomMember>(room.Members, []);
        var id = AccountId.New(time.GetUtcNow());
        if (!await rooms.InsertAsync(RoomDocument.Write(id, room, step), cancellationToken))
            return false;

        await _members.TryFinishAsync(id, step);
        return true;
    }

    public async ValueTask<bool> ApplyAsync(Jid room, RoomChange change, CancellationToken cancellationToken)
    {
        var filter = AccountIds.ByName(room);
        using var turn = await gates.EnterAsync(room, cancellationToken);
        if (await _members.FindHeaderAsync(filter, cancellationToken) is not { } found)
            return false;

        if (found.Step is { } begun)
            await _members.FinishAsync(found.Id, begun);
        var isOfRoom = change.Settings is not null || change.Subject is not null;
        var step = change.ToStep();
        if (isOfRoom || step.Count > 1)
        {
            var counts = await rooms.UpdateAsync(
                AccountDocuments.ById(found.Id), RoomDocument.WriteUpdate(change), cancellationToken: cancellationToken);
            if (counts.Matched == 0)
                return false;
            await _members.TryFinishAsync(found.Id, step);
        }
        else if (step.Count == 1)
        {
            await _members.SaveAsync(found.Id, step, cancellationToken);
        }

        return true;
    }

    public async ValueTask<bool> RemoveAsync(Jid room, CancellationToken cancellationToken)
    {
        var filter = AccountIds.ByName(room);
        using var turn = await gates.EnterAsync(room, cancellationToken);
        if (await _members.FindHeaderAsync(filter, cancellationToken) is not { Id: var id })
            return false;

        await deleted.NoteAsync(id);
        try
        {
            if (await rooms.DeleteAsync(AccountDocuments.ById(id), cancellationToken: CancellationToken.None) == 0)
                return false;
        }
        finally
        {
            ids.Forget(room);
        }

        await deleted.EraseAsync(id);
        return true;
    }

    public async ValueTask<IReadOnlyList<RoomEntry>> ListAsync(
        string service, RoomQuery query, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        cancellationToken.ThrowIfCancellationRequested();
        // To MongoDB 0 is no limit.
        if (count == 0)
            return [];

        var filter = BsonDocument.Build((service, query), static (w, page) => w.OfService(page.service, page.query.Filter)
            .Begin("name").String("$gt", page.query.After ?? "").String("$lt", page.query.Before ?? RoomKey.LastName).End());
        var options = new FindOptions
        {
            Sort = query.IsFromEnd ? FromEnd : InOrder,
            Limit = count,
            Projection = query.WithValues ? EntryWithValues : Entry,
        };
        var list = await rooms.FindAsync(filter, document => RoomDocument.ReadEntry(service, document), options, cancellationToken);
        if (query.IsFromEnd)
            list.Reverse();
        return list;
    }

    public ValueTask<long> CountAsync(string service, RoomFilter filter, CancellationToken cancellationToken) => rooms.CountAsync(
        BsonDocument.Build((service, filter), static (w, counted) => w.OfService(counted.service, counted.filter)),
        null, cancellationToken);

    // Members that are on their way are found when they are there.
    public async ValueTask<IReadOnlyList<(Jid Room, RoomMember Member)>> ListRoomsOfAsync(
        Jid person, Jid? after, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var (service, name) = after is null ? ("", "") : RoomKey.Of(after);
        var of = await _members.FindAsync(
            BsonDocument.Build(person, static (w, person) => w.Utf8String("_id.j", person.Utf8.Span)), cancellationToken);
        if (of.Count == 0 || count == 0)
            return [];

        // Whatever rooms have left behind has none of these.
        var filter = BsonDocument.Build((of, service, name), static (w, page) =>
        {
            w.Begin("_id").BeginArray("$in");
            foreach (var (room, _) in page.of)
                w.Account(room);
            w.End().End().BeginArray("$or").Begin().Begin("host").String("$gt", page.service).End().End()
                .Begin().String("host", page.service).Begin("name").String("$gt", page.name).End().End().End();
        });
        var found = await rooms.FindAsync(
            filter,
            static document =>
                (Id: AccountIds.ReadId(document), Room: RoomKey.ToJid(document.Get("name"u8).String, document.Get("host"u8).String)),
            Address.With(count), cancellationToken);
        var byRoom = of.ToDictionary(one => one.Owner, one => one.Member);
        return [.. found.Select(room => (room.Room, byRoom[room.Id]))];
    }
}
