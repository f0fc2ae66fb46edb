using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The database file: makes it when it is missing, brings its schema up to date and opens sessions on it.</summary>
internal sealed class SqliteFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The log of a busy hour is not kept at its largest for ever.
    private const int LogSizeLimit = 16 * 1024 * 1024;

    private const int PageSize = 4096;
    private const int WriterCacheKilobytes = 16 * 1024;

    private static readonly Lock Creation = new();

    private readonly SqliteStoreOptions _options;

    // Open as long as the store, so that HasMoved can tell whether the path still leads to the file that was opened.
    private readonly SqliteConnection _anchor;

    private SqliteFile(string path, SqliteStoreOptions options, SqliteConnection anchor)
    {
        Path = path;
        _options = options;
        _anchor = anchor;
    }

    public string Path { get; }

    /// <summary>True while the file is deleted or replaced: what would be written now were lost, or mixed with another file's log.</summary>
    public bool HasMoved
    {
        get
        {
            lock (_anchor)
                return SqliteLibrary.HasMoved(_anchor.Handle!);
        }
    }

    /// <exception cref="StoreException">The message is for the operator.</exception>
    public static SqliteFile Open(string path, SqliteStoreOptions options, IReadOnlyList<string> migrations)
    {
        SqliteLibrary.Load();
        path = System.IO.Path.GetFullPath(path);
        Create(path);
        SqliteConnection? anchor = null;
        try
        {
            anchor = Connect(path, options);
            SqliteSchema.Check(anchor, path, migrations);
            RequireWritable(anchor, path);
            UseWriteAheadLog(anchor, path);
            SqliteSchema.Migrate(anchor, path, migrations);
            return new SqliteFile(path, options, anchor);
        }
        catch (SqliteException fault)
        {
            anchor?.Dispose();
            throw SqliteFault.ToStoreException(fault, path);
        }
        catch (StoreException)
        {
            anchor?.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="SqliteStore.IsInUse"/>
    public static bool IsInUse(string path)
    {
        if (!File.Exists(path))
            return false;

        SqliteLibrary.Load();
        var options = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false };
        using var connection = new SqliteConnection(options.ToString());
        try
        {
            connection.Open();
            // Every connection to a database with a write-ahead log shares a lock on it as long as it is open; this one wants it alone.
            // Past SqliteCommand, which would wait for that.
            var code = raw.sqlite3_exec(connection.Handle,
                "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; SELECT count(*) FROM sqlite_schema");
            if (code == raw.SQLITE_BUSY)
                return true;

            SqliteException.ThrowExceptionForRC(code, connection.Handle);
            return false;
        }
        catch (SqliteException fault)
        {
            throw SqliteFault.ToStoreException(fault, path);
        }
    }

    /// <summary>
    /// The same for the one that writes, which keeps more pages in memory and copies the log into the file less often: both are done for
    /// each page once, however many messages changed it.
    /// </summary>
    /// <inheritdoc cref="OpenSession()" path="/exception"/>
    public SqliteSession OpenWriter() => OpenSession(
        $"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{WriterCacheKilobytes}; PRAGMA wal_autocheckpoint = {LogSizeLimit / PageSize}");

    /// <exception cref="SqliteException">It can't be opened.</exception>
    /// <exception cref="StoreException">It <see cref="HasMoved"/>.</exception>
    public SqliteSession OpenSession() => OpenSession("");

    private SqliteSession OpenSession(string pragmas)
    {
        RequireInPlace();
        var connection = Connect(Path, _options);
        try
        {
            Execute(connection, $"PRAGMA foreign_keys = ON; {pragmas}");
            return new SqliteSession(connection);
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <exception cref="StoreException">It <see cref="HasMoved"/>.</exception>
    public void RequireInPlace()
    {
        if (HasMoved)
        {
            throw new StoreException(StanzaErrorCondition.InternalServerError,
                $"{Path} was deleted or replaced while it was in use. Put the original back, or restart the server to use the file that is there now.");
        }
    }

    public void Dispose() => _anchor.Dispose();

    // SQLite gives its log and its shared memory the permissions of the file.
    private static void Create(string path)
    {
        try
        {
            var directory = System.IO.Path.GetDirectoryName(path)!;
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
            }
            else
            {
                Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
                options.UnixCreateMode = OwnerOnly;
            }

            // Closing any descriptor of a file drops the process's POSIX locks on it: nobody here may have it open yet.
            lock (Creation)
            {
                if (!File.Exists(path))
                    new FileStream(path, options).Dispose();
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StanzaErrorCondition.InternalServerError, $"{path} can't be created: {fault.Message}", fault);
        }
    }

    private static SqliteConnection Connect(string path, SqliteStoreOptions options)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            // Seconds; SqliteCommand polls for a lock that SQLite itself does not wait for.
            DefaultTimeout = Math.Max(1, (int)options.BusyTimeout.TotalSeconds),
        }.ToString());
        try
        {
            connection.Open();
            Execute(connection, $"""
                PRAGMA busy_timeout = {(int)options.BusyTimeout.TotalMilliseconds};
                PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = {LogSizeLimit};
                """);
            return connection;
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }
    }

    private static void RequireWritable(SqliteConnection connection, string path)
    {
        if (raw.sqlite3_db_readonly(connection.Handle, "main") != 0)
            throw new StoreException(StanzaErrorCondition.InternalServerError, $"{path} is read-only for the server's user.");
    }

    private static void UseWriteAheadLog(SqliteConnection connection, string path)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL";
        if (command.ExecuteScalar() is not "wal")
        {
            throw new StoreException(StanzaErrorCondition.InternalServerError,
                $"{path} lies on a file system without shared memory, which the write-ahead log needs: choose a local directory.");
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
