using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <summary>In-band registrations (XEP-0077), each on a stream of its own.</summary>
internal static class RegisterScenario
{
    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, int count, int concurrency)
    {
        var meter = new CpuMeter(server);
        Workers.Run(count, concurrency, number =>
        {
            using var stream = ClientStream.Connect(target);
            stream.Register(target.User(number), target.Password(number));
            stream.Close();
        });
        var use = meter.Read();

        var metrics = new List<Metric>();
        if (use.Server is { } cpu)
            metrics.Add(new(MetricNames.ServerCpu("registration"), cpu.TotalMilliseconds / count, "ms"));
        metrics.Add(new(MetricNames.Throughput, count / use.Elapsed.TotalSeconds, "/s"));
        metrics.AddRange(MetricNames.Load(use));
        return metrics;
    }
}
