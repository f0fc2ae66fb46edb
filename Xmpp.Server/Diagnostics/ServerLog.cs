using System.Text;
using Microsoft.Extensions.Logging;

namespace Xmpp.Server.Diagnostics;

/// <summary>
/// The server's log: one line per event on standard error, and a buffer of the last events for <c>xmppctl log</c>. Logging never
/// waits for whoever reads standard error: beyond <see cref="QueueLimit"/> waiting lines the oldest is dropped, and that is said.
/// </summary>
public sealed class ServerLog : ILoggerProvider, ISupportExternalScope, IAsyncDisposable
{
    private const int QueueLimit = 10_000;

    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly LogFollower _toOutput;
    private readonly Task _writing;
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    /// <param name="minimumLevel">The least severe events to log.</param>
    /// <param name="output">Where the lines go; not closed.</param>
    /// <param name="format">How they look.</param>
    /// <param name="time">Stamps the events.</param>
    public ServerLog(LogLevel minimumLevel, Stream output, LogFormat format, TimeProvider time)
    {
        MinimumLevel = minimumLevel;
        _time = time;
        _toOutput = Buffer.Follow(count: 0, QueueLimit);
        _writing = Task.Run(() => WriteAsync(_toOutput, output, format));
    }

    /// <summary>Logs to standard error.</summary>
    public ServerLog(LogLevel minimumLevel)
        : this(minimumLevel, Console.OpenStandardError(), LogFormats.OfStandardError(), TimeProvider.System)
    {
    }

    public LogBuffer Buffer { get; } = new();

    /// <summary>May be changed at any time.</summary>
    public LogLevel MinimumLevel { get; set; }

    /// <summary>A factory of loggers that write here only, governed by <see cref="MinimumLevel"/>.</summary>
    public ILoggerFactory CreateFactory() => new LoggerFactory([this], new LoggerFilterOptions { MinLevel = LogLevel.Trace });

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>Does not wait for lines to be written; <see cref="DisposeAsync"/> does.</summary>
    public void Dispose() => _toOutput.Dispose();

    /// <summary>Writes the lines that wait, unless nobody takes them for <see cref="LastLines"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _writing.WaitAsync(LastLines, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task WriteAsync(LogFollower follower, Stream output, LogFormat format)
    {
        var batch = new StringBuilder();
        try
        {
            while (await follower.Entries.WaitToReadAsync())
            {
                batch.Clear();
                while (batch.Length < 65_536 && follower.Entries.TryRead(out var entry))
                    batch.Append(format.Format(entry)).Append('\n');
                if (follower.TakeMissed() is var missed and > 0)
                    batch.Append("... ").Append(missed).Append(" events not shown: they came faster than this output takes them\n");
                await output.WriteAsync(Encoding.UTF8.GetBytes(batch.ToString()));
                await output.FlushAsync();
            }
        }
        catch (IOException)
        {
            // Nobody reads standard error any more. The buffer still serves `xmppctl log`.
            follower.Dispose();
        }
    }

    private sealed class Logger(ServerLog log, string category) : ILogger
    {
        public bool IsEnabled(LogLevel logLevel) => logLevel >= log.MinimumLevel && logLevel is not LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log._scopes.Push(state);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var message = new StringBuilder();
            log._scopes.ForEachScope((scope, text) => text.Append(scope).Append(": "), message);
            message.Append(formatter(state, exception));
            log.Buffer.Add(new(log._time.GetUtcNow(), logLevel, category, LogFormats.SingleLine(message.ToString(), exception)));
        }
    }
}
