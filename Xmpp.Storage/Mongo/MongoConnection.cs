using System.Collections.Concurrent;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A database. The driver's calls block: they are made by threads of the connection's own, each with a client of the driver's pool,
/// that take what is queued; results are handed out on the thread pool.
/// </summary>
/// <remarks>
/// When a primary goes, the driver looks for the new one for <c>serverSelectionTimeoutMS</c> and repeats what it had begun; meanwhile
/// operations wait. When that did not help there is an outage: everything is refused at once, and one thread tries again and again
/// until the database works.
/// </remarks>
internal sealed class MongoConnection : IAsyncDisposable
{
    private const int StackBytes = 512 * 1024;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly MongoStoreOptions _options;
    private readonly MongoWarnings _warnings;
    private readonly StoreHealth _health;
    private readonly MongoUri _uri;
    private readonly SafeClientPool _pool;
    private readonly MongoQueue _queue;
    private readonly ITimer _timer;
    private readonly ConcurrentDictionary<string, MongoCollection> _collections = new();
    private volatile bool _unhealthy;
    private int _probing;

    private MongoConnection(
        MongoStoreOptions options, MongoWarnings warnings, StoreHealth health, MongoUri uri, SafeClientPool pool, int threads,
        TimeProvider time)
    {
        (_options, _warnings, _health, _uri, _pool) = (options, warnings, health, uri, pool);
        _queue = new MongoQueue(options, threads, uri.Location, time);
        _timer = time.CreateTimer(_ => OnTick(), null, Tick, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Operations that wait for a thread.</summary>
    public int Queued => _queue.Count;

    /// <summary>Hosts and database, without credentials.</summary>
    public string Location => _uri.Location;

    /// <summary>Opens the database and makes sure that it can be written. Blocks, for some seconds if it doesn't answer.</summary>
    /// <exception cref="StoreException">
    /// The driver is missing, the connection string no good, no primary reachable or the credentials wrong; the message says which, and
    /// what to do.
    /// </exception>
    public static MongoConnection Open(MongoStoreOptions options, StoreHealth health, TimeProvider? time = null)
    {
        MongoLibrary.Load();
        var warnings = new MongoWarnings(options);
        MongoUri? uri = null;
        SafeClientPool? pool = null;
        try
        {
            uri = MongoUri.Parse(options.Uri, options.Database);
            var threads = uri.MaxPoolSize > 0 ? Math.Min(uri.MaxPoolSize, options.Threads) : options.Threads;
            pool = MongoStart.OpenPool(uri, threads);
            using (var worker = new MongoWorker(pool, uri))
                MongoStart.RequireWritable(worker, uri);
            return new(options, warnings, health, uri, pool, threads, time ?? TimeProvider.System);
        }
        catch
        {
            pool?.Dispose();
            uri?.Dispose();
            warnings.Dispose();
            throw;
        }
    }

    public MongoCollection Collection(string name) => _collections.GetOrAdd(name, name => new MongoCollection(this, name));

    /// <summary>Runs a command that changes nothing, or whose changes need no write concern.</summary>
    public ValueTask<T> CommandAsync<T>(BsonDocument command, BsonRead<T> read, CancellationToken cancellationToken) =>
        RunAsync(worker => worker.Command(command, read), writes: false, command.Length, cancellationToken);

    /// <summary>Runs a command that takes a write concern and may take its time, up to an hour: building an index, say.</summary>
    public ValueTask<T> WriteCommandAsync<T>(BsonDocument command, BsonRead<T> read, CancellationToken cancellationToken) =>
        RunAsync(worker => worker.WriteCommand(command, read, _options.LongTimeout), writes: true, command.Length, cancellationToken);

    /// <summary>Lets a worker do something. Cancelled before it has begun, it has not been and will not be done.</summary>
    /// <param name="bytes">What the documents of the operation take.</param>
    /// <returns>Completes on the thread pool.</returns>
    /// <exception cref="StoreException">At once when the queue is full or there is an outage, later when the database fails.</exception>
    public ValueTask<T> RunAsync<T>(Func<MongoWorker, T> body, bool writes, int bytes, CancellationToken cancellationToken) =>
        Start(new MongoOperation<T>(body, writes, bytes), null, cancellationToken);

    /// <inheritdoc cref="MongoCollection.InsertBatchedAsync"/>
    public ValueTask<bool> InsertAsync(InsertLane lane, BsonDocument document, CancellationToken cancellationToken) =>
        Start(new BatchedInsert(document), lane, cancellationToken);

    /// <summary>Does what is queued, or refuses it during an outage, and ends the threads.</summary>
    public async ValueTask DisposeAsync()
    {
        await _queue.CloseAsync();
        await _timer.DisposeAsync();
        _warnings.Dispose();
        _pool.Dispose();
        _uri.Dispose();
    }

    private ValueTask<T> Start<T>(MongoRequest<T> request, InsertLane? lane, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<T>(cancellationToken);
        if (request.Bytes > MongoWorker.MaxDocumentBytes)
        {
            return ValueTask.FromException<T>(new StoreException(
                StanzaErrorCondition.InternalServerError, $"{Location}: a document of {request.Bytes} bytes is more than MongoDB stores."));
        }

        if (cancellationToken.CanBeCanceled)
            request.CancelBy(cancellationToken);
        var completion = request.Completion;
        if (_queue.Add(request, lane))
            new Thread(Work, StackBytes) { Name = "MongoDB", IsBackground = true }.Start();

        return completion;
    }

    private void Work()
    {
        // The pool waits for its client, should it be disposed first.
        using var worker = new MongoWorker(_pool, _uri);
        while (_queue.Take() is { } work)
        {
            var fault = work.Run(worker);
            if (work is InsertLane lane)
                _queue.Finish(lane);
            Judge(worker, work, fault);
        }
    }

    private void Judge(MongoWorker worker, IMongoWork work, MongoFault? fault)
    {
        switch (fault?.Scope)
        {
            case null when _unhealthy && work.Writes:
                _unhealthy = false;
                _health.WriteSucceeded();
                break;
            case FaultScope.Writes:
                _health.WriteFailed($"{Location}: {fault.Problem}");
                _unhealthy = true;
                break;
            case FaultScope.Doubt or FaultScope.Outage when _queue.TryHold():
                Investigate(worker, fault);
                break;
        }
    }

    // On this thread alone, while the others wait.
    private void Investigate(MongoWorker worker, MongoFault fault)
    {
        var failure = fault.Scope is FaultScope.Outage ? fault : worker.Probe();
        while (failure is not null)
        {
            _health.WriteFailed($"{Location}: {failure.Problem}");
            _unhealthy = true;
            _queue.Refuse(failure);
            if (!_queue.Pause(_options.ProbeInterval))
                break;
            failure = worker.Probe();
        }

        _queue.Release();
        if (failure is null && _unhealthy)
        {
            _unhealthy = false;
            _health.WriteSucceeded();
        }
    }

    private void OnTick()
    {
        _queue.Expire();
        // Whether a majority follows again is found out even if nobody writes.
        if (_unhealthy && Interlocked.Exchange(ref _probing, 1) == 0)
            _ = ProbeWritesAsync();
        _timer.Change(Tick, Timeout.InfiniteTimeSpan);
    }

    private async Task ProbeWritesAsync()
    {
        try
        {
            await RunAsync(static worker => worker.Write(), writes: true, 0, CancellationToken.None);
        }
        catch (StoreException)
        {
            // The health says so.
        }
        finally
        {
            Volatile.Write(ref _probing, 0);
        }
    }
}
