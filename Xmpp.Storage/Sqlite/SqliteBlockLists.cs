using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The table <c>blocked</c>.</summary>
internal sealed class SqliteBlockLists(SqliteReaders readers, SqliteWriter writer) : IBlockListStore
{
    private const string LoadSql = $"SELECT jid FROM blocked WHERE account = {AccountRow.IdSql}";
    private const string AddSql = "INSERT INTO blocked(account, jid) VALUES ($account, $jid) ON CONFLICT DO NOTHING";
    private const string RemoveSql = "DELETE FROM blocked WHERE account = $account AND jid = $jid";

    public ValueTask<IReadOnlyList<Jid>> LoadAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync<IReadOnlyList<Jid>>(session =>
        {
            var list = new List<Jid>();
            using var rows = session.Query(LoadSql, ("$host", host), ("$name", name));
            while (rows.Read())
                list.Add(rows.GetJid(0));
            return list;
        }, cancellationToken);
    }

    public ValueTask<bool> ChangeAsync(Jid account, IReadOnlyList<Jid> added, IReadOnlyList<Jid> removed, CancellationToken cancellationToken)
    {
        var key = AccountKey.Of(account);
        return writer.WriteAsync(session =>
        {
            if (AccountRow.FindId(session, key) is not { } id)
                return false;

            foreach (var jid in removed)
                session.Execute(RemoveSql, ("$account", id), ("$jid", jid.ToString()));
            foreach (var jid in added)
                session.Execute(AddSql, ("$account", id), ("$jid", jid.ToString()));
            return true;
        }, cancellationToken);
    }
}
