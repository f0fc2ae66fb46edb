namespace Xmpp.Modules.Rooms;

/// <summary>Takes rooms out of memory that nobody is in and nobody asks for anything.</summary>
public sealed class RoomUnloading(RoomDirectory rooms) : IAsyncDisposable
{
    /// <summary>How often is looked.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly RoomServices _services = rooms.Services;
    private ITimer? _timer;
    private int _isRunning;

    /// <summary>Begins.</summary>
    public void Start() => _timer = _services.Time.CreateTimer(_ => Run(), null, Interval, Interval);

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? default;

    private void Run()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
            _services.Tasks.Run("Unloading of rooms", _ => UnloadAsync());
    }

    private async ValueTask UnloadAsync()
    {
        try
        {
            await rooms.UnloadAsync(_services.Time.GetUtcNow() - _services.Options.UnloadAfter);
        }
        finally
        {
            _isRunning = 0;
        }
    }
}
