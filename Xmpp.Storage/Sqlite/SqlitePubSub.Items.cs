using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <content>
/// The table <c>pubsub_item</c>. How many items a node has stands in its row. What a node leaves behind that was removed, or whose
/// account was, is nobody's, and erased in the background.
/// </content>
internal sealed partial class SqlitePubSub
{
    internal const string OldestSql = "SELECT row FROM pubsub_item WHERE node = $id AND position <= $upTo ORDER BY position LIMIT $count";

    /// <summary>Items that are removed in one go.</summary>
    private const int RemovalStep = 500;

    private const string IntoItemSql =
        "INTO pubsub_item(node, id, position, publisher, payload) VALUES ($node, $id, $position, $publisher, $payload)";

    private const string AddItemSql = $"INSERT {IntoItemSql}";
    private const string FindItemSql =
        "SELECT id, position, publisher, payload FROM pubsub_item WHERE node = $node AND id = $id";

    private const string DeleteItemSql = "DELETE FROM pubsub_item WHERE node = $node AND id = $id";
    private const string DeleteRowSql = "DELETE FROM pubsub_item WHERE row = $row";
    private const string GrowSql = "UPDATE pubsub_node SET items = items + $more WHERE id = $id";
    private const string CountItemsSql = "SELECT items FROM pubsub_node WHERE id = $id";
    private const string EraseNodeSql = "DELETE FROM pubsub_node WHERE id = $id";

    private static readonly byte[] LastPosition = Octets(new(UInt128.MaxValue));

    public ValueTask<bool> PublishAsync(
        Jid owner, string node, IReadOnlyList<StoredItem> items, int keep, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        NodeKey.ServiceOf(owner);
        return writer.WriteAsync(session =>
        {
            if (FindId(session, owner, node) is not { } id)
                return false;

            var added = Put(session, id, items);
            var beyond = CountItems(session, id) + added - keep;
            if (beyond > 0)
                added -= RemoveOldest(session, id, LastPosition, beyond);
            Grow(session, id, added);
            return true;
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredItem>> FindItemsAsync(
        Jid owner, string node, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync<IReadOnlyList<StoredItem>>(session =>
        {
            var found = new List<StoredItem>();
            if (FindId(session, owner, node) is not { } nodeId)
                return found;

            foreach (var id in ids.Distinct())
            {
                using var rows = session.Query(FindItemSql, ("$node", nodeId), ("$id", id));
                if (rows.Read())
                    found.Add(ReadItem(rows));
            }

            return found;
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredItem>> ReadItemsAsync(
        Jid owner, string node, ItemQuery query, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync<IReadOnlyList<StoredItem>>(session =>
        {
            var page = new List<StoredItem>();
            if (FindId(session, owner, node) is not { } id)
                return page;

            using var rows = session.Query(ItemsSql(query.IsFromEnd), ("$node", id),
                ("$after", query.After is { } after ? Octets(after) : Array.Empty<byte>()),
                ("$before", query.Before is { } before ? Octets(before) : LastPosition), ("$count", count));
            while (rows.Read())
                page.Add(ReadItem(rows));
            if (query.IsFromEnd)
                page.Reverse();
            return page;
        }, cancellationToken);
    }

    // It costs nothing: there is no limit.
    public ValueTask<long?> CountItemsAsync(Jid owner, string node, int limit, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        return readers.ReadAsync<long?>(
            session => FindId(session, owner, node) is { } id ? CountItems(session, id) : 0, cancellationToken);
    }

    public ValueTask<int> RetractAsync(Jid owner, string node, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        return writer.WriteAsync(session =>
        {
            if (FindId(session, owner, node) is not { } nodeId)
                return 0;

            var removed = 0;
            foreach (var id in ids)
                removed += session.Execute(DeleteItemSql, ("$node", nodeId), ("$id", id));
            Grow(session, nodeId, -removed);
            return removed;
        }, cancellationToken);
    }

    public async ValueTask RemoveItemsAsync(Jid owner, string node, SortableId upTo, CancellationToken cancellationToken)
    {
        NodeKey.ServiceOf(owner);
        var last = Octets(upTo);
        while (await writer.WriteAsync(
            session => FindId(session, owner, node) is { } id ? RemoveStep(session, id, last) : 0, cancellationToken) == RemovalStep)
        {
        }
    }

    /// <summary>A page of items.</summary>
    internal static string ItemsSql(bool isFromEnd) =>
        "SELECT id, position, publisher, payload FROM pubsub_item WHERE node = $node AND position > $after AND position < $before " +
        $"ORDER BY position{(isFromEnd ? " DESC" : "")} LIMIT $count";

    /// <summary>Adds an item that isn't there.</summary>
    internal static void AddItem(SqliteSession session, long node, StoredItem item)
    {
        Insert(session, node, item);
        Grow(session, node, 1);
    }

    /// <returns>How many there are more.</returns>
    private static int Put(SqliteSession session, long node, IReadOnlyList<StoredItem> items)
    {
        var added = 0;
        foreach (var item in items)
        {
            added += 1 - session.Execute(DeleteItemSql, ("$node", node), ("$id", item.Id));
            Insert(session, node, item);
        }

        return added;
    }

    private static void Grow(SqliteSession session, long node, int more)
    {
        if (more != 0)
            session.Execute(GrowSql, ("$more", more), ("$id", node));
    }

    private static void Insert(SqliteSession session, long node, StoredItem item) => session.Execute(AddItemSql,
        ("$node", node), ("$id", item.Id), ("$position", Octets(item.Position)), ("$publisher", item.Publisher?.ToString()),
        ("$payload", item.Payload.ToArray()));

    /// <returns>Whether nothing is left of it.</returns>
    private static bool EraseStep(SqliteSession session, long node)
    {
        if (RemoveStep(session, node, LastPosition) == RemovalStep)
            return false;
        session.Execute(EraseNodeSql, ("$id", node));
        return true;
    }

    private static int RemoveStep(SqliteSession session, long node, byte[] upTo)
    {
        var removed = RemoveOldest(session, node, upTo, RemovalStep);
        Grow(session, node, -removed);
        return removed;
    }

    private static int RemoveOldest(SqliteSession session, long node, byte[] upTo, long count)
    {
        var oldest = new List<long>();
        using (var rows = session.Query(OldestSql, ("$id", node), ("$upTo", upTo), ("$count", count)))
        {
            while (rows.Read())
                oldest.Add(rows.GetInteger(0));
        }

        foreach (var row in oldest)
            session.Execute(DeleteRowSql, ("$row", row));
        return oldest.Count;
    }

    private static long CountItems(SqliteSession session, long node) => session.Scalar(CountItemsSql, ("$id", node)) as long? ?? 0;

    private static StoredItem ReadItem(SqliteDataReader row) => new(
        row.GetText(0)!, new(BinaryPrimitives.ReadUInt128BigEndian(row.GetOctets(1))), row.IsNull(2) ? null : row.GetJid(2),
        row.GetOctets(3).ToArray());

    private static byte[] Octets(SortableId position)
    {
        var octets = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(octets, position.Value);
        return octets;
    }
}
