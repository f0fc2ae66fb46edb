using System.Buffers.Text;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Rounds">How often everybody's presence changes while that is measured.</param>
internal sealed record PresenceSettings(ContactRing Ring, int Rounds);

/// <summary>
/// A storm of logins of users who have each other as contacts: with roster, initial presence and the contacts' presences. The last to
/// come find all of their contacts online. Then everybody's presence changes, round by round.
/// </summary>
internal sealed class PresenceScenario : IDisposable
{
    /// <summary>Changes of presence whose deliveries are awaited at once.</summary>
    private const int Window = 16;

    private readonly Target _target;
    private readonly ContactRing _ring;
    private readonly ContactSessions _sessions;

    /// <summary>For each user, by the index of the contact: the number of the last presence of the contact that arrived.</summary>
    private readonly int[][] _seen;
    private long _delivered;

    private PresenceScenario(Target target, ContactRing ring)
    {
        _target = target;
        _ring = ring;
        _sessions = new(target, ring);
        _seen = [.. Enumerable.Range(0, ring.Users).Select(_ => new int[ring.Contacts])];
    }

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, PresenceSettings settings)
    {
        using var scenario = new PresenceScenario(target, settings.Ring);
        return scenario.Run(server, settings.Rounds);
    }

    public void Dispose() => _sessions.Dispose();

    private List<Metric> Run(ServerProcess? server, int rounds)
    {
        var last = _ring.Strangers().ToList();
        var first = Enumerable.Range(0, _ring.Users).Except(last).ToList();
        var metrics = new List<Metric>();

        var meter = new CpuMeter(server);
        _sessions.LogIn(first, _ring.Contacts, Take);
        Report("login in a storm", "ms", first.Count, meter);

        meter = new CpuMeter(server);
        _sessions.LogIn(last, _ring.Contacts, Take);
        var sessions = _sessions.All;
        using var loop = new SessionLoop(sessions, Take, _target.Timeout);
        // Each of two contacts was told of the other, whoever came first.
        loop.ReadUntil(() => _seen.All(contacts => contacts.All(number => number > 0)), Missing);
        Report("login with contacts online", "ms", last.Count, meter);

        Change(sessions, loop, 2, 1);
        meter = new CpuMeter(server);
        _delivered = 0;
        Change(sessions, loop, 3, rounds);
        metrics.AddRange(Report("presence", "µs", _delivered, meter));
        _sessions.LogOut();
        return metrics;

        IEnumerable<Metric> Report(string unit, string timeUnit, long count, CpuMeter of)
        {
            var use = of.Read();
            if (use.Server is { } cpu)
                metrics.Add(new(MetricNames.ServerCpu(unit), (timeUnit == "ms" ? cpu.TotalMilliseconds : cpu.TotalMicroseconds) / count, timeUnit));
            return [new(MetricNames.Throughput, count / use.Elapsed.TotalSeconds, "/s"), .. MetricNames.Load(use)];
        }
    }

    /// <summary>Changes everybody's presence, and waits until everybody's contacts have seen it.</summary>
    private void Change(IReadOnlyList<ClientStream> sessions, SessionLoop loop, int number, int rounds)
    {
        var expected = _delivered;
        for (var round = number; round < number + rounds; round++)
        {
            for (var user = 0; user < _ring.Users; user++)
            {
                sessions[user].Send($"<presence><show>away</show><status>{round}</status></presence>");
                expected += _ring.Contacts;
                var limit = expected - Window * _ring.Contacts;
                if (_delivered < limit)
                    loop.ReadUntil(() => _delivered >= limit, Missing);
            }
        }
        loop.ReadUntil(() => _delivered >= expected, Missing);
    }

    private void Take(int user, ScannedElement element)
    {
        if (element.IsError)
            throw new BenchException($"{_target.User(user)} got {Encoding.UTF8.GetString(element.Whole)}");
        if (!element.Name.SequenceEqual("presence"u8) || _ring.IndexOf(user, _target.NumberOf(element.From)) is var contact && contact < 0)
            return;
        ref var seen = ref _seen[user][contact];
        // RFC 6121 §4.3.2: a server may say that a contact is not there.
        if (seen == 0 && element.Type.SequenceEqual("unavailable"u8))
            return;
        if (!element.Type.IsEmpty)
            throw new BenchException($"{_target.User(user)} is not to get {Encoding.UTF8.GetString(element.Whole)}");
        var number = Number(element.Whole);
        // Two that log in at once may see each other's initial presence twice.
        if (number != seen + 1 && number > 1)
            throw new BenchException($"{_target.User(user)} got presence {number} of a contact after {seen}");
        seen = number;
        Interlocked.Increment(ref _delivered);
    }

    /// <summary>Initial presence is number 1.</summary>
    private static int Number(ReadOnlySpan<byte> presence)
    {
        var start = presence.IndexOf("<status>"u8);
        return start >= 0 && Utf8Parser.TryParse(presence[(start + "<status>".Length)..], out int number, out _) ? number : 1;
    }

    private string Missing() =>
        $"{_seen.Sum(contacts => contacts.Count(number => number == 0))} users were not told of a contact, {_delivered} presences arrived";
}
