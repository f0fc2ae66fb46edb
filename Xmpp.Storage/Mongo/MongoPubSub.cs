using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Storage.Transfer;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The collections <c>pubsub_node</c> and <c>pubsub_member</c>; the items are in the other file. A change of members is a step
/// (<see cref="MongoMembers{TMember}"/>).
/// </summary>
internal sealed partial class MongoPubSub(
    MongoCollection nodes, MongoCollection members, MongoCollection items, AccountIds accounts, AccountGates gates, DeletedOwners deleted,
    TimeProvider time) : IPubSubStore
{
    private static readonly FindOptions Name = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 1).Int32("name", 1)) };

    private static readonly BsonDocument ByName = BsonDocument.Build(w => w.Int32("name", 1));
    private static readonly BsonDocument FromEnd = BsonDocument.Build(w => w.Int32("name", -1));
    private static readonly Comparer<string> InOctets = Comparer<string>.Create(RecordOrder.Compare);

    private readonly MongoMembers<NodeMember> _members = new(nodes, members, NodeDocument.Members);

    public async ValueTask<StoredNode?> FindAsync(Jid owner, string node, CancellationToken cancellationToken)
    {
        if (await FindFilterAsync(owner, node, cancellationToken) is not { } filter)
            return null;
        // In turn with changes: one of several members is seen whole.
        using var turn = await gates.EnterAsync(owner, node, cancellationToken);
        var found = await nodes.FindOneAsync<Found?>(filter, document => Found.Of(owner, document), null, cancellationToken);
        return found is { } one ? await CompleteAsync(one, cancellationToken) : null;
    }

    // Each as it was at some time: whoever wants to change one asks for it alone.
    public async ValueTask<IReadOnlyList<StoredNode>> FindAllAsync(Jid owner, int count, CancellationToken cancellationToken)
    {
        var whole = new List<StoredNode>();
        foreach (var node in await FindPageAsync(owner, new(), count, cancellationToken))
            whole.Add(await CompleteAsync(node, cancellationToken));
        return whole;
    }

    public async ValueTask<IReadOnlyList<StoredNode>> ListAsync(
        Jid owner, NodeQuery query, int count, CancellationToken cancellationToken) =>
        [.. (await FindPageAsync(owner, query, count, cancellationToken)).Select(found => found.Node)];

    public async ValueTask<long> CountAsync(Jid owner, CancellationToken cancellationToken) =>
        await FindOwnerAsync(owner, cancellationToken) is { } id ? await nodes.CountAsync(OfOwner(id), null, cancellationToken) : 0;

    // Members that are on their way are found when they are there.
    public async ValueTask<IReadOnlyList<(string Node, NodeMember Member)>> ListOfAsync(
        Jid owner, Jid person, CancellationToken cancellationToken)
    {
        if (await FindOwnerAsync(owner, cancellationToken) is not { } id)
            return [];
        var of = await _members.FindAsync(
            BsonDocument.Build(person, static (w, person) => w.Utf8String("p", person.Bare.Utf8.Span)), cancellationToken);
        if (of.Count == 0)
            return [];

        // Whatever nodes have left behind has none of these.
        var filter = BsonDocument.Build((of, id), static (w, wanted) =>
        {
            w.Begin("_id").BeginArray("$in");
            foreach (var (node, _) in wanted.of)
                w.Account(node);
            w.End().End().Account("a", wanted.id);
        });
        var names = (await nodes.FindAsync(
            filter, static document => (AccountIds.ReadId(document), document.Get("name"u8).String), Name, cancellationToken))
            .ToDictionary();
        return
        [
            .. of.Where(one => names.ContainsKey(one.Owner)).Select(one => (Node: names[one.Owner], one.Member))
                .OrderBy(one => one.Node, InOctets).ThenBy(one => one.Member.Jid, StoredAccount.Octets),
        ];
    }

    public async ValueTask<NodeOutcome> AddAsync(
        StoredNode node, int limit, IReadOnlyList<StoredItem> first, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(node.Owner);
        // In turn: who looks at the limit and adds must not be overtaken by another who does, nor by whoever deletes the account.
        using var turn = await gates.EnterAsync(node.Owner, cancellationToken);
        if (await FindOwnerAsync(node.Owner, cancellationToken) is not { } owner)
            return NodeOutcome.NoOwner;
        if (await nodes.CountAsync(ByKey(owner, node.Name), 1, cancellationToken) > 0)
            return NodeOutcome.Exists;
        if (await nodes.CountAsync(OfOwner(owner), limit, cancellationToken) >= limit)
            return NodeOutcome.TooMany;

        var step = new MemberStep<NodeMember>(node.Members, []);
        var id = AccountId.New(time.GetUtcNow());
        if (!await nodes.InsertAsync(NodeDocument.Write(id, owner, node, step, hasMembers: step.Count > 0), cancellationToken))
            return NodeOutcome.Exists;
        await _members.TryFinishAsync(id, step);
        // Should it not come to that, there is a node without items.
        if (first.Count > 0)
            await items.PutAsync(Replacing(id, first), CancellationToken.None);
        return NodeOutcome.Added;
    }

    public async ValueTask<bool> ApplyAsync(Jid owner, string node, NodeChange change, CancellationToken cancellationToken)
    {
        if (await FindFilterAsync(owner, node, cancellationToken) is not { } filter)
            return false;
        using var turn = await gates.EnterAsync(owner, node, cancellationToken);
        if (await _members.FindHeaderAsync(filter, cancellationToken) is not { } found)
            return false;

        if (found.Step is { } begun)
            await _members.FinishAsync(found.Id, begun);
        if (change is { Settings: null, Saved: [], Deleted: [] })
            return true;
        var counts = await nodes.UpdateAsync(
            AccountDocuments.ById(found.Id), NodeDocument.WriteUpdate(change), cancellationToken: cancellationToken);
        if (counts.Matched == 0)
            return false;
        await _members.TryFinishAsync(found.Id, change.ToStep());
        return true;
    }

    public async ValueTask<bool> RemoveAsync(Jid owner, string node, CancellationToken cancellationToken)
    {
        if (await FindFilterAsync(owner, node, cancellationToken) is not { } filter)
            return false;
        using var turn = await gates.EnterAsync(owner, node, cancellationToken);
        return await _members.FindHeaderAsync(filter, cancellationToken) is { Id: var id } && await RemoveAsync(id, cancellationToken);
    }

    /// <summary>Removes the nodes of an account that is gone.</summary>
    public static async ValueTask EraseOfAsync(MongoCollection nodes, DeletedOwners deleted, AccountId account)
    {
        foreach (var node in await nodes.FindAsync(OfOwner(account), static document => AccountIds.ReadId(document), AccountIds.IdOnly))
        {
            await deleted.NoteAsync(node);
            await nodes.DeleteAsync(AccountDocuments.ById(node));
            await deleted.EraseAsync(node);
        }
    }

    /// <summary>The id that an owner's nodes are found by; null when there is no such account.</summary>
    internal static ValueTask<AccountId?> FindOwnerAsync(AccountIds accounts, Jid owner, CancellationToken cancellationToken) =>
        NodeKey.ServiceOf(owner) is { } service
            ? new(NodeDocument.ServiceId(service))
            : accounts.FindAsync(owner, cancellationToken);

    internal static BsonDocument ByKey(AccountId owner, string node) =>
        BsonDocument.Build((owner, node), static (w, key) => w.Account("a", key.owner).String("name", key.node));

    private static BsonDocument OfOwner(AccountId owner) => BsonDocument.Build(owner, static (w, owner) => w.Account("a", owner));

    private ValueTask<AccountId?> FindOwnerAsync(Jid owner, CancellationToken cancellationToken) =>
        FindOwnerAsync(accounts, owner, cancellationToken);

    private async ValueTask<BsonDocument?> FindFilterAsync(Jid owner, string node, CancellationToken cancellationToken) =>
        await FindOwnerAsync(owner, cancellationToken) is { } id ? ByKey(id, node) : null;

    private async ValueTask<bool> RemoveAsync(AccountId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await deleted.NoteAsync(id);
        if (await nodes.DeleteAsync(AccountDocuments.ById(id), cancellationToken: CancellationToken.None) == 0)
            return false;
        await deleted.EraseAsync(id);
        return true;
    }

    private async ValueTask<List<Found>> FindPageAsync(Jid owner, NodeQuery query, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        cancellationToken.ThrowIfCancellationRequested();
        // To MongoDB 0 is no limit.
        if (await FindOwnerAsync(owner, cancellationToken) is not { } id || count == 0)
            return [];

        var filter = BsonDocument.Build((id, query), static (w, page) => w.Account("a", page.id)
            .Begin("name").String("$gt", page.query.After ?? "").String("$lt", page.query.Before ?? NodeKey.LastName).End());
        var options = new FindOptions { Sort = query.IsFromEnd ? FromEnd : ByName, Limit = count };
        var list = await nodes.FindAsync(filter, document => Found.Of(owner, document), options, cancellationToken);
        if (query.IsFromEnd)
            list.Reverse();
        return list;
    }

    private async ValueTask<StoredNode> CompleteAsync(Found found, CancellationToken cancellationToken) => found.HasMembers
        ? found.Node with { Members = await _members.ListAsync(found.Id, found.Step, cancellationToken) }
        : found.Node;

    private readonly record struct Found(AccountId Id, StoredNode Node, MemberStep<NodeMember>? Step, bool HasMembers)
    {
        public static Found Of(Jid owner, BsonReader document) => new(
            AccountIds.ReadId(document), NodeDocument.Read(owner, document), NodeDocument.Members.ReadStep(document),
            NodeDocument.HasMembers(document));
    }
}
