using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The table <c>invitation</c>. An inviter is an account, with which its invitations go.</summary>
internal sealed class SqliteInvitations(SqliteReaders readers, SqliteWriter writer) : IInvitationStore
{
    internal const string SelectSql =
        """
        SELECT i.token, i.host, a.name || '@' || a.host, i.allows_account, i.username, i.expires, i.uses
        FROM invitation i LEFT JOIN account a ON a.id = i.account
        """;

    private const string ValuesSql =
        """
        INTO invitation(token, host, account, allows_account, username, expires, uses)
        VALUES ($token, $host, $account, $allows_account, $username, $expires, $uses)
        """;

    private const string AddSql = $"INSERT {ValuesSql}";
    private const string ReplaceSql = $"INSERT OR REPLACE {ValuesSql}";

    private const string FindSql = $"{SelectSql} WHERE i.token = $token AND i.expires > $now AND i.uses > 0";
    private const string ListSql = $"{SelectSql} WHERE i.host = $host AND i.expires > $now AND i.uses > 0 ORDER BY i.expires, i.token";
    private const string IsReservedSql =
        "SELECT EXISTS(SELECT 1 FROM invitation WHERE host = $host AND username = $username AND expires > $now AND uses > 0)";

    private const string CountSql =
        """
        SELECT count(*) FROM invitation i JOIN account a ON a.id = i.account
        WHERE a.host = $host AND a.name = $name AND i.expires > $now AND i.uses > 0
        """;

    private const string UseSql = "UPDATE invitation SET uses = uses - 1 WHERE token = $token";
    private const string RemoveUsedSql = "DELETE FROM invitation WHERE token = $token AND uses <= 0";
    private const string RemoveSql = "DELETE FROM invitation WHERE token = $token";
    private const string PurgeSql = "DELETE FROM invitation WHERE expires <= $now";

    public ValueTask<bool> AddAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        var inviter = invitation.Inviter is { } jid ? AccountKey.Of(jid) : ((string, string)?)null;
        return writer.WriteAsync(session =>
        {
            var account = inviter is { } key ? AccountRow.FindId(session, key) : null;
            if (inviter is not null && account is null)
                return false;

            Write(session, AddSql, invitation, account);
            return true;
        }, cancellationToken);
    }

    public ValueTask<Invitation?> FindAsync(string token, DateTimeOffset now, CancellationToken cancellationToken) =>
        readers.ReadAsync(session => Find(session, token, now), cancellationToken);

    public ValueTask<bool> IsReservedAsync(string host, string username, DateTimeOffset now, CancellationToken cancellationToken) =>
        readers.ReadAsync(
            session => session.Scalar(
                IsReservedSql, ("$host", host), ("$username", username), ("$now", now.ToUnixTimeMilliseconds())) is not 0L,
            cancellationToken);

    public ValueTask<int> CountAsync(Jid inviter, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(inviter);
        return readers.ReadAsync(
            session => (int)(long)session.Scalar(
                CountSql, ("$host", host), ("$name", name), ("$now", now.ToUnixTimeMilliseconds()))!,
            cancellationToken);
    }

    public ValueTask<Invitation?> UseAsync(string token, DateTimeOffset now, CancellationToken cancellationToken) =>
        writer.WriteAsync(session =>
        {
            if (Find(session, token, now) is not { } invitation)
                return null;

            session.Execute(UseSql, ("$token", token));
            session.Execute(RemoveUsedSql, ("$token", token));
            return invitation with { Uses = invitation.Uses - 1 };
        }, cancellationToken);

    public ValueTask<IReadOnlyList<Invitation>> ListAsync(string host, DateTimeOffset now, CancellationToken cancellationToken) =>
        readers.ReadAsync<IReadOnlyList<Invitation>>(session =>
        {
            var list = new List<Invitation>();
            using var rows = session.Query(ListSql, ("$host", host), ("$now", now.ToUnixTimeMilliseconds()));
            while (rows.Read())
                list.Add(Read(rows));
            return list;
        }, cancellationToken);

    public ValueTask<bool> RemoveAsync(string token, CancellationToken cancellationToken) =>
        writer.WriteAsync(session => session.Execute(RemoveSql, ("$token", token)) > 0, cancellationToken);

    public ValueTask<int> PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        writer.WriteAsync(session => session.Execute(PurgeSql, ("$now", now.ToUnixTimeMilliseconds())), cancellationToken);

    internal static void Replace(SqliteSession session, Invitation invitation, long? account) =>
        Write(session, ReplaceSql, invitation, account);

    internal static Invitation Read(SqliteDataReader row) => new(
        row.GetText(0)!, row.GetText(1)!, row.IsNull(2) ? null : row.GetJid(2), row.GetInteger(3) != 0, row.GetText(4), row.GetTime(5),
        (int)row.GetInteger(6));

    private static void Write(SqliteSession session, string sql, Invitation invitation, long? account) => session.Execute(sql,
        ("$token", invitation.Token), ("$host", invitation.Host), ("$account", account),
        ("$allows_account", invitation.AllowsAccount), ("$username", invitation.Username),
        ("$expires", invitation.Expires.ToUnixTimeMilliseconds()), ("$uses", invitation.Uses));

    private static Invitation? Find(SqliteSession session, string token, DateTimeOffset now)
    {
        using var row = session.Query(FindSql, ("$token", token), ("$now", now.ToUnixTimeMilliseconds()));
        return row.Read() ? Read(row) : null;
    }
}
