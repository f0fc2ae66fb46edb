using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>All tables, for moving what they hold.</summary>
/// <param name="forgetNotes">Forgets what is on its way to the database for an account of that name.</param>
internal sealed class SqliteTransfer(
    SqliteReaders readers, SqliteArchive archive, SqlitePubSub pubSub, Action<Jid> forgetNotes) : IStoreTransfer
{
    private const string HostsSql = "SELECT DISTINCT host FROM account ORDER BY host";
    private const string ServicesSql = "SELECT DISTINCT service FROM room ORDER BY service";
    private const string NodeServicesSql = "SELECT DISTINCT service FROM pubsub_node WHERE service IS NOT NULL ORDER BY service";
    private const string SettingsSql = "SELECT host, name, value FROM setting WHERE host <> '' ORDER BY host, name";
    private const string SecretsSql = "SELECT name, value FROM secret ORDER BY name";
    private const string RetiredSql = "SELECT version FROM deleted_roster";
    private const string DataSql =
        $"SELECT kind, key, value FROM account_data WHERE account = {AccountRow.IdSql} ORDER BY kind, key";

    private const string InvitationsSql =
        $"{SqliteInvitations.SelectSql} WHERE i.token > $after AND i.expires > $now AND i.uses > 0 ORDER BY i.token LIMIT $count";

    // In the order of RecordKind.
    private const string CountSql =
        """
        SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM roster_entry), (SELECT count(*) FROM roster_removed),
            (SELECT count(*) FROM blocked), (SELECT count(*) FROM account_data), (SELECT count(*) FROM last_seen),
            (SELECT count(*) FROM offline_message), (SELECT ifnull(sum(messages), 0) FROM archive WHERE account IS NOT NULL),
            (SELECT count(*) FROM archive_peer p JOIN archive r ON r.id = p.archive
                WHERE r.account IS NOT NULL AND p.read IS NOT NULL AND p.last > x''),
            (SELECT count(*) FROM room), (SELECT count(*) FROM room_member),
            (SELECT ifnull(sum(messages), 0) FROM archive WHERE room IS NOT NULL),
            (SELECT count(*) FROM pubsub_node WHERE account IS NOT NULL OR service IS NOT NULL), (SELECT count(*) FROM pubsub_member),
            (SELECT ifnull(sum(items), 0) FROM pubsub_node WHERE account IS NOT NULL OR service IS NOT NULL),
            (SELECT count(*) FROM invitation WHERE expires > $now AND uses > 0),
            (SELECT count(*) FROM setting WHERE host <> ''), (SELECT count(*) FROM secret)
        """;

    public ValueTask<StoreCommons> ReadCommonsAsync(CancellationToken cancellationToken) => readers.ReadAsync(session =>
    {
        var hosts = List(session, HostsSql, row => row.GetText(0)!);
        var settings = List(session, SettingsSql, row => new SettingRecord(row.GetText(0)!, row.GetText(1)!, row.GetText(2)!));
        var secrets = List(session, SecretsSql, row => new SecretRecord(row.GetText(0)!, row.GetOctets(1).ToArray()));
        var services = List(session, ServicesSql, row => row.GetText(0)!);
        var nodeServices = List(session, NodeServicesSql, row => row.GetText(0)!);
        return new StoreCommons(hosts, services, nodeServices, settings, secrets, (long)session.Scalar(RetiredSql)!);
    }, cancellationToken);

    public ValueTask<IReadOnlyList<DataRecord>> ReadDataAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync<IReadOnlyList<DataRecord>>(
            session => List(
                session, DataSql, row => new DataRecord(account, row.GetText(0)!, row.GetText(1)!, row.GetOctets(2).ToArray()),
                ("$host", host), ("$name", name)),
            cancellationToken);
    }

    public ValueTask<IReadOnlyList<Invitation>> ReadInvitationsAsync(
        string after, DateTimeOffset now, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return readers.ReadAsync<IReadOnlyList<Invitation>>(
            session => List(
                session, InvitationsSql, SqliteInvitations.Read,
                ("$after", after), ("$now", now.ToUnixTimeMilliseconds()), ("$count", count)),
            cancellationToken);
    }

    public async ValueTask<StoreCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await archive.BringAllUpToDateAsync();
        // What removed nodes have left behind is nobody's and would be counted.
        await pubSub.Orphans.FinishAsync();
        return await readers.ReadAsync(session =>
        {
            var counts = new StoreCounts();
            using var row = session.Query(CountSql, ("$now", now.ToUnixTimeMilliseconds()));
            row.Read();
            foreach (var kind in StoreCounts.Counted)
                counts[kind] = row.GetInteger((int)kind);
            return counts;
        }, cancellationToken);
    }

    public async ValueTask RestoreAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await archive.RestoreAsync((session, index) => new SqliteRestore(session, index, forgetNotes).Add(batch));
    }

    private static List<T> List<T>(
        SqliteSession session, string sql, Func<SqliteDataReader, T> read,
        params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var list = new List<T>();
        using var rows = session.Query(sql, parameters);
        while (rows.Read())
            list.Add(read(rows));
        return list;
    }
}
