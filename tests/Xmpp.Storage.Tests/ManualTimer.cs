namespace Xmpp.Storage.Tests;

/// <summary>Time with a single timer, which is due when the test says so.</summary>
internal sealed class ManualTimer : TimeProvider, ITimer
{
    private Action? _callback;

    /// <summary>What the timer was last set to.</summary>
    public TimeSpan DueTime { get; private set; } = Timeout.InfiniteTimeSpan;

    public bool IsSet => DueTime != Timeout.InfiniteTimeSpan;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _callback = () => callback(state);
        Change(dueTime, period);
        return this;
    }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        DueTime = dueTime;
        return true;
    }

    public void Fire()
    {
        DueTime = Timeout.InfiniteTimeSpan;
        _callback!();
    }

    public void Dispose() => DueTime = Timeout.InfiniteTimeSpan;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
