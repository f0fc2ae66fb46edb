namespace Xmpp.Storage.Sqlite;

/// <summary>How the other tables find the account that their rows belong to.</summary>
internal static class AccountRow
{
    /// <summary>The id of the account <c>$name</c> at <c>$host</c>, as an expression.</summary>
    public const string IdSql = "(SELECT id FROM account WHERE host = $host AND name = $name)";

    private const string FindIdSql = "SELECT id FROM account WHERE host = $host AND name = $name";

    /// <summary>The account's id, or null when there is no such account.</summary>
    public static long? FindId(SqliteSession session, (string Host, string Name) key) =>
        session.Scalar(FindIdSql, ("$host", key.Host), ("$name", key.Name)) as long?;
}
