using System.Diagnostics;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Service">The domain of the nodes.</param>
/// <param name="Subscribers">Of the one node; all are there.</param>
/// <param name="Window">Items under way at once.</param>
/// <param name="PayloadBytes">Of an item.</param>
internal sealed record PublishSettings(string Service, int Subscribers, int Window, int PayloadBytes, RunLength Length);

/// <summary>Somebody publishes to a node of a service (XEP-0060), and everybody who is subscribed is told: once, of each item.</summary>
internal sealed class PublishScenario : IDisposable
{
    private const string Ns = "http://jabber.org/protocol/pubsub";
    private const string Node = "bench";

    private readonly PublishSettings _settings;
    private readonly IReadOnlyList<ClientStream> _sessions;
    private readonly SessionLoop _loop;
    private readonly byte[] _service;
    private long _answers;
    private long _failures;
    private long _deliveries;
    private long _published;

    private PublishScenario(Target target, IReadOnlyList<ClientStream> sessions, PublishSettings settings)
    {
        (_settings, _sessions) = (settings, sessions);
        _service = Encoding.ASCII.GetBytes(settings.Service);
        _loop = new(sessions, Take, target.Timeout);
    }

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, PublishSettings settings)
    {
        using var pool = new SessionPool(target, available: true);
        pool.GrowTo(settings.Subscribers + 1);
        using var scenario = new PublishScenario(target, pool.Sessions, settings);
        return scenario.Run(target, server);
    }

    public void Dispose() => _loop.Dispose();

    private List<Metric> Run(Target target, ServerProcess? server)
    {
        // The one of an earlier run, if there was any.
        Ask(0, $"<pubsub xmlns='{Ns}#owner'><delete node='{Node}'/></pubsub>");
        Await(1, mayFail: true);
        Ask(0, $"<pubsub xmlns='{Ns}'><create node='{Node}'/><configure><x xmlns='jabber:x:data' type='submit'>"
            + $"<field var='FORM_TYPE' type='hidden'><value>{Ns}#node_config</value></field>"
            + "<field var='pubsub#access_model'><value>open</value></field><field var='pubsub#max_items'><value>10</value></field>"
            + "</x></configure></pubsub>");
        Await(1, mayFail: false);
        for (var subscriber = 1; subscriber <= _settings.Subscribers; subscriber++)
            Ask(subscriber, $"<pubsub xmlns='{Ns}'><subscribe node='{Node}' jid='{target.BareJid(subscriber)}'/></pubsub>");
        Await(_settings.Subscribers, mayFail: false);

        Publish(_settings.Length.Warmup, long.MaxValue);
        var meter = new CpuMeter(server);
        var deliveries = Publish(_settings.Length.Duration, _settings.Length.Count == 0 ? long.MaxValue : _settings.Length.Count);
        var use = meter.Read();
        var metrics = new List<Metric>();
        if (use.Server is { } used)
            metrics.Add(new(MetricNames.ServerCpu("notification"), used.TotalMicroseconds / deliveries, "µs"));
        metrics.Add(new(MetricNames.Throughput, deliveries / use.Elapsed.TotalSeconds, "/s"));
        metrics.AddRange(MetricNames.Load(use));
        return metrics;
    }

    /// <returns>How many notifications came.</returns>
    private long Publish(TimeSpan duration, long limit)
    {
        var (start, before) = (Stopwatch.GetTimestamp(), _deliveries);
        var payload = new string('x', _settings.PayloadBytes);
        while (Stopwatch.GetElapsedTime(start) < duration && _deliveries - before < limit)
        {
            Ask(0, $"<pubsub xmlns='{Ns}'><publish node='{Node}'><item id='{++_published}'><bench xmlns='urn:bench'>{payload}</bench></item>"
                + "</publish></pubsub>");
            var expected = (_published - _settings.Window) * _settings.Subscribers;
            if (_deliveries < expected)
                _loop.ReadUntil(() => _deliveries >= expected, Missing);
        }
        if (_deliveries < _published * _settings.Subscribers)
            _loop.ReadUntil(() => _deliveries >= _published * _settings.Subscribers, Missing);
        return _deliveries - before;
    }

    private void Ask(int session, string payload) =>
        _sessions[session].Send($"<iq type='set' id='bench' to='{_settings.Service}'>{payload}</iq>");

    private void Await(int count, bool mayFail)
    {
        _loop.ReadUntil(() => _answers + _failures >= count, Missing);
        if (_failures > 0 && !mayFail)
            throw new BenchException($"{_failures} of {count} requests were refused");
        (_answers, _failures) = (0, 0);
    }

    private void Take(int session, ScannedElement element)
    {
        if (element.Id.SequenceEqual("bench"u8))
        {
            if (element.IsError)
                _failures++;
            else
                _answers++;
        }
        else if (element.IsError)
        {
            throw new BenchException($"{_sessions[session].Jid} got {Encoding.UTF8.GetString(element.Whole)}");
        }
        else if (element.From.SequenceEqual(_service) && element.Whole.IndexOf("urn:bench"u8) >= 0)
        {
            _deliveries++;
        }
    }

    private string Missing() => $"nothing comes any more: {_published} items were published, {_deliveries} notifications have arrived";
}
