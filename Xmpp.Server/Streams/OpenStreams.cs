using System.Collections.Concurrent;

namespace Xmpp.Server.Streams;

/// <summary>All streams of the server, whoever has made them.</summary>
internal sealed class OpenStreams(TimeProvider time)
{
    /// <summary>In milliseconds; what is over meanwhile doesn't wait longer, and less isn't waited for at all.</summary>
    private const double LongestPause = 1000, ShortestPause = 1;

    private readonly ConcurrentDictionary<IServerStream, object?> _streams = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Count => _streams.Count;

    /// <summary>As they are while one after the other is looked at.</summary>
    public IEnumerable<IServerStream> All
    {
        get
        {
            foreach (var (stream, _) in _streams)
                yield return stream;
        }
    }

    /// <summary>Completes when all have ended, after <see cref="Stop"/>.</summary>
    public Task Drained => _drained.Task;

    private bool IsStopping => _stopping.Task.IsCompleted;

    /// <summary>Runs a stream to its end.</summary>
    public async Task RunAsync(IServerStream stream)
    {
        _streams.TryAdd(stream, null);
        try
        {
            if (IsStopping)
                stream.End(new Core.Streams.StreamError(Core.Streams.StreamErrorCondition.SystemShutdown));
            await stream.RunAsync();
        }
        finally
        {
            _streams.TryRemove(stream, out _);
            if (IsStopping && _streams.IsEmpty)
                _drained.TrySetResult();
        }
    }

    /// <summary>
    /// Lets time pass before more is read from whoever has sent too fast: TCP passes that on. Not when the stream is over meanwhile, or the
    /// server stops.
    /// </summary>
    public async ValueTask SlowDownAsync(IServerStream stream, TimeSpan by)
    {
        var begin = time.GetTimestamp();
        while (by - time.GetElapsedTime(begin) is var left && left > TimeSpan.Zero && !stream.HasEnded && !IsStopping)
        {
            var pause = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(left.TotalMilliseconds), ShortestPause, LongestPause));
            await _stopping.Task.WaitAsync(pause, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>From now on streams end as soon as they begin.</summary>
    public void Stop() => _stopping.TrySetResult();

    /// <summary>Notices that there are none, if that is so.</summary>
    public void CheckDrained()
    {
        if (_streams.IsEmpty)
            _drained.TrySetResult();
    }
}
