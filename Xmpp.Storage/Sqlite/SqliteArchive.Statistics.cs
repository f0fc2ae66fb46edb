using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>What there is, for administrators and retention.</summary>
internal sealed partial class SqliteArchive
{
    internal const string ListOwnersSql =
        """
        SELECT a.name AS name FROM account a JOIN archive r ON r.account = a.id WHERE a.host = ?1 AND a.name > ?2 AND r.messages > 0
        UNION ALL
        SELECT o.name FROM room o JOIN archive r ON r.room = o.id WHERE o.service = ?1 AND o.name > ?2 AND r.messages > 0
        ORDER BY name LIMIT ?3
        """;

    private const string CountSql =
        """
        SELECT count(*), ifnull(sum(r.messages), 0), ifnull(sum(r.bytes), 0),
            min((SELECT min(id) FROM archive_by_id WHERE archive = r.id)), max((SELECT max(id) FROM archive_by_id WHERE archive = r.id))
        FROM archive r WHERE r.id IN (
            SELECT x.id FROM account a JOIN archive x ON x.account = a.id WHERE a.host = ?1 AND (?2 IS NULL OR a.name = ?2)
            UNION ALL
            SELECT x.id FROM room o JOIN archive x ON x.room = o.id WHERE o.service = ?1 AND (?2 IS NULL OR o.name = ?2))
        """;

    public async ValueTask<IReadOnlyList<Jid>> ListOwnersAsync(string host, Jid? after, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        cancellationToken.ThrowIfCancellationRequested();
        await BringAllUpToDateAsync();
        return await _readers.ReadAsync<IReadOnlyList<Jid>>(session =>
        {
            var page = new List<Jid>();
            var rows = session.Statement(ListOwnersSql).Text(host).Text(after?.Local ?? "").Integer(count);
            while (rows.Step())
                page.Add(SqliteAccounts.ToJid(rows.GetText(0)!, host));
            return page;
        }, cancellationToken);
    }

    public async ValueTask<ArchiveStatistics> CountAllAsync(string host, Jid? account, CancellationToken cancellationToken)
    {
        if (account is not null)
            AccountKey.Of(account);
        cancellationToken.ThrowIfCancellationRequested();
        await BringAllUpToDateAsync();
        return await _readers.ReadAsync(session =>
        {
            var row = session.Statement(CountSql).Text(host).Text(account?.Local);
            row.Step();
            var statistics = new ArchiveStatistics(row.GetInteger(1), row.GetInteger(2), Time(row.GetId(3)), Time(row.GetId(4)));
            row.Begin();
            return statistics;
        }, cancellationToken);

        static DateTimeOffset? Time(UInt128? id) => id is { } some ? ArchiveRange.TimeOf(some) : null;
    }

    /// <summary>Sees to it that all that was begun to be added is found.</summary>
    internal ValueTask<bool> BringAllUpToDateAsync() => WriteAsync(session =>
    {
        _index.BringAllUpToDate(session);
        return true;
    });

    /// <summary>Puts records into the tables, among them archived messages, which the operation indexes itself.</summary>
    internal ValueTask<bool> RestoreAsync(Action<SqliteSession, ArchiveIndex> restore) => WriteAsync(session =>
    {
        restore(session, _index);
        _index.BringAllUpToDate(session);
        return true;
    });
}
