using Xmpp.Bench.Measuring;

namespace Xmpp.Bench.Reporting;

/// <summary>One figure of a run.</summary>
internal sealed record Metric(string Name, double Value, string Unit);

/// <summary>The figures that several scenarios give, by the names under which the report finds them.</summary>
internal static class MetricNames
{
    public const string Throughput = "throughput";
    public const string LatencyMedian = "latency p50";
    public const string LatencyP99 = "latency p99";
    public const string Rss = "server RSS";
    public const string RssPerSession = "RSS per session";
    public const string RssPerRoom = "RSS per room";
    public const string PssPerSession = "PSS per session";
    public const string ClientLoad = "client load";

    public static string ServerCpu(string unit) => $"server CPU per {unit}";

    public static string PeerCpu(string unit) => $"peer CPU per {unit}";

    public static string ClientCpu(string unit) => $"client CPU per {unit}";

    /// <summary>CPU per wall-clock time, 100 % being one processor.</summary>
    public static IEnumerable<Metric> Load(CpuUse use)
    {
        if (use.Server is { } server)
            yield return new("server load", server / use.Elapsed * 100, "%");
        yield return new(ClientLoad, use.Client / use.Elapsed * 100, "%");
    }
}
