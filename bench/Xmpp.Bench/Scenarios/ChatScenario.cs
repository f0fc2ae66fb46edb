using System.Numerics;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Pairs">Conversations between two accounts each.</param>
/// <param name="StanzaBytes">Size of a message as sent, start tag to end tag.</param>
/// <param name="IdleSessions">Further sessions that only exist.</param>
/// <param name="Threads">Traffic loops; the pairs are divided among them.</param>
/// <param name="IsAcknowledged">With stream management (XEP-0198): all that was sent has to be acknowledged in the end.</param>
internal sealed record ChatSettings(
    int Pairs, Pace Pace, int StanzaBytes, int IdleSessions, int Threads, bool IsAcknowledged, RunLength Length);

/// <summary>A server elsewhere, at which one account of each pair is.</summary>
/// <param name="Server">Null when no process was named.</param>
internal sealed record ChatPeer(Target Target, ServerProcess? Server);

/// <summary>One-to-one messages between bound, available sessions, addressed to full JIDs.</summary>
internal static class ChatScenario
{
    /// <param name="elsewhere">Null when both accounts of each pair are at the same server.</param>
    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, ChatPeer? elsewhere, ChatSettings settings)
    {
        using var pool = new SessionPool(target, available: true);
        using var others = new SessionPool(elsewhere?.Target ?? target, available: true);
        pool.GrowTo(settings.Pairs * (elsewhere is null ? 2 : 1) + settings.IdleSessions);
        if (elsewhere is not null)
            others.GrowTo(settings.Pairs);

        var capacity = settings.Pace.Rate > 0
            ? TrafficRun.FlowCapacity
            : (int)BitOperations.RoundUpToPowerOf2((uint)settings.Pace.Window);
        var peers = new List<Peer>();
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            var (a, b) = elsewhere is null
                ? (pool.Sessions[2 * pair], pool.Sessions[2 * pair + 1])
                : (pool.Sessions[pair], others.Sessions[pair]);
            var there = new Flow(a.Channel, Message(b.Jid, settings.StanzaBytes), capacity);
            var back = new Flow(b.Channel, Message(a.Jid, settings.StanzaBytes), capacity);
            peers.Add(new(a, outgoing: there, incoming: back, settings.IsAcknowledged ? Acknowledgements.Enable(a) : null));
            peers.Add(new(b, outgoing: back, incoming: there, settings.IsAcknowledged ? Acknowledgements.Enable(b) : null));
        }

        var pace = settings.Pace with { Rate = settings.Pace.Rate / settings.Threads };
        // Both ends of a pair belong to the same loop.
        var loops = peers.Chunk(2).Select((pair, index) => (pair, thread: index % settings.Threads))
            .GroupBy(entry => entry.thread, entry => entry.pair)
            .Select(pairs => new TrafficLoop([.. pairs.SelectMany(pair => pair)], "message", pace, target.Timeout))
            .ToList();
        try
        {
            var metrics = TrafficRun.Measure(loops, settings.Length, server, "message", elsewhere?.Server);
            TrafficRun.Check(peers.Select(peer => peer.Outgoing));
            if (peers.Any(peer => !peer.IsDone))
                throw new BenchException("the server did not acknowledge all that was sent");
            foreach (var peer in peers)
                peer.Acknowledgements?.Close();
            return metrics;
        }
        finally
        {
            loops.ForEach(loop => loop.Dispose());
        }
    }

    private static byte[] Message(string to, int size)
    {
        var start = $"<message to='{to}' id='m{Flow.NumberPlaceholder}' type='chat'><body>";
        const string End = "</body></message>";
        return Encoding.ASCII.GetBytes(start + new string('x', Math.Max(1, size - start.Length - End.Length)) + End);
    }
}
