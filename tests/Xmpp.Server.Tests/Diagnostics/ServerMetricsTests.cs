using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xmpp.Modules.Archive;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Tests.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Diagnostics;

/// <summary>What the server measures of itself.</summary>
public sealed class ServerMetricsTests
{
    [Fact]
    public async Task Queues_are_those_of_clients_who_have_not_acknowledged()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { Archive = options.Modules.Archive with { Default = ArchiveDefault.Never } },
        });
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet");
        await juliet.EnableAsync(isResumable: true);
        await juliet.LoseAsync();
        await romeo.TellAsync(juliet, 1, 3);
        await romeo.ExpectNothingFromAsync(romeo);

        var queues = ServerMetrics.Queues(server.Server.Context);
        Assert.Equal((1, 3L), (queues.Away, queues.Stanzas));
        Assert.True(queues.Bytes > 300);
        var measured = Measure(server.Server.Context.Metrics);
        Assert.Equal((2, 1, 3), (measured["xmppchat.sessions"], measured["xmppchat.sessions.away"], measured["xmppchat.queue.stanzas"]));
        Assert.Equal(queues.Bytes, measured["xmppchat.queue.bytes"]);
        Assert.Equal(0, measured["xmppchat.store.queue"]);
    }

    [Fact]
    public async Task Commits_are_counted_with_what_they_took()
    {
        await using var server = await TestServer.StartAsync();
        var metrics = server.Server.Context.Metrics;
        Assert.Equal(default, metrics.Commits);

        var measured = Measure(metrics, () =>
        {
            metrics.NoteCommit(Stopwatch.GetTimestamp() - Stopwatch.Frequency, hasFailed: false);
            metrics.NoteCommit(Stopwatch.GetTimestamp() - 3 * Stopwatch.Frequency, hasFailed: true);
        });

        var commits = metrics.Commits;
        Assert.Equal((2, 1), (commits.Count, commits.Failed));
        Assert.InRange(commits.MeanMilliseconds, 2_000, 12_000);
        Assert.InRange(commits.LongestMilliseconds, 3_000, 13_000);
        Assert.Equal(1, measured["xmppchat.commit.failures"]);
        Assert.InRange(measured["xmppchat.commit.duration"], 4, 24);
    }

    /// <summary>The sums of what a listener hears of each instrument.</summary>
    private static Dictionary<string, double> Measure(ServerMetrics metrics, Action? work = null)
    {
        var sums = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter == metrics.Meter)
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Add(instrument, value));
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
        listener.Start();
        work?.Invoke();
        listener.RecordObservableInstruments();
        return sums;

        void Add(Instrument instrument, double value) => sums[instrument.Name] = sums.GetValueOrDefault(instrument.Name) + value;
    }
}
