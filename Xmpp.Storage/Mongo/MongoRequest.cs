using System.Threading.Tasks.Sources;

namespace Xmpp.Storage.Mongo;

/// <summary>Something for a worker to do.</summary>
internal interface IMongoWork
{
    /// <summary>Whether it changes the database.</summary>
    bool Writes { get; }

    /// <summary>Does it, and hands out the result or the failure.</summary>
    /// <returns>What went wrong with the database, if anything.</returns>
    MongoFault? Run(MongoWorker worker);
}

/// <summary>What somebody waits for. It is claimed once, by a worker, by its caller's cancellation or by a refusal.</summary>
internal abstract class MongoRequest
{
    private int _claimed;

    /// <summary>When it was queued.</summary>
    public long QueuedAt { get; set; }

    /// <summary>What its documents take.</summary>
    public int Bytes { get; protected init; }

    /// <summary>Begins it, unless its caller has cancelled it. From here on its outcome is the database's.</summary>
    public abstract bool TryStart();

    /// <summary>Hands out the failure, on the thread pool.</summary>
    public abstract void Fail(Exception failure);

    protected bool Claim() => Interlocked.Exchange(ref _claimed, 1) == 0;
}

/// <inheritdoc/>
internal abstract class MongoRequest<T> : MongoRequest, IValueTaskSource<T>
{
    // Callers go on on the thread pool: workers belong to the database.
    private ManualResetValueTaskSourceCore<T> _completion = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;

    public ValueTask<T> Completion => new(this, _completion.Version);

    public void CancelBy(CancellationToken cancellationToken) => _cancellation = cancellationToken.UnsafeRegister(
        static (request, token) => ((MongoRequest<T>)request!).Cancel(token), this);

    public sealed override bool TryStart()
    {
        _cancellation.Unregister();
        return Claim();
    }

    public void Complete(T result) => _completion.SetResult(result);

    public sealed override void Fail(Exception failure) => _completion.SetException(failure);

    public T GetResult(short token) => _completion.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _completion.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        if (Claim())
            _completion.SetException(new OperationCanceledException(token));
    }
}

/// <summary>A call of the driver on behalf of somebody.</summary>
internal sealed class MongoOperation<T> : MongoRequest<T>, IMongoWork
{
    private readonly Func<MongoWorker, T> _body;

    public MongoOperation(Func<MongoWorker, T> body, bool writes, int bytes)
    {
        (_body, Writes) = (body, writes);
        Bytes = bytes;
    }

    public bool Writes { get; }

    public MongoFault? Run(MongoWorker worker)
    {
        T result;
        try
        {
            result = _body(worker);
        }
        catch (Exception failure)
        {
            var fault = worker.Explain(ref failure);
            Fail(failure);
            return fault;
        }

        Complete(result);
        return null;
    }
}

/// <summary>A document that goes to the database together with its neighbours in an <see cref="InsertLane"/>.</summary>
internal sealed class BatchedInsert : MongoRequest<bool>
{
    public BatchedInsert(BsonDocument document)
    {
        Document = document;
        Bytes = document.Length;
    }

    public BsonDocument Document { get; }
}
