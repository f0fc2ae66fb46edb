using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// What waits for a worker, within bounds: a number, bytes, and a time. While there is doubt whether the database works it is held;
/// during an outage all that wait or come are refused.
/// </summary>
internal sealed class MongoQueue(MongoStoreOptions options, int threads, string location, TimeProvider time)
{
    private readonly object _gate = new();
    private readonly Queue<MongoRequest> _requests = new();
    private readonly Queue<InsertLane> _lanes = new();
    private readonly HashSet<InsertLane> _allLanes = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private long _bytes;
    private int _threads;
    private int _idle;
    private bool _lanesFirst;
    private bool _held;
    private bool _closed;
    private MongoFault? _outage;

    public int Count => Volatile.Read(ref _waiting);

    /// <summary>Queues an operation; one that can't be is failed at once.</summary>
    /// <returns>True when a thread should be started for it.</returns>
    public bool Add(MongoRequest request, InsertLane? lane = null)
    {
        StoreException? refusal;
        lock (_gate)
        {
            refusal = Refusal(request);
            if (refusal is null)
            {
                request.QueuedAt = time.GetTimestamp();
                _waiting++;
                _bytes += request.Bytes;
                if (lane is null)
                {
                    _requests.Enqueue(request);
                    Monitor.Pulse(_gate);
                }
                else
                    Add(lane, (BatchedInsert)request);
                if (_requests.Count + _lanes.Count <= _idle || _threads == threads)
                    return false;
                _threads++;
                return true;
            }
        }

        if (request.TryStart())
            request.Fail(refusal);
        return false;
    }

    /// <summary>Waits for work.</summary>
    /// <returns>Null when the queue is closed and empty: the thread's end.</returns>
    public IMongoWork? Take()
    {
        lock (_gate)
        {
            while (true)
            {
                if (!_held && Next() is { } work)
                    return work;
                if (_closed && _requests.Count == 0 && _lanes.Count == 0)
                {
                    _threads--;
                    EndIfDone();
                    return null;
                }

                _idle++;
                Monitor.Wait(_gate);
                _idle--;
            }
        }
    }

    /// <summary>The lane's batch is done: it may have the next.</summary>
    public void Finish(InsertLane lane)
    {
        lock (_gate)
            Schedule(lane);
    }

    /// <summary>Lets nobody begin anything until <see cref="Release"/>.</summary>
    /// <returns>False when it is held already.</returns>
    public bool TryHold()
    {
        lock (_gate)
            return !_held && (_held = true);
    }

    /// <summary>Fails what waits, and from now on what comes.</summary>
    public void Refuse(MongoFault outage)
    {
        lock (_gate)
            _outage = outage;
        FailWhere(_ => true, () => outage.ToStoreException(location));
    }

    /// <summary>All is well.</summary>
    public void Release()
    {
        lock (_gate)
        {
            (_held, _outage) = (false, null);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits between two attempts.</summary>
    /// <returns>False when the queue is closed.</returns>
    public bool Pause(TimeSpan interval)
    {
        lock (_gate)
        {
            if (!_closed)
                Monitor.Wait(_gate, interval);
            return !_closed;
        }
    }

    /// <summary>Refuses what has waited for too long.</summary>
    public void Expire()
    {
        var now = time.GetTimestamp();
        FailWhere(request => time.GetElapsedTime(request.QueuedAt, now) >= options.QueueDeadline, () => new StoreException(
            StanzaErrorCondition.ResourceConstraint, $"{location}: the database is too slow; the operation has waited for too long."));
    }

    /// <summary>Lets the threads end once what waits is done.</summary>
    /// <returns>Completes when none works any more.</returns>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
            EndIfDone();
        }

        return _ended.Task;
    }

    private void EndIfDone()
    {
        if (_closed && _threads == 0)
            _ended.TrySetResult();
    }

    private StoreException? Refusal(MongoRequest request)
    {
        if (_closed)
            return new(StanzaErrorCondition.ResourceConstraint, $"{location} is being closed.");
        if (_outage is not null)
            return _outage.ToStoreException(location);
        return _waiting >= options.QueueLimit || _bytes + request.Bytes > options.QueueBytes
            ? new(StanzaErrorCondition.ResourceConstraint, $"{location}: too many operations are waiting.")
            : null;
    }

    private void Add(InsertLane lane, BatchedInsert insert)
    {
        _allLanes.Add(lane);
        lane.Waiting.Enqueue(insert);
        if (!lane.Scheduled)
            Schedule(lane);
    }

    private void Schedule(InsertLane lane)
    {
        lane.Scheduled = lane.Waiting.Count > 0;
        if (!lane.Scheduled)
            return;
        _lanes.Enqueue(lane);
        Monitor.Pulse(_gate);
    }

    // Neither keeps the other waiting, even with one thread.
    private IMongoWork? Next()
    {
        _lanesFirst = !_lanesFirst;
        return (_lanesFirst ? NextLane() : null) ?? NextRequest() ?? NextLane();
    }

    private IMongoWork? NextRequest()
    {
        while (_requests.TryDequeue(out var request))
        {
            Forget(request);
            if (request.TryStart())
                return (IMongoWork)request;
        }

        return null;
    }

    private InsertLane? NextLane()
    {
        while (_lanes.TryDequeue(out var lane))
        {
            if (lane.Fill(Forget))
                return lane;
            Schedule(lane);
        }

        return null;
    }

    private void Forget(MongoRequest request)
    {
        _waiting--;
        _bytes -= request.Bytes;
    }

    // The oldest are in front. Completing is done without the lock.
    private void FailWhere(Predicate<MongoRequest> isConcerned, Func<StoreException> failure)
    {
        var failed = new List<MongoRequest>();
        lock (_gate)
        {
            while (_requests.TryPeek(out var request) && isConcerned(request))
                failed.Add(_requests.Dequeue());
            foreach (var lane in _allLanes)
            {
                while (lane.Waiting.TryPeek(out var insert) && isConcerned(insert))
                    failed.Add(lane.Waiting.Dequeue());
            }

            failed.ForEach(Forget);
        }

        foreach (var request in failed)
        {
            if (request.TryStart())
                request.Fail(failure());
        }
    }
}
