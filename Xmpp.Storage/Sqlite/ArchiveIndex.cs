using Xmpp.Core;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// The tables by which messages are found: by id, by peer, and what follows from them, the ends of conversations and the sizes of
/// archives. A message is only appended to <c>archive_message</c> when it is added; here it comes later, together with others of its
/// archive, since a page of an index costs the same for one new entry as for many. Whoever reads or changes an archive has its messages
/// indexed before. Belongs to the writer's thread.
/// </summary>
internal sealed class ArchiveIndex(ArchiveTail tail, ArchiveOwners owners)
{
    /// <summary>Messages that may wait to be indexed.</summary>
    internal const int Limit = 8192;

    /// <summary>Messages that are indexed at once, while others wait.</summary>
    private const int Slice = 256;

    private const string AddIdSql = "INSERT OR IGNORE INTO archive_by_id(archive, id, row) VALUES (?, ?, ?)";
    private const string AddPeerSql = "INSERT INTO archive_by_peer(peer, id, row, flags) VALUES (?, ?, ?, ?)";
    private const string FindRowSql = "SELECT row FROM archive_by_id WHERE archive = ? AND id = ?";
    private const string DropSql = "DELETE FROM archive_message WHERE row = ?";
    private const string GrowSql = "UPDATE archive SET messages = messages + ?, bytes = bytes + ? WHERE id = ?";
    private const string ReceiveSql =
        "UPDATE archive_peer SET last = max(ifnull(last, x''), ?1), received = max(ifnull(received, x''), ?2) WHERE id = ?3";

    private const string SendSql = "UPDATE archive_peer SET last = max(ifnull(last, x''), ?1) WHERE id = ?2";
    private const string LastRowSql = "SELECT ifnull(max(row), 0) FROM archive_message";

    // A row's number may be used again once the last one is gone.
    internal const string SetIndexedSql = "UPDATE archive_indexed SET row = min(?, (SELECT ifnull(max(row), 0) FROM archive_message))";

    // Behind the watermark there is what was added last before the process ended, at most so many as may wait.
    private const string UnindexedSql =
        """
        SELECT row, archive, peer, id, flags, length(stanza) FROM archive_message
        WHERE row > (SELECT row FROM archive_indexed) ORDER BY archive, id, row
        """;

    private readonly Dictionary<long, (UInt128 Last, UInt128 Received)> _ends = [];
    private Queue<Jid> _pass = new();
    private long _passEnd;

    /// <summary>Indexes what was added to an account's archive.</summary>
    /// <returns>How many messages there were twice, of which one was left out.</returns>
    public int BringUpToDate(SqliteSession session, Jid account)
    {
        var twice = RecoverIfNeeded(session);
        return twice + (tail.Take(account) is { } rows ? Add(session, rows) : 0);
    }

    /// <summary>Indexes all that was added.</summary>
    public void BringAllUpToDate(SqliteSession session)
    {
        RecoverIfNeeded(session);
        while (tail.Written > 0)
            Work(session);
        Work(session);
    }

    /// <summary>Does a part of the work when there is enough of it.</summary>
    public void WorkIfDue(SqliteSession session)
    {
        RecoverIfNeeded(session);
        if (_pass.Count > 0 || tail.Written >= Limit)
            Work(session);
    }

    /// <summary>What was done lately may have been undone.</summary>
    public void Doubt()
    {
        _pass.Clear();
        _ends.Clear();
        owners.Clear();
        tail.Doubt();
    }

    private void Work(SqliteSession session)
    {
        if (_pass.Count == 0)
            (_pass, _passEnd) = (tail.ListAccounts(), session.Statement(LastRowSql).FindInteger() ?? 0);
        for (var done = 0; done < Slice && _pass.TryDequeue(out var account);)
        {
            if (tail.Take(account) is { } rows)
            {
                Add(session, rows);
                done += rows.Count;
            }
        }

        if (_pass.Count == 0)
            session.Statement(SetIndexedSql).Integer(_passEnd).Run();
    }

    private int RecoverIfNeeded(SqliteSession session)
    {
        if (!tail.IsDoubtful)
            return 0;

        var last = session.Statement(LastRowSql).FindInteger() ?? 0;
        var rows = new List<ArchiveRow>();
        var unindexed = session.Statement(UnindexedSql);
        while (unindexed.Step())
        {
            rows.Add(new ArchiveRow(
                unindexed.GetInteger(1), unindexed.GetId(3) ?? default, unindexed.GetInteger(0), unindexed.GetInteger(2),
                (ArchiveFlags)unindexed.GetInteger(4), (int)unindexed.GetInteger(5)));
        }

        var twice = 0;
        for (int from = 0, to; from < rows.Count; from = to)
        {
            for (to = from + 1; to < rows.Count && rows[to].Archive == rows[from].Archive; to++)
            {
            }

            twice += Add(session, rows[from..to]);
        }

        session.Statement(SetIndexedSql).Integer(last).Run();
        tail.Trust();
        return twice;
    }

    private int Add(SqliteSession session, List<ArchiveRow> rows)
    {
        // An account that was removed and made again in between has two archives.
        rows.Sort(static (a, b) => (a.Archive, a.Id, a.Row).CompareTo((b.Archive, b.Id, b.Row)));
        var (first, messages, bytes, twice) = (0, 0, 0L, 0);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            if (session.Statement(AddIdSql).Integer(row.Archive).Id(row.Id).Integer(row.Row).Run() > 0)
            {
                session.Statement(AddPeerSql).Integer(row.Peer).Id(row.Id).Integer(row.Row).Integer((long)row.Flags).Run();
                Note(row);
                messages++;
                bytes += row.Bytes;
            }
            else if (session.Statement(FindRowSql).Integer(row.Archive).Id(row.Id).FindInteger() != row.Row)
            {
                session.Statement(DropSql).Integer(row.Row).Run();
                twice++;
            }

            if (i + 1 == rows.Count || rows[i + 1].Archive != rows[first].Archive)
            {
                if (messages > 0)
                    session.Statement(GrowSql).Integer(messages).Integer(bytes).Integer(row.Archive).Run();
                (first, messages, bytes) = (i + 1, 0, 0);
            }
        }

        MoveEnds(session);
        return twice;
    }

    private void Note(in ArchiveRow row)
    {
        if ((row.Flags & ArchiveFlags.Shown) == 0)
            return;

        var (last, received) = _ends.GetValueOrDefault(row.Peer);
        _ends[row.Peer] = (UInt128.Max(last, row.Id), (row.Flags & ArchiveFlags.Received) == 0 ? received : UInt128.Max(received, row.Id));
    }

    private void MoveEnds(SqliteSession session)
    {
        foreach (var (peer, (last, received)) in _ends)
        {
            if (received == default)
                session.Statement(SendSql).Id(last).Integer(peer).Run();
            else
                session.Statement(ReceiveSql).Id(last).Id(received).Integer(peer).Run();
        }

        _ends.Clear();
    }
}
