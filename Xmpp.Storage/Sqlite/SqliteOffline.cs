using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The table <c>offline_message</c>, whose ids are never used again.</summary>
internal sealed class SqliteOffline(SqliteReaders readers, SqliteWriter writer) : IOfflineStore
{
    internal const string AddSql = "INSERT INTO offline_message(account, at, stanza) VALUES ($account, $at, $stanza)";

    private const string CountSql = "SELECT count(*) FROM offline_message WHERE account = $account";
    private const string CountByNameSql = $"SELECT count(*) FROM offline_message WHERE account = {AccountRow.IdSql}";
    private const string ReadSql =
        $"SELECT id, at, stanza FROM offline_message WHERE account = {AccountRow.IdSql} AND id > $after ORDER BY id LIMIT $count";

    private const string RemoveSql = $"DELETE FROM offline_message WHERE account = {AccountRow.IdSql} AND id BETWEEN $from AND $up_to";

    public ValueTask<OfflineOutcome> AddAsync(
        Jid account, DateTimeOffset at, ReadOnlyMemory<byte> stanza, int limit, CancellationToken cancellationToken)
    {
        var key = AccountKey.Of(account);
        var copy = stanza.ToArray();
        return writer.WriteAsync(session =>
        {
            if (AccountRow.FindId(session, key) is not { } id)
                return OfflineOutcome.NoAccount;
            if ((long)session.Scalar(CountSql, ("$account", id))! >= limit)
                return OfflineOutcome.Full;

            session.Execute(AddSql, ("$account", id), ("$at", at.ToUnixTimeMilliseconds()), ("$stanza", copy));
            return OfflineOutcome.Kept;
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<OfflineMessage>> ReadAsync(Jid account, long after, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync<IReadOnlyList<OfflineMessage>>(session =>
        {
            var page = new List<OfflineMessage>();
            using var rows = session.Query(ReadSql, ("$host", host), ("$name", name), ("$after", after), ("$count", count));
            while (rows.Read())
                page.Add(new OfflineMessage(rows.GetInteger(0), rows.GetTime(1), rows.GetOctets(2).ToArray()));
            return page;
        }, cancellationToken);
    }

    public ValueTask<int> RemoveAsync(Jid account, long from, long upTo, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return writer.WriteAsync(
            session => session.Execute(RemoveSql, ("$host", host), ("$name", name), ("$from", from), ("$up_to", upTo)), cancellationToken);
    }

    public ValueTask<int> CountAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync(session => (int)(long)session.Scalar(CountByNameSql, ("$host", host), ("$name", name))!, cancellationToken);
    }
}
