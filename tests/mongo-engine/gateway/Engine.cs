using Npgsql;
using NpgsqlTypes;
using Xmpp.MongoGateway.Bson;

namespace Xmpp.MongoGateway;

/// <summary>DocumentDB, reached by SQL through a Unix socket.</summary>
internal sealed class Engine : IAsyncDisposable
{
    private const int MaxConnections = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly NpgsqlDataSource _source;

    /// <param name="directory">The directory of the engine's socket.</param>
    public Engine(string directory)
    {
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = directory,
            Username = "postgres",
            Database = "postgres",
            MaxPoolSize = MaxConnections,
            // Waiting for a free connection and for an answer takes as long as it takes: time limits are MongoDB's, maxTimeMS.
            Timeout = 600,
            CommandTimeout = 0,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            // Cursors have to outlive the statement and its connection; indexes are built at once; collations are off by default.
            Options = "-c documentdb.useFileBasedPersistedCursors=on -c documentdb.force_index_builds_blocking=on"
                + " -c documentdb_core.enableCollation=on -c client_min_messages=error",
        });
    }

    public static NpgsqlParameter Parameter(string? value) =>
        new() { Value = value ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    public static NpgsqlParameter Parameter(long[] value) =>
        new() { Value = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    public static NpgsqlParameter Parameter(BsonDocument value) => Parameter(value.Bytes);

    public static NpgsqlParameter Parameter(ReadOnlyMemory<byte>? value) =>
        new() { Value = value ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea };

    /// <summary>Calls <paramref name="onUp"/> and <paramref name="onDown"/> in turn, as the engine comes and goes.</summary>
    /// <param name="firstUp">Completed once the engine was there.</param>
    public async Task WatchAsync(Action onUp, Func<Task> onDown, TaskCompletionSource firstUp, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var isUp = false;
            try
            {
                await using var connection = await _source.OpenConnectionAsync(cancellation);
                await RowAsync(connection, RepeatedWrites.Create, TimeSpan.Zero);
                onUp();
                isUp = true;
                firstUp.TrySetResult();
                // Nothing ever comes here but the end of the connection.
                while (true)
                    await connection.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is NpgsqlException or EngineLostException
                or System.Net.Sockets.SocketException or IOException)
            {
                if (isUp)
                {
                    _source.Clear();
                    await onDown();
                }
            }
            catch (Exception error)
            {
                // Such as a port that is taken.
                firstUp.TrySetException(error);
                throw;
            }
            await Task.Delay(Patience, CancellationToken.None);
        }
    }

    public async Task<NpgsqlConnection> OpenAsync()
    {
        try
        {
            return await _source.OpenConnectionAsync(CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            throw new EngineLostException();
        }
    }

    /// <summary>Runs a statement and returns its first row.</summary>
    /// <param name="timeLimit">Zero: none.</param>
    /// <exception cref="MongoException">The engine refused.</exception>
    /// <exception cref="EngineLostException">The engine is gone; whether the statement took effect is unknown.</exception>
    public static async Task<object?[]> RowAsync(
        NpgsqlConnection connection, string sql, TimeSpan timeLimit, params IEnumerable<NpgsqlParameter> parameters)
    {
        using var limit = new CancellationTokenSource();
        if (timeLimit > TimeSpan.Zero)
            limit.CancelAfter(timeLimit);
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        try
        {
            await using var reader = await command.ExecuteReaderAsync(limit.Token);
            if (!await reader.ReadAsync(limit.Token))
                return [];
            var row = new object?[reader.FieldCount];
            for (var column = 0; column < row.Length; column++)
                row[column] = await reader.IsDBNullAsync(column, limit.Token) ? null : reader.GetValue(column);
            if (row is [byte[] reply, ..])
                EngineErrors.ThrowIfInConflict(new BsonDocument(reply));
            return row;
        }
        catch (OperationCanceledException)
        {
            throw new MongoException(MongoError.MaxTimeMSExpired, "operation exceeded time limit");
        }
        catch (PostgresException error) when (!EngineErrors.IsLoss(error.SqlState))
        {
            throw EngineErrors.ToMongo(error);
        }
        catch (NpgsqlException)
        {
            throw new EngineLostException();
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}

/// <summary>The engine is gone, or the connection to it.</summary>
internal sealed class EngineLostException() : Exception("The engine is gone.");
