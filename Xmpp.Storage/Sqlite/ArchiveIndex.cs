using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// The tables by which messages are found: by id, by peer, and what follows from them, the ends of conversations and the sizes of
/// archives. A message is only appended to <c>archive_message</c> when it is added; here it comes later, together with others of its
/// archive, since a page of an index costs the same for one new entry as for many. Whoever reads or changes an archive has its messages
/// indexed before. Belongs to the writer's thread.
/// </summary>
/// <param name="limit">Messages that may wait to be indexed; from then on some are, with each that comes.</param>
internal sealed class ArchiveIndex(ArchiveTail tail, ArchiveOwners owners, int limit)
{
    // So that what has to be done is done bit by bit, and in the end faster than more comes.
    private const int IndexedPerAdded = 4;

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
        WHERE row > (SELECT row FROM archive_indexed) 
        """;

    private readonly Dictionary<long, (UInt128 Last, UInt128 Received)> _ends = [];
    private Queue<Jid> _pass = new();
    private long _passEnd;
    private int _due;

    /// <summary>Indexes what was added to an account's archive.</summary>
    public void BringUpToDate(SqliteSession session, Jid account)
    {
        RecoverIfNeeded(session);
        if (tail.Take(account) is { } rows)
            Add(session, rows);
    }

    /// <summary>Indexes all that was added.</summary>
    public void BringAllUpToDate(SqliteSession session)
    {
        RecoverIfNeeded(session);
        while (tail.Written > 0)
            Work(session, int.MaxValue);
        Work(session, int.MaxValue);
    }

    /// <summary>Does a part of the work when there is enough of it.</summary>
    /// <param name="added">What has come just now.</param>
    public void WorkIfDue(SqliteSession session, int added)
    {
        RecoverIfNeeded(session);
        if (_pass.Count == 0 && tail.Written < limit)
            return;

        // Of one account all is done at once, which the next ones make up for.
        _due += IndexedPerAdded * added;
        if (_due > 0)
            _due -= Work(session, _due);
    }

    /// <summary>What was done lately may have been undone.</summary>
    public void Doubt()
    {
        _pass.Clear();
        _ends.Clear();
        owners.Clear();
        tail.Doubt();
    }

    private int Work(SqliteSession session, int wanted)
    {
        if (_pass.Count == 0)
            (_pass, _passEnd) = (tail.ListAccounts(), session.Statement(LastRowSql).FindInteger() ?? 0);
        var done = 0;
        while (done < wanted && _pass.TryDequeue(out var account))
        {
            if (tail.Take(account) is { } rows)
            {
                Add(session, rows);
                done += rows.Count;
            }
        }

        if (_pass.Count == 0)
            session.Statement(SetIndexedSql).Integer(_passEnd).Run();

        return done;
    }

    private void RecoverIfNeeded(SqliteSession session)
    {
        if (!tail.IsDoubtful)
            return;

        var last = session.Statement(LastRowSql).FindInteger() ?? 0;
        var rows = new List<ArchiveRow>();
        var unindexed = session.Statement(UnindexedSql);
        while (unindexed.Step())
        {
            rows.Add(new ArchiveRow(
                unindexed.GetInteger(1), unindexed.GetId(3) ?? default, unindexed.GetInteger(0), unindexed.GetInteger(2),
                (ArchiveFlags)unindexed.GetInteger(4), (int)unindexed.GetInteger(5)));
        }

        Add(session, rows);
        session.Statement(SetIndexedSql).Integer(last).Run();
        tail.Trust();
    }

    /// <summary>Appends a message that is indexed by <see cref="Add"/>, with a text that is as it should be.</summary>
    public ArchiveRow Restore(SqliteSession session, ArchiveEntry message) => ArchiveAddition.Append(
        session, owners.Find(session, message.Account)!, message, message.Text is { } text ? Encoding.UTF8.GetBytes(text) : null);

    /// <summary>Indexes messages.</summary>
    /// <returns>How many of them are there already; they are left out.</returns>
    public int Add(SqliteSession session, List<ArchiveRow> rows)
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
