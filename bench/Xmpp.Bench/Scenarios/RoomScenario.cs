using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Service">The domain of the rooms.</param>
/// <param name="Sessions">Those who share the seats of all rooms, each in many; with one room as many as it has seats.</param>
/// <param name="Joins">How often somebody enters the first room once all are full, and is measured.</param>
/// <param name="Windows">Messages under way at once, over all rooms; each is a measurement of its own.</param>
/// <param name="StanzaBytes">Size of a message as sent, start tag to end tag.</param>
internal sealed record RoomSettings(
    string Service, int Rooms, int Occupants, int Sessions, int Joins, int[] Windows, int StanzaBytes, RunLength Length);

/// <summary>Rooms (XEP-0045): all are filled, then somebody comes and goes, then everybody in turn says something.</summary>
internal static class RoomScenario
{
    /// <summary>Those who come and go: so many at most are in a room beside its occupants.</summary>
    private const int Guests = 20;

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, RoomSettings settings)
    {
        var guests = Math.Min(Guests, settings.Joins);
        using var pool = new SessionPool(target, available: true);
        pool.GrowTo(settings.Sessions + guests);
        var empty = server?.Memory();

        using var rooms = new RoomSessions(target, pool.Sessions, settings);
        var metrics = new List<Metric>();
        var meter = new CpuMeter(server);
        rooms.Fill();
        var use = meter.Read();
        var seats = (long)settings.Rooms * settings.Occupants;
        if (use.Server is { } cpu)
            metrics.Add(new(MetricNames.ServerCpu("seat taken"), cpu.TotalMilliseconds / seats, "ms"));
        if (server is not null)
            metrics.Add(new(MetricNames.RssPerRoom, (server.Memory().Rss - empty!.Value.Rss) / 1e3 / settings.Rooms, "KB"));

        if (settings.Joins > 0)
        {
            var joining = Join(rooms, server, settings, guests);
            if (server is not null)
                metrics.Add(new(MetricNames.ServerCpu("join"), joining.TotalMilliseconds / settings.Joins, "ms"));
        }
        foreach (var window in settings.Windows)
        {
            rooms.Talk(window, settings.Length.Warmup, long.MaxValue);
            meter = new(server);
            var limit = settings.Length.Count == 0 ? long.MaxValue : settings.Length.Count;
            var deliveries = rooms.Talk(window, settings.Length.Duration, limit);
            use = meter.Read();
            var unit = $"delivery, window {window}";
            if (use.Server is { } used)
                metrics.Add(new(MetricNames.ServerCpu(unit), used.TotalMicroseconds / deliveries, "µs"));
            metrics.Add(new($"{MetricNames.Throughput}, window {window}", deliveries / use.Elapsed.TotalSeconds, "/s"));
            metrics.AddRange(MetricNames.Load(use));
        }
        if (server is not null)
            metrics.Add(new(MetricNames.Rss, server.Memory().Rss / 1e6, "MB"));
        return metrics;
    }

    /// <returns>What the server used while somebody entered; that they leave again is not in it.</returns>
    private static TimeSpan Join(RoomSessions rooms, ServerProcess? server, RoomSettings settings, int guests)
    {
        var used = TimeSpan.Zero;
        for (var joined = 0; joined < settings.Joins;)
        {
            var count = Math.Min(guests, settings.Joins - joined);
            var meter = new CpuMeter(server);
            for (var guest = 0; guest < count; guest++)
                rooms.Enter(guest);
            used += meter.Read().Server ?? TimeSpan.Zero;
            for (var guest = 0; guest < count; guest++)
                rooms.Leave(guest);
            joined += count;
        }
        return used;
    }
}
