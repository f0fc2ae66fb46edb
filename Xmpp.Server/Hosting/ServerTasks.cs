using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Server.Hosting;

/// <inheritdoc cref="IServerTasks"/>
internal sealed partial class ServerTasks(ILogger<ServerTasks> logger, CancellationToken stopping) : IServerTasks
{
    private readonly ConcurrentDictionary<Task, object?> _running = new();

    public void Run(string what, Func<CancellationToken, ValueTask> work)
    {
        var task = RunAsync(what, work);
        if (task.IsCompleted)
            return;
        _running[task] = null;
        task.ContinueWith(
            ended => _running.TryRemove(ended, out _),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public void Note(string text) => LogNote(text);

    /// <summary>Completes when nothing runs any more. Called once the token is cancelled.</summary>
    public Task EndAsync() => Task.WhenAll(_running.Keys);

    private async Task RunAsync(string what, Func<CancellationToken, ValueTask> work)
    {
        try
        {
            await work(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server ends.
        }
        catch (StoreException failure)
        {
            LogStoreFailed(what, failure.Message);
        }
        catch (Exception bug)
        {
            LogFailed(bug, what);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Text}")]
    private partial void LogNote(string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} came to nothing, the store failed: {Failure}")]
    private partial void LogStoreFailed(string what, string failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "{What} failed")]
    private partial void LogFailed(Exception bug, string what);
}
