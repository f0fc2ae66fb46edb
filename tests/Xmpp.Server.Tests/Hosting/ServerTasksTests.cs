using Microsoft.Extensions.Logging;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Hosting;

/// <summary>What nobody waits for is still looked after.</summary>
public sealed class ServerTasksTests
{
    [Fact]
    public async Task What_fails_is_logged_by_what_it_is()
    {
        var log = new LevelLog();
        var tasks = new ServerTasks(log, CancellationToken.None);

        tasks.Run("One thing", _ => throw new StoreException(StanzaErrorCondition.ResourceConstraint, "full"));
        tasks.Run("Another", async _ =>
        {
            await Task.Yield();
            throw new InvalidOperationException("a bug");
        });
        tasks.Note("Something happened");
        await tasks.EndAsync();

        Assert.Equal(
        [
            (LogLevel.Warning, "One thing came to nothing, the store failed: full"),
            (LogLevel.Information, "Something happened"),
            (LogLevel.Error, "Another failed"),
        ], log.Entries.OrderByDescending(entry => entry.Level == LogLevel.Warning).ThenBy(entry => entry.Level));
    }

    [Fact]
    public async Task The_end_waits_for_what_runs_which_is_told()
    {
        using var stopping = new CancellationTokenSource();
        var tasks = new ServerTasks(new LevelLog(), stopping.Token);
        var isTold = new TaskCompletionSource();
        var isDone = new TaskCompletionSource();
        tasks.Run("Waiting", async token =>
        {
            await using var registration = token.Register(isTold.SetResult);
            await isDone.Task;
            token.ThrowIfCancellationRequested();
        });

        await stopping.CancelAsync();
        await isTold.Task;
        var end = tasks.EndAsync();
        Assert.False(end.IsCompleted);
        isDone.SetResult();
        await end;
    }

    private sealed class LevelLog : ILogger<ServerTasks>
    {
        private readonly Lock _lock = new();

        public List<(LogLevel Level, string Text)> Entries { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lock)
                Entries.Add((logLevel, formatter(state, exception)));
        }
    }
}
