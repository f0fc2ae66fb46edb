using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The archives. What is added is appended to one table by the writer; reading begins with having it indexed.</summary>
internal sealed partial class SqliteArchive : IArchiveStore
{
    private const int MaxSteps = ArchiveLimits.MaxLookedAt / ArchiveScan.StepSize;

    internal const string FindSql =
        "SELECT r.id FROM account a JOIN archive r ON r.account = a.id WHERE a.host = ? AND a.name = ?";

    internal const string FindOfRoomSql =
        "SELECT r.id FROM room o JOIN archive r ON r.room = o.id WHERE o.service = ? AND o.name = ?";

    internal const string FirstSql = "SELECT id FROM archive_by_id WHERE archive = ? ORDER BY id LIMIT 1";
    internal const string LastSql = "SELECT id FROM archive_by_id WHERE archive = ? ORDER BY id DESC LIMIT 1";
    private const string FindMessageSql = "SELECT row FROM archive_by_id WHERE archive = ? AND id = ?";
    private const string SizeSql = "SELECT length(stanza) FROM archive_message WHERE row = ?";
    private const string ReplaceSql = "UPDATE archive_message SET stanza = ?, text = NULL WHERE row = ?";
    private const string ResizeSql = "UPDATE archive SET bytes = bytes + ? WHERE id = ?";

    private readonly SqliteReaders _readers;
    private readonly SqliteWriter _writer;
    private readonly ArchiveTail _tail = new();
    private readonly ArchiveOwners _owners = new();
    private readonly ArchiveIndex _index;

    public SqliteArchive(SqliteReaders readers, SqliteWriter writer, int unindexedLimit)
    {
        (_readers, _writer) = (readers, writer);
        _index = new ArchiveIndex(_tail, _owners, unindexedLimit);
        Orphans = new OrphanEraser(readers, OrphanSql, orphan => WriteAsync(session => EraseStep(session, orphan)));
    }

    public async ValueTask AddAsync(IReadOnlyList<ArchiveEntry> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (messages.Count == 0)
            return;

        var addition = new ArchiveAddition(_tail, _owners, _index, messages);
        await _writer.WriteAsync(new ArchiveOperation<bool>(_tail, addition.Execute, addition.Failed));
    }

    public async ValueTask<ArchivePage?> ReadAsync(
        Jid account, ArchiveQuery query, int count, bool isFromEnd, CancellationToken cancellationToken)
    {
        ArchiveLimits.Check(query, count);
        await BringUpToDateAsync(account, cancellationToken);
        if (query.Ids is not null)
            return await ReadAsync(account, session => ReadIds(session, account, query, count, isFromEnd), cancellationToken);

        var page = new List<ArchiveEntry>(Math.Min(count + 1, 100));
        ArchiveScan? scan = null;
        for (var step = 0; step < MaxSteps; step++)
        {
            var isKnown = await ReadAsync(account, session =>
            {
                if (scan is null && !HasNamed(session, account, query, out scan))
                    return false;
                scan?.Read(session, page, count + 1, isFromEnd);
                return true;
            }, cancellationToken);
            if (!isKnown)
                return null;
            if (scan is null || scan.IsAtEnd || page.Count > count)
                return ToPage(page, count, isFromEnd, isComplete: page.Count <= count);
        }

        return page.Count > 0 ? ToPage(page, count, isFromEnd, isComplete: false) : throw ArchiveLimits.TooRare();
    }

    public async ValueTask<int> CountAsync(Jid account, ArchiveQuery query, int limit, CancellationToken cancellationToken)
    {
        ArchiveLimits.Check(query, limit);
        await BringUpToDateAsync(account, cancellationToken);
        if (query.Ids is not null)
        {
            return await ReadAsync(
                account, session => ReadIds(session, account, query, limit, isFromEnd: false)?.Messages.Count ?? 0, cancellationToken);
        }

        var count = 0;
        ArchiveScan? scan = null;
        for (var step = 0; step < MaxSteps; step++)
        {
            await ReadAsync(account, session =>
            {
                if (scan is null && !HasNamed(session, account, query, out scan))
                    return 0;
                return count += scan?.Count(session, limit - count) ?? 0;
            }, cancellationToken);
            if (scan is null || scan.IsAtEnd || count >= limit)
                break;
        }

        return count;
    }

