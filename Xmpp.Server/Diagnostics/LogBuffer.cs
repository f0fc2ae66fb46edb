using System.Threading.Channels;

namespace Xmpp.Server.Diagnostics;

/// <summary>The last events, and those who follow the new ones. Adding never waits: a follower that is too slow misses events.</summary>
/// <param name="capacity">How many events are kept.</param>
public sealed class LogBuffer(int capacity = LogBuffer.DefaultCapacity)
{
    public const int DefaultCapacity = 1000;

    private readonly Lock _gate = new();
    private readonly Queue<LogEntry> _last = new(capacity);
    private LogFollower[] _followers = [];

    public void Add(LogEntry entry)
    {
        // One order for all: what a follower is given first is also kept first.
        lock (_gate)
        {
            if (_last.Count == capacity)
                _last.Dequeue();
            _last.Enqueue(entry);
            foreach (var follower in _followers)
                follower.Offer(entry);
        }
    }

    /// <summary>The last events, oldest first.</summary>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<LogEntry> Last(int count)
    {
        lock (_gate)
            return [.. _last.TakeLast(count)];
    }

    /// <summary>Follows new events, until the follower is disposed.</summary>
    /// <param name="count">So many of the last events come first, if there are as many.</param>
    /// <param name="queueLimit">Events that wait for the follower; when it is full the oldest is dropped.</param>
    public LogFollower Follow(int count, int queueLimit)
    {
        lock (_gate)
        {
            var follower = new LogFollower(queueLimit, Remove);
            foreach (var entry in _last.TakeLast(count))
                follower.Offer(entry);
            _followers = [.. _followers, follower];
            return follower;
        }
    }

    private void Remove(LogFollower follower)
    {
        lock (_gate)
            _followers = [.. _followers.Where(other => other != follower)];
    }
}

/// <summary>Reads events as they are logged.</summary>
public sealed class LogFollower : IDisposable
{
    private readonly Channel<LogEntry> _queue;
    private readonly Action<LogFollower> _remove;
    private long _missed;

    internal LogFollower(int queueLimit, Action<LogFollower> remove)
    {
        _remove = remove;
        _queue = Channel.CreateBounded<LogEntry>(
            new BoundedChannelOptions(queueLimit) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref _missed));
    }

    /// <summary>Completes after <see cref="Dispose"/>, when the events that waited have been read.</summary>
    public ChannelReader<LogEntry> Entries => _queue.Reader;

    /// <summary>How many events were dropped since the last call.</summary>
    public long TakeMissed() => Interlocked.Exchange(ref _missed, 0);

    public void Dispose()
    {
        _remove(this);
        _queue.Writer.TryComplete();
    }

    internal void Offer(LogEntry entry) => _queue.Writer.TryWrite(entry);
}
