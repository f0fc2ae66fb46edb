using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>Reads what columns hold.</summary>
internal static class SqliteValues
{
    /// <summary>The octets of a text or blob, without a copy: only until the next row. Empty for NULL.</summary>
    public static unsafe ReadOnlySpan<byte> GetOctets(this SqliteDataReader row, int column)
    {
        var statement = Statement(row);
        return new(SqliteLibrary.ColumnBlob(statement, column), SqliteLibrary.ColumnBytes(statement, column));
    }

    public static long GetInteger(this SqliteDataReader row, int column) => SqliteLibrary.ColumnInteger(Statement(row), column);

    public static bool IsNull(this SqliteDataReader row, int column) =>
        SqliteLibrary.ColumnType(Statement(row), column) == raw.SQLITE_NULL;

    public static string? GetText(this SqliteDataReader row, int column) =>
        row.IsNull(column) ? null : Encoding.UTF8.GetString(row.GetOctets(column));

    /// <summary>A time in milliseconds.</summary>
    public static DateTimeOffset GetTime(this SqliteDataReader row, int column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInteger(column));

    /// <exception cref="StoreException">It holds something else.</exception>
    public static Jid GetJid(this SqliteDataReader row, int column) => Jid.TryParse(row.GetOctets(column), out var jid)
        ? jid
        : throw new StoreException(StanzaErrorCondition.InternalServerError, $"The stored address {row.GetText(column)} is not a JID.");

    // The reader, which its caller is about to dispose, keeps the statement.
    private static nint Statement(SqliteDataReader row) => row.Handle!.DangerousGetHandle();
}