    public async ValueTask<(SortableId First, SortableId Last)?> FindEndsAsync(Jid account, CancellationToken cancellationToken)
    {
        await BringUpToDateAsync(account, cancellationToken);
        return await ReadAsync<(SortableId, SortableId)?>(account, session =>
            FindArchive(session, account) is { } archive && session.Statement(FirstSql).Integer(archive).FindId() is { } first
                ? (new SortableId(first), new SortableId(session.Statement(LastSql).Integer(archive).FindId() ?? first))
                : null, cancellationToken);
    }

    public ValueTask<bool> ReplaceAsync(Jid account, SortableId id, ReadOnlyMemory<byte> stanza, CancellationToken cancellationToken)
    {
        var copy = stanza.ToArray();
        return ChangeAsync(account, (session, archive) =>
        {
            if (session.Statement(FindMessageSql).Integer(archive).Id(id.Value).FindInteger() is not { } row)
                return false;

            var before = session.Statement(SizeSql).Integer(row).FindInteger() ?? 0;
            session.Statement(ReplaceSql).Blob(copy).Integer(row).Run();
            session.Statement(ResizeSql).Integer(copy.Length - before).Integer(archive).Run();
            return true;
        }, cancellationToken);
    }

    /// <summary>The account or room is deleted; to be called by the operation that does so, on the writer's thread.</summary>
    internal void Forget(Jid account) => _owners.Forget(account);

    /// <summary>The archive of an account or a room; null when there is none.</summary>
    internal static long? FindArchive(SqliteSession session, Jid account)
    {
        var (host, name) = AccountKey.Of(account);
        return session.Statement(FindSql).Text(host).Text(name).FindInteger()
            ?? session.Statement(FindOfRoomSql).Text(host).Text(name).FindInteger();
    }

    /// <summary>Sees to it that what was begun to be added to the archive is found.</summary>
    private async ValueTask BringUpToDateAsync(Jid account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        cancellationToken.ThrowIfCancellationRequested();
        // Behind all that was queued before.
        if (_tail.IsBehind(account))
        {
            await WriteAsync(session =>
            {
                _index.BringUpToDate(session, account);
                return true;
            });
        }
    }

    /// <summary>Changes an archive whose messages are all indexed; the default when there is none.</summary>
    private ValueTask<T?> ChangeAsync<T>(Jid account, Func<SqliteSession, long, T> change, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<T?>(cancellationToken);

        return WriteAsync(session =>
        {
            _index.BringUpToDate(session, account);
            return FindArchive(session, account) is { } archive ? change(session, archive) : default;
        });
    }

    private ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> body) =>
        _writer.WriteAsync(new ArchiveOperation<T>(_tail, body, isExecuted =>
        {
            if (isExecuted)
                _index.Doubt();
        }));

    // Several statements see one state: that in which reading began.
    private ValueTask<T> ReadAsync<T>(Jid account, Func<SqliteSession, T> query, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        return _readers.ReadAsync(session =>
        {
            session.BeginReading();
            try
            {
                return query(session);
            }
            finally
            {
                session.EndReading();
            }
        }, cancellationToken);
    }

    /// <returns>False when the archive doesn't have a message that the query names.</returns>
    private static bool HasNamed(SqliteSession session, Jid account, ArchiveQuery query, out ArchiveScan? scan)
    {
        scan = null;
        if (FindArchive(session, account) is not { } archive)
            return query.After is null && query.Before is null;
        if ((query.After is { } after && !ArchiveScan.Exists(session, archive, after))
            || (query.Before is { } before && !ArchiveScan.Exists(session, archive, before)))
            return false;

        scan = ArchiveScan.Begin(session, account, archive, query);
        return true;
    }

    private static ArchivePage? ReadIds(SqliteSession session, Jid account, ArchiveQuery query, int count, bool isFromEnd)
    {
        if (!HasNamed(session, account, query, out var scan))
            return null;

        var found = new List<ArchiveEntry>();
        var ids = query.Ids!.Distinct();
        var archive = FindArchive(session, account) ?? 0;
        foreach (var id in isFromEnd ? ids.OrderByDescending(id => id.Value) : ids.OrderBy(id => id.Value))
        {
            var row = ArchiveScan.FindOne(session, archive, id);
            if (!row.Step())
                return null;
            if (found.Count <= count && scan?.ReadOne(session, row, id) is { } message)
                found.Add(message);
            row.Begin();
        }

        return ToPage(found, count, isFromEnd, isComplete: found.Count <= count);
    }

    private static ArchivePage ToPage(List<ArchiveEntry> page, int count, bool isFromEnd, bool isComplete)
    {
        if (page.Count > count)
            page.RemoveRange(count, page.Count - count);
        if (isFromEnd)
            page.Reverse();
        return new(page, isComplete);
    }
}
