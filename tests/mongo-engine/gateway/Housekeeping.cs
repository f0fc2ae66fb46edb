namespace Xmpp.MongoGateway;

/// <summary>
/// Removes documents whose time is over (TTL indexes), as often as it is told, and, every minute, what cursors that nobody closed
/// have left behind, and what no driver will ask for again.
/// </summary>
internal sealed class Housekeeping : IAsyncDisposable
{
    private const int CleanUpSeconds = 60;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private volatile int _ttlSeconds;

    public Housekeeping(Engine engine, int ttlSeconds) => (_ttlSeconds, _running) = (ttlSeconds, RunAsync(engine));

    /// <summary>mongod's parameter ttlMonitorSleepSecs; 0: never.</summary>
    public int TtlSeconds
    {
        get => _ttlSeconds;
        set => _ttlSeconds = value;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(Engine engine)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            for (var second = 1; await timer.WaitForNextTickAsync(_stop.Token); second++)
            {
                if (TtlSeconds > 0 && second % TtlSeconds == 0)
                    await RunAsync(engine, "CALL documentdb_api_internal.delete_expired_rows()");
                if (second % CleanUpSeconds != 0)
                    continue;
                await RunAsync(engine, "SELECT documentdb_api_internal.cursor_directory_cleanup()::text");
                await RunAsync(engine, RepeatedWrites.Forget);
            }
        }
        catch (OperationCanceledException)
        {
            // It stops.
        }
    }

    private static async Task RunAsync(Engine engine, string sql)
    {
        try
        {
            await using var connection = await engine.OpenAsync();
            await Engine.RowAsync(connection, sql, TimeSpan.Zero);
        }
        catch (Exception error) when (error is EngineLostException or MongoException)
        {
            // The next time.
        }
    }
}
