using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The tables <c>account</c> and <c>account_key</c>. Times are kept in milliseconds.</summary>
internal sealed class SqliteAccounts(
    SqliteReaders readers, SqliteWriter writer, SqliteArchive archive, SqlitePubSub pubSub, AccountNotes<DateTimeOffset> logins,
    AccountNotes<LastSeenNote> lastSeen) : IAccountStore
{
    private const string FindSql =
        """
        SELECT a.name, a.enabled, a.created, a.last_login, k.hash, k.salt, k.iterations, k.stored_key, k.server_key
        FROM account a LEFT JOIN account_key k ON k.account = a.id
        WHERE a.host = $host AND a.name = $name
        ORDER BY k.hash
        """;

    private const string ListSql =
        """
        SELECT a.name, a.enabled, a.created, a.last_login, k.hash, k.salt, k.iterations, k.stored_key, k.server_key
        FROM (SELECT * FROM account WHERE host = $host AND name > $after ORDER BY name LIMIT $limit) a
        LEFT JOIN account_key k ON k.account = a.id
        ORDER BY a.name, k.hash
        """;

    private const string CountSql = "SELECT count(*) FROM account WHERE host = $host";

    // A roster's versions begin behind those of every roster that is gone: a client may still have that of the account before.
    private const string AddSql =
        """
        INSERT INTO account(host, name, enabled, created, last_login, roster_version, roster_floor)
        SELECT $host, $name, $enabled, $created, $last_login, fresh, fresh FROM (SELECT max($created, 1 + version) AS fresh FROM deleted_roster)
        WHERE true ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string AddKeysSql =
        """
        INSERT INTO account_key(account, hash, salt, iterations, stored_key, server_key)
        VALUES ($account, $hash, $salt, $iterations, $stored_key, $server_key)
        """;

    private const string DeleteKeysSql = "DELETE FROM account_key WHERE account = $account";
    private const string SetEnabledSql = "UPDATE account SET enabled = $enabled WHERE host = $host AND name = $name";
    private const string SetLastLoginSql = "UPDATE account SET last_login = $when WHERE host = $host AND name = $name";
    private const string DeleteSql = "DELETE FROM account WHERE host = $host AND name = $name RETURNING roster_version";
    private const string KeepVersionSql = "UPDATE deleted_roster SET version = max(version, $version)";

    public ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync(session =>
        {
            var lastLogin = logins.Find(account);
            using var rows = session.Query(FindSql, ("$host", host), ("$name", name));
            return rows.Read() ? ReadAccount(rows, account, lastLogin, out _) : null;
        }, cancellationToken);
    }

    public ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account.Jid);
        return writer.WriteAsync(session =>
        {
            var id = session.Scalar(AddSql, ("$host", host), ("$name", name), ("$enabled", account.Enabled),
                ("$created", account.Created.ToUnixTimeMilliseconds()), ("$last_login", account.LastLogin?.ToUnixTimeMilliseconds()));
            if (id is null)
                return false;

            ForgetNotes(account.Jid);
            AddKeys(session, (long)id, account.Keys);
            return true;
        }, cancellationToken);
    }

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken)
    {
        var key = AccountKey.Of(account);
        return writer.WriteAsync(session =>
        {
            if (AccountRow.FindId(session, key) is not { } id)
                return false;

            session.Execute(DeleteKeysSql, ("$account", id));
            AddKeys(session, id, keys);
            return true;
        }, cancellationToken);
    }

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return writer.WriteAsync(
            session => session.Execute(SetEnabledSql, ("$enabled", enabled), ("$host", host), ("$name", name)) > 0, cancellationToken);
    }

    public ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);

        logins.Note(account, when);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        var isDeleted = await writer.WriteAsync(session =>
        {
            ForgetNotes(account);
            archive.Forget(account);
            if (session.Scalar(DeleteSql, ("$host", host), ("$name", name)) is not long version)
                return false;

            session.Execute(KeepVersionSql, ("$version", version));
            return true;
        }, cancellationToken);
        if (isDeleted)
        {
            archive.Orphans.Start();
            pubSub.Orphans.Start();
        }

        return isDeleted;
    }

    public ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return readers.ReadAsync<IReadOnlyList<Account>>(session =>
        {
            var page = new List<Account>();
            using var rows = session.Query(ListSql, ("$host", host), ("$after", after ?? ""), ("$limit", limit));
            var more = rows.Read();
            while (more)
            {
                var jid = ToJid(rows.GetString(0), host);
                page.Add(ReadAccount(rows, jid, logins.Find(jid), out more));
            }

            return page;
        }, cancellationToken);
    }

    public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) =>
        readers.ReadAsync(session => (long)session.Scalar(CountSql, ("$host", host))!, cancellationToken);

    /// <summary>Stores a noted login.</summary>
    internal static void WriteLastLogin(SqliteSession session, Jid account, DateTimeOffset when) =>
        session.Execute(SetLastLoginSql, ("$when", when.ToUnixTimeMilliseconds()), ("$host", account.Domain), ("$name", account.Local));

    internal static Jid ToJid(string name, string host) => Jid.TryCreate(name, host, null, out var jid)
        ? jid
        : throw new StoreException(StanzaErrorCondition.InternalServerError, $"The stored account name {name}@{host} is not a JID.");

    internal static void AddKeys(SqliteSession session, long id, IReadOnlyList<ScramKeys> keys)
    {
        foreach (var key in keys)
        {
            session.Execute(AddKeysSql, ("$account", id), ("$hash", key.Hash), ("$salt", key.Salt.ToArray()),
                ("$iterations", key.Iterations), ("$stored_key", key.StoredKey.ToArray()), ("$server_key", key.ServerKey.ToArray()));
        }
    }

    // Reads the rows of one account, one for each of its keys, and stops at the first row of the next.
    private static Account ReadAccount(SqliteDataReader rows, Jid jid, DateTimeOffset? lastLogin, out bool more)
    {
        var enabled = rows.GetBoolean(1);
        var created = rows.GetTime(2);
        lastLogin ??= rows.IsNull(3) ? null : rows.GetTime(3);
        var keys = new List<ScramKeys>(3);
        do
        {
            if (!rows.IsDBNull(4))
                keys.Add(ReadKeys(rows));
            more = rows.Read();
        }
        while (more && rows.GetString(0) == jid.Local);

        return new Account(jid, keys, enabled, created, lastLogin);
    }

    private static ScramKeys ReadKeys(SqliteDataReader rows) => new(
        rows.GetString(4), rows.GetFieldValue<byte[]>(5), rows.GetInt32(6), rows.GetFieldValue<byte[]>(7), rows.GetFieldValue<byte[]>(8));

    // What is on its way to the database belongs to the account before.
    private void ForgetNotes(Jid account)
    {
        logins.Forget(account);
        lastSeen.Forget(account);
    }
}
