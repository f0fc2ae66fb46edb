using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The system's SQLite, which gets its security updates with the system; none is shipped.</summary>
internal static partial class SqliteLibrary
{
    /// <summary>STRICT tables came with 3.37.0 (November 2021).</summary>
    private const int OldestVersion = 3_037_000;

    private const string ProviderName = "e_sqlite3";
    private const int FileControlHasMoved = 20;

    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>Loads the library, once per process.</summary>
    /// <exception cref="StoreException">It is missing or too old; the message says what to install.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_handle == 0)
            {
                _handle = Find("libsqlite3.so.0", "sqlite3");
                NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
                SystemLibraries.Use(ProviderName, _handle);
                raw.SetProvider(new SQLite3Provider_e_sqlite3());
                // A connection is used by one thread at a time here, and nobody asks how much memory there is: both would cost
                // two locks for nearly every call. Refused, and slower, when somebody else in the process has used SQLite before.
                raw.sqlite3_config(raw.SQLITE_CONFIG_MULTITHREAD);
                raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
            }
        }

        if (raw.sqlite3_libversion_number() < OldestVersion)
        {
            throw new StoreException(StanzaErrorCondition.InternalServerError,
                $"The system's SQLite is version {raw.sqlite3_libversion().utf8_to_string()}; 3.37 or later is needed.");
        }
    }

    /// <summary>Loads the first library of these names that there is.</summary>
    internal static nint Find(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out var handle))
                return handle;
        }

        throw new StoreException(StanzaErrorCondition.InternalServerError,
            "The SQLite library is not installed. On Debian and Ubuntu: sudo apt-get install libsqlite3-0");
    }

    /// <summary>True when the file that the connection has open is no longer the one at its path.</summary>
    public static bool HasMoved(sqlite3 connection)
    {
        var code = FileControl(connection, "main", FileControlHasMoved, out var moved);
        return code == raw.SQLITE_OK && moved != 0;
    }

    // The provider's own way to a column, through a SafeHandle, costs many times what SQLite does there. None of these waits.
    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_column_int64")]
    internal static partial long ColumnInteger(nint statement, int column);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_column_type")]
    internal static partial int ColumnType(nint statement, int column);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_column_blob")]
    internal static unsafe partial byte* ColumnBlob(nint statement, int column);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_column_bytes")]
    internal static partial int ColumnBytes(nint statement, int column);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_prepare_v2")]
    internal static unsafe partial int Prepare(nint connection, byte* sql, int bytes, out nint statement, nint tail);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_finalize")]
    internal static partial void Finalize(nint statement);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_step")]
    internal static partial int Step(nint statement);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_reset")]
    internal static partial void Reset(nint statement);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_bind_int64")]
    internal static partial int BindInteger(nint statement, int index, long value);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_bind_null")]
    internal static partial int BindNull(nint statement, int index);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_bind_blob")]
    internal static unsafe partial int BindBlob(nint statement, int index, byte* value, int bytes, nint destructor);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_bind_text")]
    internal static unsafe partial int BindText(nint statement, int index, byte* value, int bytes, nint destructor);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_changes")]
    internal static partial int Changes(nint connection);

    [SuppressGCTransition]
    [LibraryImport(ProviderName, EntryPoint = "sqlite3_last_insert_rowid")]
    internal static partial long LastRow(nint connection);

    [LibraryImport(ProviderName, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FileControl(sqlite3 connection, string database, int operation, out int result);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == ProviderName ? _handle : 0;
}
