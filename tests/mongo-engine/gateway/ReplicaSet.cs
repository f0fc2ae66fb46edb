using System.Security.Cryptography;
using Xmpp.MongoGateway.Bson;

namespace Xmpp.MongoGateway;

/// <summary>
/// Which member is the primary. All are gateways to the same engine, so whoever is elected has all the data; what a replica set
/// looks like to a client is what this is about.
/// </summary>
internal sealed class ReplicaSet : IDisposable
{
    private readonly Lock _lock = new();
    // Tells topologies of this gateway from those of another one on the same port.
    private readonly byte[] _processId = RandomNumberGenerator.GetBytes(12);
    private readonly bool[] _isUp;
    private readonly DateTimeOffset[] _electableFrom;
    private readonly TimeSpan _election;
    private readonly Timer _timer;
    private TaskCompletionSource _changed = NewSource();
    private int? _primary;
    private int _term;
    private long _version;
    private bool _isDisposed;

    public ReplicaSet(int members, TimeSpan election)
    {
        (_isUp, _electableFrom, _election) = (new bool[members], new DateTimeOffset[members], election);
        _timer = new Timer(_ => Elect());
    }

    public int Members => _isUp.Length;

    /// <summary>The present state. A client that waits for another one awaits <c>Changed</c>.</summary>
    public Topology Current
    {
        get
        {
            lock (_lock)
                return new Topology(_primary, _term, _version, _changed.Task);
        }
    }

    /// <summary>The topology's version, as clients know it.</summary>
    public BsonBuilder VersionOf(Topology topology) =>
        new BsonBuilder().AddObjectId("processId", _processId).Add("counter", topology.Version);

    /// <summary>A member has started or stopped.</summary>
    public void SetUp(int member, bool isUp)
    {
        lock (_lock)
        {
            _isUp[member] = isUp;
            if (!isUp && _primary == member)
                LosePrimary();
            else if (isUp && _primary is null && _version == 0)
                ElectLocked();
            else if (isUp && _primary is null)
                StartElection();
        }
    }

    /// <summary>The primary becomes a secondary and can't be elected again for a while.</summary>
    /// <returns>False when there is none.</returns>
    public bool StepDown(TimeSpan period)
    {
        lock (_lock)
        {
            if (_primary is not { } primary)
                return false;
            _electableFrom[primary] = DateTimeOffset.UtcNow + period;
            LosePrimary();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
            _isDisposed = true;
        _timer.Dispose();
    }

    private void LosePrimary()
    {
        _primary = null;
        Publish();
        StartElection();
    }

    private void StartElection()
    {
        if (!_isDisposed)
            _timer.Change(_election, Timeout.InfiniteTimeSpan);
    }

    private void Elect()
    {
        lock (_lock)
            ElectLocked();
    }

    private void ElectLocked()
    {
        if (_primary is not null || _isDisposed)
            return;
        var now = DateTimeOffset.UtcNow;
        var elected = Array.FindIndex([.. _isUp.Zip(_electableFrom, (isUp, from) => isUp && from <= now)], isCandidate => isCandidate);
        if (elected >= 0)
        {
            (_primary, _term) = (elected, _term + 1);
            Publish();
        }
        else if (Array.Exists(_isUp, isUp => isUp))
        {
            StartElection();
        }
    }

    private void Publish()
    {
        _version++;
        _changed.SetResult();
        _changed = NewSource();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <param name="Primary">The number of the primary, or null while there is none.</param>
/// <param name="Term">How many primaries there were.</param>
/// <param name="Version">How often the topology changed.</param>
/// <param name="Changed">Completes with the next change.</param>
internal readonly record struct Topology(int? Primary, int Term, long Version, Task Changed);
