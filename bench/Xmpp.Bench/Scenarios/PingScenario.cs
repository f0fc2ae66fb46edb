using System.Numerics;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

internal sealed record PingSettings(int Sessions, Pace Pace, RunLength Length);

/// <summary>Pings to the server (XEP-0199), each answered with an empty result.</summary>
internal static class PingScenario
{
    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, PingSettings settings)
    {
        using var pool = new SessionPool(target, available: false);
        pool.GrowTo(settings.Sessions);

        var ping = Encoding.ASCII.GetBytes(
            $"<iq type='get' to='{target.Domain}' id='p{Flow.NumberPlaceholder}'><ping xmlns='urn:xmpp:ping'/></iq>");
        var capacity = (int)BitOperations.RoundUpToPowerOf2((uint)settings.Pace.Window);
        var peers = new List<Peer>();
        foreach (var session in pool.Sessions)
        {
            var flow = new Flow(session.Channel, ping, capacity);
            peers.Add(new(session, outgoing: flow, incoming: flow));
        }

        using var loop = new TrafficLoop(peers, "iq", settings.Pace, target.Timeout);
        var metrics = TrafficRun.Measure([loop], settings.Length, server, "ping");
        TrafficRun.Check(peers.Select(peer => peer.Outgoing));
        return metrics;
    }
}
