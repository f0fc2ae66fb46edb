using System.Globalization;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Counts">Ascending numbers of sessions at which memory is read; the slope lies between the first and the last.</param>
/// <param name="Settle">How long the server is left alone before memory is read.</param>
/// <param name="Available">Whether the sessions send initial presence.</param>
/// <param name="Hibernating">Whether they have lost their connections, and wait for their clients (XEP-0198).</param>
internal sealed record IdleSettings(IReadOnlyList<int> Counts, TimeSpan Settle, bool Available, bool Hibernating);

/// <summary>Bound sessions that say nothing: what one more of them costs in memory.</summary>
internal static class IdleScenario
{
    public static IReadOnlyList<Metric> Run(Target target, ServerProcess server, IdleSettings settings)
    {
        using var pool = new SessionPool(target, settings.Available, settings.Hibernating);
        var samples = new List<(int Count, ProcessMemory Memory)>();
        foreach (var count in settings.Counts)
        {
            pool.GrowTo(count);
            Thread.Sleep(settings.Settle);
            samples.Add((count, server.Memory()));
        }
        // What a server spends on sessions that say nothing: timers, keep-alive.
        var meter = new CpuMeter(server);
        Thread.Sleep(settings.Settle);
        var use = meter.Read();

        var (first, last) = (samples[0], samples[^1]);
        var added = (double)(last.Count - first.Count);
        var metrics = new List<Metric>
        {
            new(MetricNames.RssPerSession, (last.Memory.Rss - first.Memory.Rss) / added / 1024, "KB"),
            new(MetricNames.PssPerSession, (last.Memory.Pss - first.Memory.Pss) / added / 1024, "KB"),
        };
        metrics.AddRange(samples.Select(sample =>
            new Metric($"RSS at {sample.Count.ToString(CultureInfo.InvariantCulture)} sessions", sample.Memory.Rss / 1e6, "MB")));
        metrics.Add(new(MetricNames.Rss, last.Memory.Rss / 1e6, "MB"));
        metrics.Add(new("server CPU while idle", use.Server!.Value / use.Elapsed * 100, "%"));
        return metrics;
    }
}
