namespace Xmpp.Storage.Tests;

/// <summary>Time whose timers are due when the test says so. The clock goes as usual, and ahead when it is told to.</summary>
internal sealed class ManualTimers : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];

    /// <summary>How much later it is than elsewhere.</summary>
    public TimeSpan Ahead { get; set; }

    public bool IsSet => _timers.Any(timer => timer.IsSet);

    /// <summary>What the timers that are set were last set to; they must agree.</summary>
    public TimeSpan DueTime => _timers.Where(timer => timer.IsSet).Select(timer => timer.DueTime).Distinct().Single();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(() => callback(state)) { DueTime = dueTime };
        _timers.Add(timer);
        return timer;
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

    public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);

    /// <summary>Fires those that are set.</summary>
    public void Fire()
    {
        foreach (var timer in _timers.Where(timer => timer.IsSet).ToArray())
            timer.Fire();
    }

    private sealed class ManualTimer(Action callback) : ITimer
    {
        public TimeSpan DueTime { get; set; }

        public bool IsSet => DueTime != Timeout.InfiniteTimeSpan;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            return true;
        }

        public void Fire()
        {
            DueTime = Timeout.InfiniteTimeSpan;
            callback();
        }

        public void Dispose() => DueTime = Timeout.InfiniteTimeSpan;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
