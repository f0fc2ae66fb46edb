using System.Diagnostics;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <summary>How long traffic runs.</summary>
/// <param name="Count">Ends the measurement early, after this many stanzas; 0 for the whole duration.</param>
internal readonly record struct RunLength(TimeSpan Warmup, TimeSpan Duration, long Count);

/// <summary>Runs traffic loops: warm-up, measurement, drain, check, result.</summary>
internal static class TrafficRun
{
    /// <summary>As much as may be under way in one flow when a rate is set.</summary>
    public const int FlowCapacity = 4096;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    /// <param name="unit">What one stanza is called in the metrics: "message", "ping".</param>
    /// <param name="peer">The other server that the traffic passes; null when there is none.</param>
    public static IReadOnlyList<Metric> Measure(
        IReadOnlyList<TrafficLoop> loops, RunLength length, ServerProcess? server, string unit, ServerProcess? peer = null)
    {
        foreach (var loop in loops)
            loop.Start();
        WaitUnlessFailed(loops, length.Warmup, long.MaxValue);

        foreach (var loop in loops)
            loop.StartMeasuring();
        var before = Received(loops);
        var (meter, peerMeter) = (new CpuMeter(server), new CpuMeter(peer));
        WaitUnlessFailed(loops, length.Duration, length.Count == 0 ? long.MaxValue : before + length.Count);
        var (use, peerUse) = (meter.Read(), peerMeter.Read());
        var stanzas = Received(loops) - before;
        var memory = server?.Memory();

        var latencies = new LatencyHistogram();
        foreach (var loop in loops)
        {
            loop.StopMeasuring();
            loop.Stop();
            ThrowIfFailed(loop);
            latencies.Add(loop.Latencies);
        }
        return Describe(stanzas, use, peerUse.Server, memory, latencies, unit);
    }

    /// <summary>Throws unless everything that was sent arrived, once and in order.</summary>
    public static void Check(IEnumerable<Flow> flows)
    {
        long sent = 0, received = 0, outOfTurn = 0;
        foreach (var flow in flows)
        {
            sent += flow.Sent;
            received += flow.Received;
            outOfTurn += flow.OutOfTurn;
        }
        if (received != sent || outOfTurn != 0)
            throw new BenchException($"of {sent} stanzas sent {received} arrived, {outOfTurn} of them out of turn");
    }

    private static List<Metric> Describe(
        long stanzas, CpuUse use, TimeSpan? peer, ProcessMemory? memory, LatencyHistogram latencies, string unit)
    {
        if (stanzas == 0)
            throw new BenchException($"not one {unit} arrived");
        var metrics = new List<Metric>();
        if (use.Server is { } cpu)
            metrics.Add(new(MetricNames.ServerCpu(unit), cpu.TotalMicroseconds / stanzas, "µs"));
        if (peer is { } peerCpu)
            metrics.Add(new(MetricNames.PeerCpu(unit), peerCpu.TotalMicroseconds / stanzas, "µs"));
        metrics.Add(new(MetricNames.Throughput, stanzas / use.Elapsed.TotalSeconds, "/s"));
        metrics.Add(new(MetricNames.LatencyMedian, latencies.Quantile(0.5).TotalMilliseconds, "ms"));
        metrics.Add(new(MetricNames.LatencyP99, latencies.Quantile(0.99).TotalMilliseconds, "ms"));
        metrics.AddRange(MetricNames.Load(use));
        metrics.Add(new(MetricNames.ClientCpu(unit), use.Client.TotalMicroseconds / stanzas, "µs"));
        if (memory is { } m)
            metrics.Add(new(MetricNames.Rss, m.Rss / 1e6, "MB"));
        return metrics;
    }

    private static void WaitUnlessFailed(IReadOnlyList<TrafficLoop> loops, TimeSpan duration, long untilReceived)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) is var elapsed && elapsed < duration && Received(loops) < untilReceived)
        {
            foreach (var loop in loops)
                ThrowIfFailed(loop);
            var rest = duration - elapsed;
            Thread.Sleep(rest < PollInterval ? rest : PollInterval);
        }
    }

    private static long Received(IReadOnlyList<TrafficLoop> loops) => loops.Sum(loop => loop.Received);

    private static void ThrowIfFailed(TrafficLoop loop)
    {
        if (loop.Failure is { } failure)
            throw failure is BenchException ? new BenchException(failure.Message) : failure;
    }
}
