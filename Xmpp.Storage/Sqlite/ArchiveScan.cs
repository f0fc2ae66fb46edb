using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// A search through an archive, or what it has with one peer, in the order of an index. What no index knows, words and resources, is
/// compared; so that this is done for <see cref="StepSize"/> messages at most before others have their turn.
/// </summary>
internal sealed class ArchiveScan
{
    /// <summary>Messages that are looked at in one go.</summary>
    public const int StepSize = 5_000;

    internal const string ByIdSql =
        """
        SELECT i.id, m.flags, m.peer, m.resource, m.stanza, m.text FROM archive_by_id i CROSS JOIN archive_message m ON m.row = i.row
        WHERE i.archive = ? AND i.id BETWEEN ? AND ? ORDER BY i.id LIMIT ?
        """;

    internal const string ByIdFromEndSql =
        """
        SELECT i.id, m.flags, m.peer, m.resource, m.stanza, m.text FROM archive_by_id i CROSS JOIN archive_message m ON m.row = i.row
        WHERE i.archive = ? AND i.id BETWEEN ? AND ? ORDER BY i.id DESC LIMIT ?
        """;

    internal const string ByPeerSql =
        """
        SELECT i.id, m.flags, m.peer, m.resource, m.stanza, m.text FROM archive_by_peer i CROSS JOIN archive_message m ON m.row = i.row
        WHERE i.peer = ? AND i.id BETWEEN ? AND ? ORDER BY i.id LIMIT ?
        """;

    internal const string ByPeerFromEndSql =
        """
        SELECT i.id, m.flags, m.peer, m.resource, m.stanza, m.text FROM archive_by_peer i CROSS JOIN archive_message m ON m.row = i.row
        WHERE i.peer = ? AND i.id BETWEEN ? AND ? ORDER BY i.id DESC LIMIT ?
        """;

    internal const string CountByIdSql =
        "SELECT count(*) FROM (SELECT 1 FROM archive_by_id WHERE archive = ? AND id BETWEEN ? AND ? LIMIT ?)";

    internal const string CountByPeerSql =
        "SELECT count(*) FROM (SELECT 1 FROM archive_by_peer WHERE peer = ? AND id BETWEEN ? AND ? LIMIT ?)";

    private const string ResourceSql = "SELECT id FROM archive_by_id WHERE archive = ? AND id = ?";
    private const string PeerSql = "SELECT jid FROM archive_peer WHERE id = ?";

    private readonly Jid _account;
    private readonly long _archive;
    private readonly long? _peer;
    private readonly byte[]? _resource;
    private readonly IReadOnlyList<byte[]>? _words;
    private readonly Dictionary<long, Jid> _peers = [];
    private ArchiveRange _range;

    private ArchiveScan(Jid account, long archive, long? peer, ArchiveQuery query, IReadOnlyList<byte[]>? words)
    {
        (_account, _archive, _peer, _words) = (account, archive, peer, words);
        _range = ArchiveRange.Of(query);
        if (query.With is { IsFull: true } with)
            _resource = with.Utf8[(with.Bare.Utf8.Length + 1)..].ToArray();
    }

    /// <summary>Whether all that may match has been looked at.</summary>
    public bool IsAtEnd { get; private set; }

    private bool IsFiltered => _resource is not null || _words is not null;

    /// <summary>The scan of an archive for a query, but for its <see cref="ArchiveQuery.Ids"/>.</summary>
    /// <returns>Null when nothing can match.</returns>
    public static ArchiveScan? Begin(SqliteSession session, Jid account, long archive, ArchiveQuery query)
    {
        long? peer = null;
        if (query.With is { } with && (peer = ArchiveOwners.FindPeer(session, archive, with.Bare)) is null)
            return null;

        var words = query.Text is { } text ? SearchText.Parts(text) : null;
        var scan = new ArchiveScan(account, archive, peer, query, words);
        return words is { Count: 0 } || scan._range.IsEmpty ? null : scan;
    }

    /// <summary>Whether the archive has a message of this id.</summary>
    public static bool Exists(SqliteSession session, long archive, SortableId id) =>
        session.Statement(ResourceSql).Integer(archive).Id(id.Value).FindId() is not null;

