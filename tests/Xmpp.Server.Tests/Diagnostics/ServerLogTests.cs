using System.Text;
using Microsoft.Extensions.Logging;
using Xmpp.Server.Diagnostics;
using Xunit;

namespace Xmpp.Server.Tests.Diagnostics;

public sealed partial class ServerLogTests : IDisposable
{
    private readonly MemoryStream _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public async Task An_event_is_one_line_with_time_level_and_class()
    {
        await LogAsync(LogFormat.Plain, log => Accepted(log, "192.0.2.1"));

        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  ServerLogTests  Accepted 192\.0\.2\.1\n$", Output);
    }

    [Fact]
    public async Task The_journal_gets_priorities_and_no_time()
    {
        await LogAsync(LogFormat.Journal, log =>
        {
            Accepted(log, "192.0.2.1");
            Refused(log, new InvalidOperationException("odd"));
        });

        Assert.Equal("<6>ServerLogTests  Accepted 192.0.2.1\n<4>ServerLogTests  Refused: System.InvalidOperationException: odd\n", Output);
    }

    [Fact]
    public async Task Scopes_come_before_the_message()
    {
        await LogAsync(LogFormat.Journal, log =>
        {
            using var stream = log.BeginScope("stream 7");
            Accepted(log, "192.0.2.1");
        });

        Assert.Equal("<6>ServerLogTests  stream 7: Accepted 192.0.2.1\n", Output);
    }

    [Fact]
    public async Task Nothing_that_is_logged_can_begin_a_line_of_its_own()
    {
        await LogAsync(LogFormat.Journal, log => Accepted(log, "x\r\n<0>\u001b[2Jfake"));

        Assert.Equal("<6>ServerLogTests  Accepted x\\u000d | <0>\\u001b[2Jfake\n", Output);
    }

    [Fact]
    public async Task The_level_can_be_changed_at_run_time()
    {
        await using var log = NewLog(LogFormat.Journal);
        using var factory = log.CreateFactory();
        var logger = factory.CreateLogger<ServerLogTests>();

        Assert.False(logger.IsEnabled(LogLevel.Debug));
        log.MinimumLevel = LogLevel.Debug;
        Assert.True(logger.IsEnabled(LogLevel.Debug));
        log.MinimumLevel = LogLevel.None;
        Assert.False(logger.IsEnabled(LogLevel.Critical));
        Accepted(logger, "x");
        Assert.Empty(log.Buffer.Last(1));
    }

    [Fact]
    public async Task Callers_do_not_wait_for_an_output_that_is_stuck()
    {
        var stuck = new StuckStream();
        await using (var log = new ServerLog(LogLevel.Information, stuck, LogFormat.Journal, TimeProvider.System))
        {
            using var factory = log.CreateFactory();
            var logger = factory.CreateLogger<ServerLogTests>();
            Accepted(logger, "first");
            await stuck.Reached;
            for (var i = 0; i < 10_005; i++)
                Counted(logger, i);
            stuck.Release();
        }

        var lines = Encoding.UTF8.GetString(stuck.ToArray()).Split('\n');
        Assert.Equal("<6>ServerLogTests  Accepted first", lines[0]);
        Assert.Equal("<6>ServerLogTests  Counted 5", lines[1]);
        Assert.Contains("... 5 events not shown: they came faster than this output takes them", lines);
        Assert.Equal("<6>ServerLogTests  Counted 10004", lines[^2]);
    }

    [Fact]
    public void The_buffer_keeps_the_last_events()
    {
        var buffer = new LogBuffer(capacity: 3);
        foreach (var i in Enumerable.Range(1, 5))
            buffer.Add(Entry(i));

        Assert.Equal(["3", "4", "5"], buffer.Last(10).Select(entry => entry.Message));
        Assert.Equal(["5"], buffer.Last(1).Select(entry => entry.Message));
    }

    [Fact]
    public async Task A_follower_gets_the_last_events_and_then_the_new_ones_until_it_leaves()
    {
        var buffer = new LogBuffer();
        buffer.Add(Entry(1));
        buffer.Add(Entry(2));
        var follower = buffer.Follow(count: 1, queueLimit: 10);
        buffer.Add(Entry(3));
        follower.Dispose();
        buffer.Add(Entry(4));

        var cancellation = TestContext.Current.CancellationToken;
        var entries = await follower.Entries.ReadAllAsync(cancellation).ToListAsync(cancellation);
        Assert.Equal(["2", "3"], entries.Select(entry => entry.Message));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Accepted {Address}")]
    private static partial void Accepted(ILogger log, string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Counted {Number}")]
    private static partial void Counted(ILogger log, int number);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused")]
    private static partial void Refused(ILogger log, Exception reason);

    private static LogEntry Entry(int i) => new(DateTimeOffset.UnixEpoch, LogLevel.Information, "Test", $"{i}");

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private ServerLog NewLog(LogFormat format) => new(LogLevel.Information, _output, format, TimeProvider.System);

    private async Task LogAsync(LogFormat format, Action<ILogger> act)
    {
        await using var log = NewLog(format);
        using var factory = log.CreateFactory();
        act(factory.CreateLogger<ServerLogTests>());
    }

    /// <summary>Takes a first write and waits with it.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private readonly TaskCompletionSource _reached = new();
        private readonly TaskCompletionSource _released = new();

        public Task Reached => _reached.Task;

        public void Release() => _released.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _reached.TrySetResult();
            await _released.Task;
            await base.WriteAsync(buffer, cancellationToken);
        }
    }
}
