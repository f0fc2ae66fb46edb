using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The table <c>account_data</c>.</summary>
internal sealed class SqliteAccountData(SqliteReaders readers, SqliteWriter writer) : IAccountDataStore
{
    private const string FindSql = $"SELECT value FROM account_data WHERE account = {AccountRow.IdSql} AND kind = $kind AND key = $key";
    private const string ListSql =
        $"SELECT key, value FROM account_data WHERE account = {AccountRow.IdSql} AND kind = $kind ORDER BY key";

    // The length of a blob stands in the head of its row: the values themselves are not read.
    private const string OthersSql =
        """
        SELECT count(*), coalesce(sum(length(value)), 0) FROM account_data WHERE account = $account AND kind = $kind AND key <> $key
        """;

    private const string SetSql =
        "INSERT OR REPLACE INTO account_data(account, kind, key, value) VALUES ($account, $kind, $key, $value)";

    private const string RemoveSql = $"DELETE FROM account_data WHERE account = {AccountRow.IdSql} AND kind = $kind AND key = $key";

    public ValueTask<ReadOnlyMemory<byte>?> FindAsync(Jid account, string kind, string key, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync(session =>
        {
            using var rows = session.Query(FindSql, ("$host", host), ("$name", name), ("$kind", kind), ("$key", key));
            return rows.Read() ? rows.GetOctets(0).ToArray() : (ReadOnlyMemory<byte>?)null;
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>>> ListAsync(
        Jid account, string kind, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync<IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>>>(session =>
        {
            var values = new List<KeyValuePair<string, ReadOnlyMemory<byte>>>();
            using var rows = session.Query(ListSql, ("$host", host), ("$name", name), ("$kind", kind));
            while (rows.Read())
                values.Add(new(rows.GetText(0)!, rows.GetOctets(1).ToArray()));
            return values;
        }, cancellationToken);
    }

    public ValueTask<AccountDataOutcome> SetAsync(
        Jid account, string kind, string key, ReadOnlyMemory<byte> value, AccountDataLimit limit, CancellationToken cancellationToken)
    {
        var owner = AccountKey.Of(account);
        var copy = value.ToArray();
        return writer.WriteAsync(session =>
        {
            if (AccountRow.FindId(session, owner) is not { } id)
                return AccountDataOutcome.NoAccount;

            var (entries, bytes) = CountOthers(session, id, kind, key);
            if (entries + 1 > limit.MaxEntries || bytes + copy.Length > limit.MaxBytes)
                return AccountDataOutcome.TooMuch;

            session.Execute(SetSql, ("$account", id), ("$kind", kind), ("$key", key), ("$value", copy));
            return AccountDataOutcome.Kept;
        }, cancellationToken);
    }

    public ValueTask<bool> RemoveAsync(Jid account, string kind, string key, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return writer.WriteAsync(
            session => session.Execute(RemoveSql, ("$host", host), ("$name", name), ("$kind", kind), ("$key", key)) > 0, cancellationToken);
    }

    private static (long Entries, long Bytes) CountOthers(SqliteSession session, long account, string kind, string key)
    {
        using var row = session.Query(OthersSql, ("$account", account), ("$kind", kind), ("$key", key));
        row.Read();
        return (row.GetInteger(0), row.GetInteger(1));
    }
}
