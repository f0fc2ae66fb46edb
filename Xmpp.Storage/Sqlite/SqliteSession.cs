using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// A connection and the commands it has prepared, by their text. Used by one thread at a time.
/// Its methods throw <see cref="SqliteException"/>.
/// </summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = [];
    private readonly Dictionary<string, SqliteStatement> _statements = [];
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _beginReading;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _savepoint;
    private readonly sqlite3_stmt _release;
    private readonly sqlite3_stmt _rollback;

    /// <param name="connection">Open; the session disposes it.</param>
    public SqliteSession(SqliteConnection connection)
    {
        _connection = connection;
        _begin = Prepare("BEGIN IMMEDIATE");
        _beginReading = Prepare("BEGIN");
        _commit = Prepare("COMMIT");
        _savepoint = Prepare("SAVEPOINT operation");
        _release = Prepare("RELEASE operation");
        _rollback = Prepare("ROLLBACK TO operation");
    }

    /// <summary>False when there is no transaction, or SQLite has rolled it back because of a fault.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    /// <returns>The rows that were changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => Command(sql, parameters).ExecuteNonQuery();

    /// <returns>The first column of the first row, or null.</returns>
    public object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Command(sql, parameters).ExecuteScalar() is { } value and not DBNull ? value : null;

    /// <returns>The rows, to be disposed before the next call with this text.</returns>
    public SqliteDataReader Query(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Command(sql, parameters).ExecuteReader();

    /// <summary>The statement, ready to be bound: cheaper than a command, for what is done for each message.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new SqliteStatement(_connection.Handle!, sql));
        return statement.Begin();
    }

    /// <summary>Begins a transaction that may write; waits for other processes' as long as the busy time-out says.</summary>
    public void Begin() => Step(_begin);

    public void Commit() => Step(_commit);

    /// <summary>Lets all statements up to <see cref="EndReading"/> see the same state.</summary>
    public void BeginReading() => Step(_beginReading);

    public void EndReading() => Step(_commit);

    public void BeginOperation() => Step(_savepoint);

    public void EndOperation() => Step(_release);

    /// <summary>Undoes what was done since <see cref="BeginOperation"/>; the transaction goes on.</summary>
    public void UndoOperation()
    {
        Step(_rollback);
        Step(_release);
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        foreach (var statement in _statements.Values)
            statement.Dispose();
        foreach (var statement in (ReadOnlySpan<sqlite3_stmt>)[_begin, _beginReading, _commit, _savepoint, _release, _rollback])
            statement.Dispose();
        _connection.Dispose();
    }

    // A command keeps its prepared statement from one execution to the next as long as its text stays.
    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in parameters)
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
            _commands.Add(sql, command);
        }

        for (var i = 0; i < parameters.Length; i++)
            command.Parameters[i].Value = parameters[i].Value ?? DBNull.Value;
        return command;
    }

    // Transaction control goes past SqliteCommand, which would answer a lock by polling on top of the busy time-out.
    private sqlite3_stmt Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v2(_connection.Handle, sql, out var statement);
        SqliteException.ThrowExceptionForRC(code, _connection.Handle);
        return statement;
    }

    private void Step(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        if (code != raw.SQLITE_DONE)
        {
            try
            {
                SqliteException.ThrowExceptionForRC(code, _connection.Handle);
            }
            finally
            {
                raw.sqlite3_reset(statement);
            }
        }

        raw.sqlite3_reset(statement);
    }
}
