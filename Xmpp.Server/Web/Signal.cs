using System.Threading.Tasks.Sources;

namespace Xmpp.Server.Web;

/// <summary>
/// One may wait for it, again and again, without allocation. What led to its being set has to be looked at behind the wait: while
/// somebody wakes up, it can't be set again.
/// </summary>
internal sealed class Signal : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _isSet;

    /// <summary>Completes when it is set, or at once if it was.</summary>
    public ValueTask WaitAsync() => new(this, _core.Version);

    /// <summary>Whoever waits goes on, on this thread.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
            _core.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _core.GetResult(token);
        _core.Reset();
        Volatile.Write(ref _isSet, 0);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
