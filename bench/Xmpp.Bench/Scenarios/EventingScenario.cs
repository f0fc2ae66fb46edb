using System.Security.Cryptography;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <summary>
/// A storm of logins of users who are contacts, each of whom has published an avatar (XEP-0084) and a list of devices (OMEMO), and wants to
/// hear of those of the others (XEP-0163). How many notifications that makes is up to the server: some tell of contacts who are offline, too.
/// </summary>
internal sealed class EventingScenario : IDisposable
{
    private const string Ns = "http://jabber.org/protocol/pubsub";
    private const string Metadata = "urn:xmpp:avatar:metadata";
    private const string Data = "urn:xmpp:avatar:data";
    private const string Devices = "eu.siacs.conversations.axolotl.devicelist";
    private const int AvatarBytes = 6000;

    /// <summary>Nobody is told anything for that long: it is over.</summary>
    private static readonly TimeSpan _quiet = TimeSpan.FromSeconds(2);

    private readonly Target _target;
    private readonly ContactRing _ring;
    private long _notifications;
    private long _answers;

    private EventingScenario(Target target, ContactRing ring) => (_target, _ring) = (target, ring);

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, ContactRing ring)
    {
        using var scenario = new EventingScenario(target, ring);
        return scenario.Run(server);
    }

    public void Dispose()
    {
    }

    private List<Metric> Run(ServerProcess? server)
    {
        var metrics = new List<Metric>();
        var everyone = Enumerable.Range(0, _ring.Users).ToList();
        var meter = new CpuMeter(server);
        using (var sessions = new ContactSessions(_target, _ring))
        {
            sessions.LogIn(everyone, _ring.Contacts, Take);
            using var loop = new SessionLoop(sessions.All, Take, _target.Timeout);
            meter = new CpuMeter(server);
            for (var user = 0; user < _ring.Users; user++)
            {
                // One after the other: of nodes that are made at the same time ejabberd loses some ("cyclic" transactions of Mnesia).
                sessions.All[user].Send(Publications(user));
                var answered = 3 * (user + 1);
                loop.ReadUntil(() => _answers >= answered, Missing);
            }
            var published = meter.Read();
            if (published.Server is { } cpu)
                metrics.Add(new(MetricNames.ServerCpu("publication"), cpu.TotalMicroseconds / (3 * _ring.Users), "µs"));
            sessions.LogOut();
        }

        _notifications = 0;
        using var storm = new ContactSessions(_target, _ring)
        {
            Capabilities = Capabilities.Of([$"{Metadata}+notify", $"{Devices}+notify"]),
        };
        meter = new CpuMeter(server);
        storm.LogIn(everyone, _ring.Contacts, Take);
        using (var loop = new SessionLoop(storm.All, Take, _target.Timeout))
        {
            var (seen, since) = (-1L, System.Diagnostics.Stopwatch.GetTimestamp());
            loop.ReadUntil(() =>
            {
                if (Interlocked.Read(ref _notifications) is var now && now != seen)
                    (seen, since) = (now, System.Diagnostics.Stopwatch.GetTimestamp());
                return System.Diagnostics.Stopwatch.GetElapsedTime(since) > _quiet;
            }, Missing);
        }
        var use = meter.Read();
        if (use.Server is { } used)
        {
            metrics.Add(new(MetricNames.ServerCpu("login with eventing"), used.TotalMilliseconds / _ring.Users, "ms"));
            metrics.Add(new(MetricNames.ServerCpu("notification at login"), used.TotalMicroseconds / Math.Max(1, _notifications), "µs"));
        }
        metrics.Add(new("notifications for each login", (double)_notifications / _ring.Users, ""));
        metrics.AddRange(MetricNames.Load(use));
        storm.LogOut();
        return metrics;
    }

    private static string Publications(int user)
    {
        var picture = new byte[AvatarBytes];
        BitConverter.TryWriteBytes(picture, user);
#pragma warning disable CA5350 // The specification's own.
        var hash = Convert.ToHexStringLower(SHA1.HashData(picture));
#pragma warning restore CA5350
        return Publish(Data, hash, $"<data xmlns='{Data}'>{Convert.ToBase64String(picture)}</data>")
            + Publish(Metadata, hash, $"<metadata xmlns='{Metadata}'><info bytes='{AvatarBytes}' id='{hash}' type='image/png'/></metadata>")
            + Publish(Devices, "current", $"<list xmlns='eu.siacs.conversations.axolotl'><device id='{user + 1}'/></list>");

        static string Publish(string node, string id, string payload) =>
            $"<iq type='set' id='publish'><pubsub xmlns='{Ns}'><publish node='{node}'><item id='{id}'>{payload}</item></publish></pubsub></iq>";
    }

    private void Take(int user, ScannedElement element)
    {
        if (element.IsError)
            throw new BenchException($"{_target.User(user)} got {Encoding.UTF8.GetString(element.Whole)}");
        if (element.Id.SequenceEqual("publish"u8))
            Interlocked.Increment(ref _answers);
        else if (element.Name.SequenceEqual("message"u8) && element.Whole.IndexOf("pubsub#event"u8) >= 0)
            Interlocked.Increment(ref _notifications);
    }

    private string Missing() => $"nothing comes any more: {_answers} publications were answered, {_notifications} notifications have arrived";
}
