using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>Says in words, and as a stanza error condition, what went wrong with the file.</summary>
internal static class SqliteFault
{
    // Extended result codes, https://www.sqlite.org/rescode.html
    private const int IoErrorWrite = raw.SQLITE_IOERR | (3 << 8);
    private const int IoErrorSharedMemorySize = raw.SQLITE_IOERR | (19 << 8);

    /// <summary>True when the file or the disk is at fault, and so every operation is affected; false when just this operation is.</summary>
    public static bool IsOutage(Exception fault) => fault is SqliteException error && error.SqliteErrorCode is raw.SQLITE_BUSY
        or raw.SQLITE_LOCKED or raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_READONLY or raw.SQLITE_PERM
        or raw.SQLITE_CANTOPEN or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_PROTOCOL;

    /// <summary>True when the file is damaged for good.</summary>
    public static bool IsDamage(Exception fault) => fault is SqliteException { SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB };

    public static StoreException ToStoreException(SqliteException fault, string path)
    {
        var (condition, problem) = Describe(fault);
        return new StoreException(condition, $"{path}: {problem} ({fault.Message})", fault);
    }

    private static (StanzaErrorCondition Condition, string Problem) Describe(SqliteException fault) =>
        (fault.SqliteErrorCode, fault.SqliteExtendedErrorCode) switch
        {
            (raw.SQLITE_FULL, _) or (_, IoErrorWrite or IoErrorSharedMemorySize) =>
                (StanzaErrorCondition.ResourceConstraint, "there is no space left to write to."),
            (raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL, _) =>
                (StanzaErrorCondition.ResourceConstraint, "another process has the file locked."),
            (raw.SQLITE_NOMEM, _) =>
                (StanzaErrorCondition.ResourceConstraint, "there is no memory left."),
            (raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN, _) =>
                (StanzaErrorCondition.InternalServerError, "the file or its directory is missing or not writable for the server's user."),
            (raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB, _) =>
                (StanzaErrorCondition.InternalServerError, "the file is damaged or no SQLite file: restore it from a backup."),
            (raw.SQLITE_IOERR, _) =>
                (StanzaErrorCondition.InternalServerError, "the disk fails."),
            _ => (StanzaErrorCondition.InternalServerError, "the operation failed."),
        };
}
