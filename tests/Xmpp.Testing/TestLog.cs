using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Xmpp.Testing;

/// <summary>Collects the errors that a server logs; those that were not announced fail the test.</summary>
public sealed class TestLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _errors = new();

    /// <summary>Texts that an error may contain.</summary>
    public ConcurrentBag<string> Expected { get; } = [];

    public void ThrowIfUnexpected()
    {
        var unexpected = _errors.Where(error => !Expected.Any(text => error.Contains(text, StringComparison.Ordinal))).ToList();
        if (unexpected.Count > 0)
            throw new InvalidOperationException($"The server logged errors:\n{string.Join('\n', unexpected)}");
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // Formatted at every level, so that a message that can't be formatted shows.
        var text = formatter(state, exception);
        if (logLevel >= LogLevel.Error)
            _errors.Enqueue($"{text} {exception}");
    }

    public void Dispose()
    {
    }
}
