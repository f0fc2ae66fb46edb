using System.Buffers.Binary;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// A prepared statement without ADO.NET around it, which would cost more than what SQLite does. Values are bound one after the other.
/// Used by one thread at a time; its methods throw <see cref="SqliteException"/>.
/// </summary>
internal sealed unsafe class SqliteStatement : IDisposable
{
    /// <summary>SQLite copies what it is given.</summary>
    private const nint Transient = -1;

    /// <summary>Of an id.</summary>
    private const int IdBytes = 16;

    private readonly sqlite3 _connection;
    private readonly nint _connectionHandle;
    private readonly nint _handle;
    private int _bound;

    public SqliteStatement(sqlite3 connection, string sql)
    {
        // The session that owns both keeps the connection.
        (_connection, _connectionHandle) = (connection, connection.DangerousGetHandle());
        var utf8 = Encoding.UTF8.GetBytes(sql);
        fixed (byte* bytes = utf8)
            Check(SqliteLibrary.Prepare(_connectionHandle, bytes, utf8.Length, out _handle, 0));
    }

    /// <summary>Forgets what was being read; the next value that is bound is the first.</summary>
    public SqliteStatement Begin()
    {
        SqliteLibrary.Reset(_handle);
        _bound = 0;
        return this;
    }

    public SqliteStatement Integer(long value)
    {
        Check(SqliteLibrary.BindInteger(_handle, ++_bound, value));
        return this;
    }

    /// <summary>NULL when it is null.</summary>
    public SqliteStatement Blob(byte[]? value) => value is null ? Null() : Blob(value.AsSpan());

    public SqliteStatement Blob(ReadOnlySpan<byte> value)
    {
        // Of an empty span there is no address, and that would be NULL.
        byte nothing = 0;
        fixed (byte* bytes = value)
            Check(SqliteLibrary.BindBlob(_handle, ++_bound, value.IsEmpty ? &nothing : bytes, value.Length, Transient));
        return this;
    }

    public SqliteStatement Text(string? value) => value is null ? Null() : Text(Encoding.UTF8.GetBytes(value));

    public SqliteStatement Text(ReadOnlySpan<byte> utf8)
    {
        byte nothing = 0;
        fixed (byte* bytes = utf8)
            Check(SqliteLibrary.BindText(_handle, ++_bound, utf8.IsEmpty ? &nothing : bytes, utf8.Length, Transient));
        return this;
    }

    /// <summary>An id, as octets that sort as the ids do.</summary>
    public SqliteStatement Id(UInt128 value)
    {
        Span<byte> octets = stackalloc byte[IdBytes];
        BinaryPrimitives.WriteUInt128BigEndian(octets, value);
        return Blob(octets);
    }

    public SqliteStatement Null()
    {
        Check(SqliteLibrary.BindNull(_handle, ++_bound));
        return this;
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False behind the last one, when the statement is at its end.</returns>
    public bool Step()
    {
        var code = SqliteLibrary.Step(_handle);
        if (code == raw.SQLITE_ROW)
            return true;
        SqliteLibrary.Reset(_handle);
        if (code != raw.SQLITE_DONE)
            Check(code);
        return false;
    }

    /// <summary>Executes a statement that answers nothing.</summary>
    /// <returns>The rows that were changed.</returns>
    public int Run()
    {
        Step();
        return SqliteLibrary.Changes(_connectionHandle);
    }

    /// <summary>Executes an insertion.</summary>
    /// <returns>The row that it made.</returns>
    public long Insert()
    {
        Step();
        return SqliteLibrary.LastRow(_connectionHandle);
    }

    /// <summary>The first column of the only row; null when there is none, or NULL.</summary>
    public long? FindInteger()
    {
        long? value = Step() && !IsNull(0) ? GetInteger(0) : null;
        Begin();
        return value;
    }

    /// <inheritdoc cref="FindInteger"/>
    public UInt128? FindId()
    {
        UInt128? value = Step() ? GetId(0) : null;
        Begin();
        return value;
    }

    public bool IsNull(int column) => SqliteLibrary.ColumnType(_handle, column) == raw.SQLITE_NULL;

    public long GetInteger(int column) => SqliteLibrary.ColumnInteger(_handle, column);

    /// <summary>A text or blob without a copy: only until the next row. Empty for NULL.</summary>
    public ReadOnlySpan<byte> GetOctets(int column) =>
        new(SqliteLibrary.ColumnBlob(_handle, column), SqliteLibrary.ColumnBytes(_handle, column));

    public string? GetText(int column) => IsNull(column) ? null : Encoding.UTF8.GetString(GetOctets(column));

    public UInt128? GetId(int column) =>
        GetOctets(column) is { Length: IdBytes } octets ? BinaryPrimitives.ReadUInt128BigEndian(octets) : null;

    public void Dispose() => SqliteLibrary.Finalize(_handle);

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(code, _connection);
    }
}