    /// <summary>Adds the next messages that match, until there are so many or a step has been done.</summary>
    /// <param name="page">In the direction of reading.</param>
    public void Read(SqliteSession session, List<ArchiveEntry> page, int count, bool isFromEnd)
    {
        var limit = IsFiltered ? StepSize : count - page.Count;
        var rows = Rows(session, isFromEnd, limit);
        var seen = 0;
        UInt128 last = default;
        for (; page.Count < count && rows.Step(); seen++)
        {
            last = rows.GetId(0) ?? default;
            if (Matches(rows))
                page.Add(ReadMessage(session, rows, last));
        }

        rows.Begin();
        MoveBehind(last, isFromEnd, isAtEnd: seen < limit && page.Count < count);
    }

    /// <summary>The message of one id, as a row for <see cref="ReadOne"/>, or none.</summary>
    public static SqliteStatement FindOne(SqliteSession session, long archive, SortableId id) =>
        session.Statement(ByIdSql).Integer(archive).Id(id.Value).Id(id.Value).Integer(1);

    /// <summary>The message in a row, if it matches.</summary>
    public ArchiveEntry? ReadOne(SqliteSession session, SqliteStatement row, SortableId id) =>
        id.Value >= _range.Low && id.Value <= _range.High && (_peer is null || row.GetInteger(2) == _peer) && Matches(row)
            ? ReadMessage(session, row, id.Value)
            : null;

    /// <summary>Counts the next messages that match, up to a limit or until a step has been done.</summary>
    public int Count(SqliteSession session, int limit)
    {
        if (!IsFiltered)
        {
            IsAtEnd = true;
            return (int)(session.Statement(_peer is null ? CountByIdSql : CountByPeerSql).Integer(_peer ?? _archive)
                .Id(_range.Low).Id(_range.High).Integer(limit).FindInteger() ?? 0);
        }

        var rows = Rows(session, isFromEnd: false, StepSize);
        var (count, seen) = (0, 0);
        UInt128 last = default;
        for (; count < limit && rows.Step(); seen++)
        {
            last = rows.GetId(0) ?? default;
            if (Matches(rows))
                count++;
        }

        rows.Begin();
        MoveBehind(last, isFromEnd: false, isAtEnd: seen < StepSize);
        return count;
    }

    private SqliteStatement Rows(SqliteSession session, bool isFromEnd, int limit)
    {
        var sql = (_peer, isFromEnd) switch
        {
            (null, false) => ByIdSql,
            (null, true) => ByIdFromEndSql,
            (_, false) => ByPeerSql,
            _ => ByPeerFromEndSql,
        };
        return session.Statement(sql).Integer(_peer ?? _archive).Id(_range.Low).Id(_range.High).Integer(limit);
    }

    private void MoveBehind(UInt128 last, bool isFromEnd, bool isAtEnd)
    {
        IsAtEnd = isAtEnd;
        if (!isAtEnd)
            _range = isFromEnd ? _range.InFrontOf(last) : _range.Behind(last);
        IsAtEnd |= _range.IsEmpty;
    }

    private bool Matches(SqliteStatement row) =>
        (_resource is null || (!row.IsNull(3) && row.GetOctets(3).SequenceEqual(_resource)))
        && (_words is null || SearchText.HasAll(row.GetOctets(5), _words));

    private ArchiveEntry ReadMessage(SqliteSession session, SqliteStatement row, UInt128 id)
    {
        var flags = (ArchiveFlags)row.GetInteger(1);
        return new(_account, new SortableId(id), ReadWith(session, row), (flags & ArchiveFlags.Received) != 0,
            row.GetOctets(4).ToArray(), row.GetText(5), (flags & ArchiveFlags.Shown) != 0);
    }

    private Jid ReadWith(SqliteSession session, SqliteStatement row)
    {
        var id = row.GetInteger(2);
        if (!_peers.TryGetValue(id, out var peer))
            _peers.Add(id, peer = ReadJid(session.Statement(PeerSql).Integer(id)));
        return row.GetText(3) is { } resource ? peer.WithResource(resource) : peer;
    }

    private static Jid ReadJid(SqliteStatement statement)
    {
        // Nobody may remove the last message with a peer between two statements: they are one snapshot as long as rows are read.
        var jid = statement.Step() && Jid.TryParse(statement.GetOctets(0), out var parsed) ? parsed : null;
        statement.Begin();
        return jid ?? throw new StoreException(StanzaErrorCondition.InternalServerError, "A stored address is not a JID.");
    }
}
