namespace Xmpp.MongoGateway;

/// <summary>
/// Removes documents whose time is over (TTL indexes), as mongod does: every minute, or as often as it is told. And what
/// cursors that nobody closed have left behind.
/// </summary>
internal sealed class Housekeeping : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public Housekeeping(Engine engine) => _running = RunAsync(engine);

    /// <summary>mongod's parameter ttlMonitorSleepSecs.</summary>
    public int TtlSeconds { get; set; } = 60;

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
            for (var seconds = 1; await timer.WaitForNextTickAsync(_stop.Token); seconds++)
            {
                if (seconds < TtlSeconds)
                    continue;
                seconds = 0;
                await RunAsync(engine, "CALL documentdb_api_internal.delete_expired_rows()");
                await RunAsync(engine, "SELECT documentdb_api_internal.cursor_directory_cleanup()::text");
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
