using System.Collections.Concurrent;

namespace Xmpp.Server.Streams;

/// <summary>All streams of the server, whoever has made them.</summary>
internal sealed class OpenStreams
{
    private readonly ConcurrentDictionary<IServerStream, object?> _streams = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;

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

    /// <summary>Runs a stream to its end.</summary>
    public async Task RunAsync(IServerStream stream)
    {
        _streams.TryAdd(stream, null);
        try
        {
            if (_isStopping)
                stream.End(new Core.Streams.StreamError(Core.Streams.StreamErrorCondition.SystemShutdown));
            await stream.RunAsync();
        }
        finally
        {
            _streams.TryRemove(stream, out _);
            if (_isStopping && _streams.IsEmpty)
                _drained.TrySetResult();
        }
    }

    /// <summary>From now on streams end as soon as they begin.</summary>
    public void Stop() => _isStopping = true;

    /// <summary>Notices that there are none, if that is so.</summary>
    public void CheckDrained()
    {
        if (_streams.IsEmpty)
            _drained.TrySetResult();
    }
}
