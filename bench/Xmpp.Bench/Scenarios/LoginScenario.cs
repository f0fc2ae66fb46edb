using System.Diagnostics;
using System.Globalization;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Accounts">The logins go round these many accounts.</param>
/// <param name="Warmup">Logins before the measured ones; at least each account's first, which costs the client its PBKDF2.</param>
/// <param name="Fast">Whether they are by tokens (XEP-0484).</param>
internal sealed record LoginSettings(int Count, int Concurrency, int Accounts, int Warmup, bool Fast);

/// <summary>Whole logins: connect, TLS, SASL, resource binding, then the stream's orderly end.</summary>
internal static class LoginScenario
{
    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, LoginSettings settings)
    {
        var latencies = new LatencyHistogram();
        var fast = settings.Fast ? new FastLogins(target) : null;
        Workers.Run(Math.Max(settings.Warmup, settings.Accounts), settings.Concurrency, i => Login(i));

        var meter = new CpuMeter(server);
        Workers.Run(settings.Count, settings.Concurrency, i =>
        {
            var duration = Login(i);
            lock (latencies)
                latencies.Record(duration);
        });
        var use = meter.Read();

        var metrics = new List<Metric>();
        if (use.Server is { } cpu)
            metrics.Add(new(MetricNames.ServerCpu("login"), cpu.TotalMilliseconds / settings.Count, "ms"));
        metrics.Add(new(MetricNames.Throughput, settings.Count / use.Elapsed.TotalSeconds, "/s"));
        metrics.Add(new(MetricNames.LatencyMedian, latencies.Quantile(0.5).TotalMilliseconds, "ms"));
        metrics.Add(new(MetricNames.LatencyP99, latencies.Quantile(0.99).TotalMilliseconds, "ms"));
        metrics.AddRange(MetricNames.Load(use));
        metrics.Add(new(MetricNames.ClientCpu("login"), use.Client.TotalMilliseconds / settings.Count, "ms"));
        return metrics;

        TimeSpan Login(int number)
        {
            var start = Stopwatch.GetTimestamp();
            var account = number % settings.Accounts;
            using var stream = fast?.Login(account)
                ?? ClientStream.Login(target, account, $"login-{number.ToString(CultureInfo.InvariantCulture)}");
            var duration = Stopwatch.GetElapsedTime(start);
            stream.Close();
            return duration;
        }
    }
}
