using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <summary>
/// Makes users contacts of each other, as their clients would: the one adds the other to its roster and asks for its presence, the other
/// approves, adds the one and asks back, the one approves. All are online and see each other's presence from then on.
/// </summary>
internal static class ContactsScenario
{
    /// <summary>Pairs under way at once.</summary>
    private const int Window = 32;

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, ContactRing ring)
    {
        var everyone = Enumerable.Range(0, ring.Users).ToList();
        IReadOnlyList<Metric> metrics;
        using (var sessions = new ContactSessions(target, ring))
        {
            sessions.LogIn(everyone, 0, (_, _) => { });
            metrics = new Handshakes(target, ring, sessions.All).Run(server);
            sessions.LogOut();
        }
        // What the rosters say afterwards.
        using var later = new ContactSessions(target, ring);
        later.LogIn(everyone, ring.Contacts, (_, _) => { });
        later.LogOut();
        return metrics;
    }

    private sealed class Handshakes(Target target, ContactRing ring, IReadOnlyList<ClientStream> sessions)
    {
        /// <summary>For each user, by the index of the contact: whether it has approved.</summary>
        private readonly bool[][] _approved = [.. Enumerable.Range(0, ring.Users).Select(_ => new bool[ring.Contacts])];
        private int _started;
        private int _complete;

        public List<Metric> Run(ServerProcess? server)
        {
            using var loop = new SessionLoop(sessions, Take, target.Timeout);
            var meter = new CpuMeter(server);
            for (var i = 0; i < Window; i++)
                StartNext();
            loop.ReadUntil(() => _complete == ring.Pairs, () => $"{_complete} of {ring.Pairs} pairs came to an end");
            // The last approvals make the last presences.
            foreach (var session in sessions)
                session.Sync(_ => { });
            var use = meter.Read();

            var metrics = new List<Metric>();
            if (use.Server is { } cpu)
                metrics.Add(new(MetricNames.ServerCpu("contact"), cpu.TotalMilliseconds / ring.Pairs, "ms"));
            metrics.Add(new(MetricNames.Throughput, ring.Pairs / use.Elapsed.TotalSeconds, "/s"));
            metrics.AddRange(MetricNames.Load(use));
            return metrics;
        }

        private void StartNext()
        {
            if (_started == ring.Pairs)
                return;
            var (first, second) = ring.Pair(_started++);
            Ask(first, second);
        }

        private void Ask(int user, int contact)
        {
            var jid = target.BareJid(contact);
            sessions[user].Send($"<iq type='set' id='add'><query xmlns='jabber:iq:roster'><item jid='{jid}' name='{target.User(contact)}'>"
                + $"<group>Bench</group></item></query></iq><presence to='{jid}' type='subscribe'/>");
        }

        private void Take(int user, ScannedElement element)
        {
            if (element.IsError)
                throw new BenchException($"{target.User(user)} got {Encoding.UTF8.GetString(element.Whole)}");
            if (!element.Name.SequenceEqual("presence"u8) || target.NumberOf(element.From) is var other && ring.IndexOf(user, other) < 0)
                return;
            if (element.Type.SequenceEqual("subscribe"u8))
            {
                sessions[user].Send($"<presence to='{target.BareJid(other)}' type='subscribed'/>");
                if (ring.IsFirst(other, user))
                    Ask(user, other);
            }
            else if (element.Type.SequenceEqual("subscribed"u8))
            {
                _approved[user][ring.IndexOf(user, other)] = true;
                if (!_approved[other][ring.IndexOf(other, user)])
                    return;
                _complete++;
                StartNext();
            }
        }
    }
}
