using System.Collections.Concurrent;
using System.Data;
using Npgsql;
using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>The transactions that are open, by session of the driver.</summary>
internal sealed class Transactions(Engine engine)
{
    private const int MaxRemembered = 10_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, Transaction> _open = new();
    // A commit whose reply was lost is sent again.
    private readonly ConcurrentDictionary<string, long> _committed = new();

    /// <summary>The transaction that a command belongs to, begun if the command begins it; null when it belongs to none.</summary>
    public async Task<Transaction?> FindAsync(Request request)
    {
        if (!request.IsInTransaction)
            return null;
        var (session, number) = KeyOf(request);
        if (request.Body["startTransaction"] is null)
            return Find(session, number);
        await AbortAsync(session);
        var transaction = await Transaction.BeginAsync(await engine.OpenAsync(), number, IsolationLevel.RepeatableRead);
        transaction.AbortAfter(Lifetime, () => _ = AbortAsync(session, number));
        return _open[session] = transaction;
    }

    public async Task<BsonDocument> CommitAsync(Request request)
    {
        var (session, number) = KeyOf(request);
        if (_committed.TryGetValue(session, out var last) && last == number)
            return new BsonBuilder().ToReply();
        await using (var transaction = Find(session, number))
        {
            _open.TryRemove(session, out _);
            await transaction.CommitAsync();
        }
        if (_committed.Count >= MaxRemembered)
            _committed.Clear();
        _committed[session] = number;
        return new BsonBuilder().ToReply();
    }

    public async Task<BsonDocument> AbortAsync(Request request)
    {
        var (session, number) = KeyOf(request);
        Find(session, number);
        await AbortAsync(session);
        return new BsonBuilder().ToReply();
    }

    /// <summary>Ends the sessions that a command lists.</summary>
    public async Task<BsonDocument> EndSessionsAsync(Request request)
    {
        foreach (var session in request.Argument.Document.Elements())
        {
            if (session.Document["id"] is not { } id)
                continue;
            var name = Convert.ToHexString(id.Binary.Span);
            await AbortAsync(name);
            _committed.TryRemove(name, out _);
        }
        return new BsonBuilder().ToReply();
    }

    /// <summary>Ends the transaction of a command that went wrong: it can only be begun anew.</summary>
    public Task FailAsync(Request request)
    {
        var (session, number) = KeyOf(request);
        return AbortAsync(session, number);
    }

    public async Task AbortAllAsync()
    {
        foreach (var session in _open.Keys)
            await AbortAsync(session);
    }

    private static (string Session, long Number) KeyOf(Request request) =>
        request.Session is { } session && request.TransactionNumber is { } number
            ? (session, number)
            : throw new MongoException(MongoError.InvalidOptions, "a transaction needs lsid and txnNumber");

    private Transaction Find(string session, long number)
    {
        if (_open.TryGetValue(session, out var transaction) && transaction.Number == number)
            return transaction;
        throw new MongoException(MongoError.NoSuchTransaction, $"Transaction {number} is not in progress.");
    }

    private async Task AbortAsync(string session, long? number = null)
    {
        if (_open.TryGetValue(session, out var transaction) && (number ?? transaction.Number) == transaction.Number
            && _open.TryRemove(KeyValuePair.Create(session, transaction)))
            await transaction.DisposeAsync();
    }
}

/// <summary>A transaction of the engine's that stands for one of MongoDB's.</summary>
internal sealed class Transaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private Timer? _timer;

    private Transaction(NpgsqlConnection connection, NpgsqlTransaction transaction, long number) =>
        (_connection, _transaction, Number) = (connection, transaction, number);

    public long Number { get; }

    /// <param name="isolation">RepeatableRead is what MongoDB calls snapshot isolation.</param>
    public static async Task<Transaction> BeginAsync(NpgsqlConnection connection, long number, IsolationLevel isolation)
    {
        try
        {
            return new Transaction(connection, await connection.BeginTransactionAsync(isolation), number);
        }
        catch (NpgsqlException)
        {
            await connection.DisposeAsync();
            throw new EngineLostException();
        }
    }

    public void AbortAfter(TimeSpan lifetime, Action abort) => _timer = new Timer(_ => abort(), null, lifetime, Timeout.InfiniteTimeSpan);

    public Task<object?[]> RowAsync(string sql, TimeSpan limit, params IEnumerable<NpgsqlParameter> parameters) =>
        Engine.RowAsync(_connection, sql, limit, parameters);

    public async Task CommitAsync()
    {
        try
        {
            await _transaction.CommitAsync();
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

    /// <summary>Gives the connection back; what isn't committed is rolled back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
