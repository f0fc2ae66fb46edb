using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The tables <c>pubsub_node</c> and <c>pubsub_member</c>; the items are in the other file.</summary>
internal sealed partial class SqlitePubSub(SqliteReaders readers, SqliteWriter writer) : IPubSubStore
{
    internal const string OrphanSql =
        "SELECT id FROM pubsub_node INDEXED BY pubsub_node_orphan WHERE account IS NULL AND service IS NULL LIMIT 1";

    private const string FindIdOfAccountSql = $"SELECT id FROM pubsub_node WHERE account = {AccountRow.IdSql} AND node = $node";
    private const string FindIdOfServiceSql = "SELECT id FROM pubsub_node WHERE service = $service AND node = $node";
    private const string FindSql = "SELECT node, created, settings FROM pubsub_node WHERE id = $id";
    private const string MembersSql =
        "SELECT jid, affiliation, subscription, options FROM pubsub_member WHERE node = $id ORDER BY jid";

    private const string AddSql =
        """
        INSERT INTO pubsub_node(account, service, node, created, settings, items)
        VALUES ($account, $service, $node, $created, $settings, 0) ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string SetSettingsSql = "UPDATE pubsub_node SET settings = $settings WHERE id = $id";
    private const string SaveMemberSql = $"INSERT OR REPLACE {IntoMemberSql}";
    private const string AddMemberSql = $"INSERT {IntoMemberSql}";
    private const string IntoMemberSql =
        """
        INTO pubsub_member(node, jid, person, affiliation, subscription, options)
        VALUES ($id, $jid, $person, $affiliation, $subscription, $options)
        """;

    private const string DeleteMemberSql = "DELETE FROM pubsub_member WHERE node = $id AND jid = $jid";
    private const string OrphanOneSql = "UPDATE pubsub_node SET account = NULL, service = NULL WHERE id = $id";
    private const string OfPersonSql =
        """
        SELECT n.node, m.jid, m.affiliation, m.subscription, m.options
        FROM pubsub_member m CROSS JOIN pubsub_node n ON n.id = m.node
        WHERE m.person = $person AND {0} ORDER BY n.node, m.jid
        """;

    private static readonly string OfPersonAtAccountSql = OfPersonSql.Replace("{0}", "n.account = $owner", StringComparison.Ordinal);
    private static readonly string OfPersonAtServiceSql = OfPersonSql.Replace("{0}", "n.service = $owner", StringComparison.Ordinal);

    private static readonly NodeQuery FromStart = new();

    /// <summary>Erases what removed nodes have left, and those of deleted accounts.</summary>
    internal OrphanEraser Orphans { get; } =
        new(readers, OrphanSql, orphan => writer.WriteAsync(session => EraseStep(session, orphan), default));

    public ValueTask<StoredNode?> FindAsync(Jid owner, string node, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync(session =>
        {
            if (FindId(session, owner, node) is not { } id)
                return null;
            using var rows = session.Query(FindSql, ("$id", id));
            return rows.Read() ? ReadNode(rows, owner) with { Members = ReadMembers(session, id) } : null;
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredNode>> FindAllAsync(Jid owner, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync<IReadOnlyList<StoredNode>>(
            session => [.. List(session, owner, FromStart, count).Select(one => one.Node with { Members = ReadMembers(session, one.Id) })],
            cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredNode>> ListAsync(Jid owner, NodeQuery query, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync<IReadOnlyList<StoredNode>>(
            session => [.. List(session, owner, query, count).Select(one => one.Node)], cancellationToken);
    }

    public ValueTask<long> CountAsync(Jid owner, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync(session => Count(session, owner), cancellationToken);
    }

    public ValueTask<IReadOnlyList<(string Node, NodeMember Member)>> ListOfAsync(
        Jid owner, Jid person, CancellationToken cancellationToken)
    {
        var isOfService = NodeKey.ServiceOf(owner) is not null;
        return readers.ReadAsync<IReadOnlyList<(string, NodeMember)>>(session =>
        {
            var found = new List<(string, NodeMember)>();
            using var rows = session.Query(isOfService ? OfPersonAtServiceSql : OfPersonAtAccountSql,
                ("$person", person.Bare.ToString()), ("$owner", OwnerOf(session, owner)));
            while (rows.Read())
                found.Add((rows.GetText(0)!, ReadMember(rows, 1)));
            return found;
        }, cancellationToken);
    }

    public ValueTask<NodeOutcome> AddAsync(
        StoredNode node, int limit, IReadOnlyList<StoredItem> items, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(node.Owner);
        return writer.WriteAsync(session =>
        {
            if (OwnerOf(session, node.Owner) is null)
                return NodeOutcome.NoOwner;
            if (FindId(session, node.Owner, node.Name) is not null)
                return NodeOutcome.Exists;
            if (Count(session, node.Owner) >= limit)
                return NodeOutcome.TooMany;

            var id = Add(session, node)!.Value;
            Grow(session, id, Put(session, id, items));
            return NodeOutcome.Added;
        }, cancellationToken);
    }

    public ValueTask<bool> ApplyAsync(Jid owner, string node, NodeChange change, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        return writer.WriteAsync(session =>
        {
            if (FindId(session, owner, node) is not { } id)
                return false;

            if (change.Settings is { } settings)
                session.Execute(SetSettingsSql, ("$settings", NamedValues.Write(settings)), ("$id", id));
            foreach (var jid in change.Deleted)
                session.Execute(DeleteMemberSql, ("$id", id), ("$jid", jid.ToString()));
            foreach (var member in change.Saved)
                Write(session, SaveMemberSql, id, member);
            return true;
        }, cancellationToken);
    }

    public async ValueTask<bool> RemoveAsync(Jid owner, string node, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        var isRemoved = await writer.WriteAsync(
            session => FindId(session, owner, node) is { } id && session.Execute(OrphanOneSql, ("$id", id)) > 0, cancellationToken);
        if (isRemoved)
            Orphans.Start();
        return isRemoved;
    }

    /// <summary>The page of an account's, or a service's, nodes.</summary>
    internal static string ListSql(bool isOfService, bool isFromEnd) =>
        $"SELECT node, created, settings, id FROM pubsub_node WHERE {(isOfService ? "service" : "account")} = $owner " +
        $"AND node > $after AND node < $before ORDER BY node{(isFromEnd ? " DESC" : "")} LIMIT $count";

    internal static string CountSql(bool isOfService) =>
        $"SELECT count(*) FROM pubsub_node WHERE {(isOfService ? "service" : "account")} = $owner";

    /// <summary>The node's id, or null when there is no such node.</summary>
    internal static long? FindId(SqliteSession session, Jid owner, string node)
    {
        if (owner.Local is null)
            return session.Scalar(FindIdOfServiceSql, ("$service", owner.Domain), ("$node", node)) as long?;
        var (host, name) = AccountKey.Of(owner);
        return session.Scalar(FindIdOfAccountSql, ("$host", host), ("$name", name), ("$node", node)) as long?;
    }

    /// <summary>Adds a node; null when there is one of that name, or no such account.</summary>
    internal static long? Add(SqliteSession session, StoredNode node)
    {
        var owner = OwnerOf(session, node.Owner);
        if (owner is null || session.Scalar(AddSql, ("$account", owner as long?), ("$service", owner as string), ("$node", node.Name),
            ("$created", node.Created.ToUnixTimeMilliseconds()), ("$settings", NamedValues.Write(node.Settings))) is not long id)
            return null;

        foreach (var member in node.Members)
            AddMember(session, id, member);
        return id;
    }

    /// <summary>Adds somebody who isn't there.</summary>
    internal static void AddMember(SqliteSession session, long node, NodeMember member) => Write(session, AddMemberSql, node, member);

    private static void Write(SqliteSession session, string sql, long node, NodeMember member) => session.Execute(sql,
        ("$id", node), ("$jid", member.Jid.ToString()), ("$person", member.Jid.Bare.ToString()),
        ("$affiliation", (int)member.Affiliation), ("$subscription", (int)member.Subscription),
        ("$options", NamedValues.Write(member.Options)));

    /// <summary>What its nodes are found by: the id of an account (null: there is none), or a domain.</summary>
    private static object? OwnerOf(SqliteSession session, Jid owner) =>
        NodeKey.ServiceOf(owner) is { } service ? service : AccountRow.FindId(session, AccountKey.Of(owner));

    private static long Count(SqliteSession session, Jid owner) =>
        (long)session.Scalar(CountSql(owner.Local is null), ("$owner", OwnerOf(session, owner)))!;

    private static List<(long Id, StoredNode Node)> List(SqliteSession session, Jid owner, NodeQuery query, int count)
    {
        var page = new List<(long, StoredNode)>();
        using var rows = session.Query(ListSql(owner.Local is null, query.IsFromEnd), ("$owner", OwnerOf(session, owner)),
            ("$after", query.After ?? ""), ("$before", query.Before ?? NodeKey.LastName), ("$count", count));
        while (rows.Read())
            page.Add((rows.GetInteger(3), ReadNode(rows, owner)));
        if (query.IsFromEnd)
            page.Reverse();
        return page;
    }

    private static List<NodeMember> ReadMembers(SqliteSession session, long node)
    {
        var members = new List<NodeMember>();
        using var rows = session.Query(MembersSql, ("$id", node));
        while (rows.Read())
            members.Add(ReadMember(rows, 0));
        return members;
    }

    private static StoredNode ReadNode(SqliteDataReader row, Jid owner) =>
        new(owner, row.GetText(0)!, row.GetTime(1), NamedValues.Read(row.GetOctets(2)), []);

    private static NodeMember ReadMember(SqliteDataReader row, int column) => new(
        row.GetJid(column), (NodeAffiliation)row.GetInteger(column + 1), (NodeSubscription)row.GetInteger(column + 2))
    {
        Options = NamedValues.Read(row.GetOctets(column + 3)),
    };
}
