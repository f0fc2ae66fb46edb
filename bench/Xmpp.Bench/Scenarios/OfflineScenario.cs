using System.Buffers.Text;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Receivers">Accounts that are offline, the first ones.</param>
/// <param name="Messages">Messages for each of them.</param>
/// <param name="Senders">Sessions that send them, of the accounts behind the receivers.</param>
internal sealed record OfflineSettings(int Receivers, int Messages, int Senders);

/// <summary>Messages to accounts that are offline, and their delivery when these log in.</summary>
internal static class OfflineScenario
{
    private const int Concurrency = 4;

    /// <summary>Messages that a sender has under way: servers refuse what is sent faster than they store.</summary>
    private const int Batch = 10;

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, OfflineSettings settings)
    {
        var stored = settings.Receivers * settings.Messages;
        var body = new string('x', 80);
        var metrics = new List<Metric>();

        // Whatever waits there from before; then a few, to warm up.
        Workers.Run(settings.Receivers, Concurrency, receiver => Receive(receiver));
        var few = Math.Min(settings.Senders, settings.Receivers);
        SendTo(few);
        Workers.Run(few, Concurrency, receiver => Check(receiver, Receive(receiver), settings.Messages));

        var sent = new CpuMeter(server);
        SendTo(settings.Receivers);
        Report("stored message", sent);

        var delivered = new CpuMeter(server);
        Workers.Run(settings.Receivers, Concurrency, receiver => Check(receiver, Receive(receiver), settings.Messages));
        metrics.AddRange(Report("delivered message", delivered));

        // Once is enough.
        Workers.Run(settings.Receivers, Concurrency, receiver => Check(receiver, Receive(receiver), 0));
        return metrics;

        void SendTo(int receivers) => Workers.Run(settings.Senders, settings.Senders, sender =>
        {
            using var stream = ClientStream.Login(target, settings.Receivers + sender, "bench");
            stream.BecomeAvailable();
            for (var receiver = sender; receiver < receivers; receiver += settings.Senders)
            {
                for (var number = 0; number < settings.Messages; number++)
                {
                    stream.Send($"<message to='{target.BareJid(receiver)}' type='chat' id='m{number}'><body>{body}</body></message>");
                    if ((number + 1) % Batch == 0)
                        stream.Sync(Refuse);
                }
            }
            stream.Sync(Refuse);
            stream.Close();
        });

        // Logs in and takes what comes, in the order in which it comes.
        List<int> Receive(int receiver)
        {
            var numbers = new List<int>();
            using var stream = ClientStream.Login(target, receiver, "bench");
            stream.Send("<presence/>");
            stream.Sync(element =>
            {
                if (element.Name.SequenceEqual("message"u8))
                    numbers.Add(Utf8Parser.TryParse(element.Id[1..], out int number, out _) ? number : -1);
            });
            // A server may want to know that it arrived before it forgets it.
            stream.Sync(_ => { });
            stream.Close();
            return numbers;
        }

        void Check(int receiver, List<int> numbers, int expected)
        {
            if (!numbers.SequenceEqual(Enumerable.Range(0, expected)))
                throw new BenchException($"{target.User(receiver)} got {numbers.Count} of {expected} messages, or not in order");
        }

        IEnumerable<Metric> Report(string unit, CpuMeter meter)
        {
            var use = meter.Read();
            if (use.Server is { } cpu)
                metrics.Add(new(MetricNames.ServerCpu(unit), cpu.TotalMicroseconds / stored, "µs"));
            return [new(MetricNames.Throughput, stored / use.Elapsed.TotalSeconds, "/s"), .. MetricNames.Load(use)];
        }
    }

    private static void Refuse(ScannedElement element)
    {
        if (element.IsError)
            throw new BenchException($"the server refused a message: {Encoding.UTF8.GetString(element.Whole)}");
    }
}
