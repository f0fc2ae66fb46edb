using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The table <c>setting</c>.</summary>
internal sealed class SqliteSettings(SqliteReaders readers, SqliteWriter writer) : ISettingStore
{
    internal const string SetSql = "INSERT OR REPLACE INTO setting(host, name, value) VALUES ($host, $name, $value)";

    private const string FindSql = "SELECT value FROM setting WHERE host = $host AND name = $name";
    private const string RemoveSql = "DELETE FROM setting WHERE host = $host AND name = $name";

    public ValueTask<string?> FindAsync(string host, string name, CancellationToken cancellationToken) =>
        readers.ReadAsync(session => (string?)session.Scalar(FindSql, ("$host", host), ("$name", name)), cancellationToken);

    public async ValueTask SetAsync(string host, string name, string? value, CancellationToken cancellationToken) =>
        await writer.WriteAsync(session => value is null
            ? session.Execute(RemoveSql, ("$host", host), ("$name", name))
            : session.Execute(SetSql, ("$host", host), ("$name", name), ("$value", value)), cancellationToken);
}
