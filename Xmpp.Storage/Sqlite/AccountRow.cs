using Xmpp.Core;

namespace Xmpp.Storage.Sqlite;

/// <summary>How the other tables find the account that their rows belong to.</summary>
internal static class AccountRow
{
    /// <summary>The id of the account <c>$name</c> at <c>$host</c>, as an expression.</summary>
    public const string IdSql = "(SELECT id FROM account WHERE host = $host AND name = $name)";

    private const string FindIdSql = "SELECT id FROM account WHERE host = $host AND name = $name";

    /// <exception cref="ArgumentException">It is no bare JID with a localpart.</exception>
    public static (string Host, string Name) Key(Jid account) => account is { Local: { } name, Resource: null }
        ? (account.Domain, name)
        : throw new ArgumentException($"{account} is not the bare JID of an account.", nameof(account));

    /// <summary>The account's id, or null when there is no such account.</summary>
    public static long? FindId(SqliteSession session, (string Host, string Name) key) =>
        session.Scalar(FindIdSql, ("$host", key.Host), ("$name", key.Name)) as long?;
}
