using Xmpp.Core;
using Xmpp.Core.Extensions;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// Removing messages, a few at a time. What belongs to an account or a room that is gone is nobody's from then on
/// (<c>archive.account</c> and <c>room</c> are null), and removed in the background.
/// </summary>
internal sealed partial class SqliteArchive
{
    internal const string OldestSql =
        "SELECT id, row FROM archive_by_id WHERE archive = ? AND id BETWEEN ? AND ? ORDER BY id LIMIT ?";

    internal const string OldestWithSql =
        "SELECT id, row FROM archive_by_peer WHERE peer = ? AND id BETWEEN ? AND ? ORDER BY id LIMIT ?";

    internal const string KeptWithSql = "SELECT id FROM archive_by_peer WHERE peer = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
    internal const string OrphanSql = "SELECT id FROM archive INDEXED BY archive_orphan WHERE account IS NULL AND room IS NULL LIMIT 1";
    private const string MessagesSql = "SELECT messages FROM archive WHERE id = ?";
    private const string RemoveSql = "DELETE FROM archive_message WHERE row = ? RETURNING peer, length(stanza)";
    private const string RemoveIdSql = "DELETE FROM archive_by_id WHERE archive = ? AND id = ?";
    private const string RemovePeerSql = "DELETE FROM archive_by_peer WHERE peer = ? AND id = ?";
    private const string ShrinkSql = "UPDATE archive SET messages = messages - ?, bytes = bytes - ? WHERE id = ?";

    // Those removed are the oldest: mostly there are newer ones, and nothing changes.
    private const string MoveEndsBackSql =
        """
        UPDATE archive_peer SET
            last = (SELECT id FROM archive_by_peer WHERE peer = ?1 AND flags & 2 <> 0 ORDER BY id DESC LIMIT 1),
            received = CASE WHEN received <= ?2
                THEN (SELECT id FROM archive_by_peer WHERE peer = ?1 AND flags & 3 = 3 ORDER BY id DESC LIMIT 1) ELSE received END,
            read = CASE WHEN EXISTS (SELECT 1 FROM archive_by_peer WHERE peer = ?1 AND flags & 2 <> 0) THEN read END
        WHERE id = ?1 AND (last <= ?2 OR received <= ?2)
        """;

    private const string RemoveEmptyPeerSql =
        "DELETE FROM archive_peer WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM archive_by_peer WHERE peer = ?1)";

    private const string RemoveOrphansPeersSql =
        "DELETE FROM archive_peer WHERE id IN (SELECT id FROM archive_peer WHERE archive = ? LIMIT ?)";

    private const string RemoveOrphanSql = "DELETE FROM archive WHERE id = ?";
    private const string LastIndexedSql = "SELECT row FROM archive_indexed";

    /// <summary>Erases what deleted accounts and rooms have left.</summary>
    internal OrphanEraser Orphans { get; }

    public async ValueTask<int> RemoveAsync(
        Jid account, DateTimeOffset? before, Jid? with, int keep, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var range = before is { } time ? ArchiveRange.All.Before(time) : ArchiveRange.All;
        var removed = 0;
        while (true)
        {
            var wanted = Math.Min(limit - removed, ArchiveLimits.RemovalStep);
            var done = await ChangeAsync(
                account, (session, archive) => Remove(session, archive, with?.Bare, range, keep, wanted), cancellationToken);
            removed += done;
            if (done < wanted || removed == limit)
                return removed;
        }
    }

    public async ValueTask<bool> RemoveAsync(Jid account, SortableId id, CancellationToken cancellationToken) => await ChangeAsync(
        account, (session, archive) => Remove(session, archive, null, ArchiveRange.Only(id.Value), keep: 0, limit: 1), cancellationToken) > 0;

    /// <returns>Whether nothing is left of it.</returns>
    private bool EraseStep(SqliteSession session, long archive)
    {
        _index.BringAllUpToDate(session);
        if (Remove(session, archive, null, ArchiveRange.All, keep: 0, ArchiveLimits.RemovalStep) > 0
            || session.Statement(RemoveOrphansPeersSql).Integer(archive).Integer(ArchiveLimits.RemovalStep).Run() > 0)
            return false;

        session.Statement(RemoveOrphanSql).Integer(archive).Run();
        return true;
    }

    private int Remove(SqliteSession session, long archive, Jid? with, ArchiveRange range, int keep, int limit)
    {
        var removed = FindOldest(session, archive, with, range, keep, limit);
        var bytes = 0L;
        var newest = new Dictionary<long, UInt128>();
        foreach (var (id, row) in removed)
        {
            var deletion = session.Statement(RemoveSql).Integer(row);
            if (!deletion.Step())
                continue;

            var peer = deletion.GetInteger(0);
            bytes += deletion.GetInteger(1);
            deletion.Step();
            session.Statement(RemoveIdSql).Integer(archive).Id(id).Run();
            session.Statement(RemovePeerSql).Integer(peer).Id(id).Run();
            newest[peer] = id;
        }

        if (removed.Count == 0)
            return 0;

        session.Statement(ShrinkSql).Integer(removed.Count).Integer(bytes).Integer(archive).Run();
        foreach (var (peer, last) in newest)
        {
            session.Statement(MoveEndsBackSql).Integer(peer).Id(last).Run();
            if (session.Statement(RemoveEmptyPeerSql).Integer(peer).Run() > 0)
                _owners.Clear();
        }

        session.Statement(ArchiveIndex.SetIndexedSql).Integer(session.Statement(LastIndexedSql).FindInteger() ?? 0).Run();
        return removed.Count;
    }

    private static List<(UInt128 Id, long Row)> FindOldest(
        SqliteSession session, long archive, Jid? with, ArchiveRange range, int keep, int limit)
    {
        var oldest = new List<(UInt128, long)>();
        SqliteStatement rows;
        if (with is null)
        {
            var removable = (session.Statement(MessagesSql).Integer(archive).FindInteger() ?? 0) - keep;
            rows = session.Statement(OldestSql).Integer(archive).Id(range.Low).Id(range.High).Integer(Math.Clamp(removable, 0, limit));
        }
        else
        {
            if (ArchiveOwners.FindPeer(session, archive, with) is not { } peer)
                return oldest;
            if (keep > 0)
            {
                if (session.Statement(KeptWithSql).Integer(peer).Integer(keep - 1).FindId() is not { } kept)
                    return oldest;
                range = range.InFrontOf(kept);
            }

            rows = session.Statement(OldestWithSql).Integer(peer).Id(range.Low).Id(range.High).Integer(limit);
        }

        while (!range.IsEmpty && rows.Step())
            oldest.Add((rows.GetId(0) ?? default, rows.GetInteger(1)));
        rows.Begin();
        return oldest;
    }
}
