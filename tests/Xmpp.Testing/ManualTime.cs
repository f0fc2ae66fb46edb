namespace Xmpp.Testing;

/// <summary>Time that stands still until the test moves it; timers run while it is moved.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private TaskCompletionSource? _nextTimer;
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The local time zone; UTC as long as the test doesn't say otherwise.</summary>
    public TimeZoneInfo Zone { get; set; } = TimeZoneInfo.Utc;

    public override TimeZoneInfo LocalTimeZone => Zone;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        lock (_lock)
            _nextTimer?.TrySetResult();
        return timer;
    }

    /// <summary>Completes when somebody begins to wait: the next timer that is made.</summary>
    public Task NextTimerAsync()
    {
        lock (_lock)
        {
            _nextTimer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _nextTimer.Task.WaitAsync(TestClient.Patience);
        }
    }

    /// <summary>Moves time on; every timer that falls due runs at its time, in order.</summary>
    public void Advance(TimeSpan by)
    {
        var end = GetUtcNow() + by;
        while (TakeDue(end) is { } due)
            due.Run();
        lock (_lock)
            _now = end;
    }

    private ManualTimer? TakeDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            // A week has 600,000 seconds, and servers look at something in each.
            ManualTimer? due = null;
            foreach (var timer in _timers)
            {
                if (timer.Due <= end && (due is null || timer.Due < due.Due))
                    due = timer;
            }
            if (due is null)
                return null;
            if (due.Due > _now)
                _now = due.Due;
            due.Due = due.Period > TimeSpan.Zero ? due.Due + due.Period : DateTimeOffset.MaxValue;
            return due;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        /// <summary>The end of all time when it isn't.</summary>
        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
                Period = period;
                if (!time._timers.Contains(this))
                    time._timers.Add(this);
            }
            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
                time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
