using System.Globalization;
using System.Text;

namespace Xmpp.Bench.Reporting;

/// <summary>A row of the comparison.</summary>
/// <param name="Case">The runs it is made from.</param>
/// <param name="Metric">Which of their figures.</param>
/// <param name="Budget">What this server may need, in the metric's unit; null where the project sets none.</param>
internal sealed record ComparedFigure(string Title, string Case, string Metric, double? Budget);

/// <summary>Several servers' results side by side: the minimum over the runs, and how many times more than this server a peer needs.</summary>
internal sealed class Comparison(IReadOnlyList<Result> results)
{
    private const string Baseline = "XmppChat";

    private static readonly ComparedFigure[] Figures =
    [
        new("Routed message, plain, window 1", "chat-w1", MetricNames.ServerCpu("message"), 12),
        new("… with stream management (XEP-0198)", "chat-sm-w1", MetricNames.ServerCpu("message"), 16),
        new("Routed message, plain, window 16", "chat-w16", MetricNames.ServerCpu("message"), 2),
        new("Routed message, TLS, window 1", "chat-tls-w1", MetricNames.ServerCpu("message"), 16),
        new("… plain, window 1, 25 pairs", "chat-w1-25pairs", MetricNames.ServerCpu("message"), null),
        new("… plain, window 1, beside 2,000 idle sessions", "chat-w1-idle2000", MetricNames.ServerCpu("message"), null),
        new("iq ping", "ping", MetricNames.ServerCpu("ping"), 9),
        new("Login, SCRAM-SHA-1, plain", "login", MetricNames.ServerCpu("login"), 0.2),
        new("Login, SCRAM-SHA-1, Direct TLS, P-256", "login-tls", MetricNames.ServerCpu("login"), 0.8),
        new("Registration", "register", MetricNames.ServerCpu("registration"), 1),
        new("Added contact, both subscriptions", "contacts", MetricNames.ServerCpu("contact"), 0.6),
        new("Login with 50 contacts, all online", "presence", MetricNames.ServerCpu("login with contacts online"), 0.7),
        new("… in a storm: half of them online", "presence", MetricNames.ServerCpu("login in a storm"), null),
        new("Delivered presence", "presence", MetricNames.ServerCpu("presence"), 7),
        new("Stored offline message", "offline", MetricNames.ServerCpu("stored message"), null),
        new("Delivered offline message, 50 a login", "offline", MetricNames.ServerCpu("delivered message"), null),
        new("Delivered message in a room of 200, one in flight", "room-200", MetricNames.ServerCpu("delivery, window 1"), 6),
        new("… eight in flight", "room-200", MetricNames.ServerCpu("delivery, window 8"), 2),
        new("… in a room of 2,000, one in flight", "room-2000", MetricNames.ServerCpu("delivery, window 1"), 6),
        new("… eight in flight", "room-2000", MetricNames.ServerCpu("delivery, window 8"), 2),
        new("… in 10,000 rooms of 5, eight in flight", "rooms-10000", MetricNames.ServerCpu("delivery, window 8"), null),
        new("Joining a room of 200", "room-200", MetricNames.ServerCpu("join"), 1.2),
        new("… of 2,000", "room-2000", MetricNames.ServerCpu("join"), null),
        new("Making and filling a room of 5, for each occupant", "rooms-10000", MetricNames.ServerCpu("seat taken"), null),
        new("Memory per room of 5", "rooms-10000", MetricNames.RssPerRoom, null),
        new("Notification to one of 1,000 subscribers", "publish-1000", MetricNames.ServerCpu("notification"), null),
        new("Login with 50 contacts, avatars and OMEMO lists", "eventing", MetricNames.ServerCpu("login with eventing"), null),
        new("Published avatar or OMEMO list", "eventing", MetricNames.ServerCpu("publication"), null),
        new("Uploaded MB, files of 1 MB, 8 at a time", "upload", MetricNames.ServerCpu("uploaded MB"), null),
        new("Downloaded MB", "upload", MetricNames.ServerCpu("downloaded MB"), null),
        new("Slot for an upload", "upload", MetricNames.ServerCpu("slot"), null),
        new("Uploaded MB, files of 100 KB, 1,000 at a time", "upload-1000", MetricNames.ServerCpu("uploaded MB"), null),
        new("Routed message over WebSocket, window 1", "chat-websocket-w1", MetricNames.ServerCpu("message"), null),
        new("… 2,000 sessions that chat", "chat-websocket-2000", MetricNames.ServerCpu("message"), null),
        new("Memory per idle bound session over WebSocket", "idle-websocket", MetricNames.RssPerSession, 20),
        new("Memory per idle bound session, plain", "idle", MetricNames.RssPerSession, 6),
        new("Memory per idle bound session, TLS", "idle-tls", MetricNames.RssPerSession, 22),
        new("Whole process with 2,000 sessions, plain", "idle", MetricNames.Rss, 75),
        new("Latency p50 at 1,000 messages/s, plain", "chat-rate1000", MetricNames.LatencyMedian, null),
        new("Latency p99 at 1,000 messages/s, plain", "chat-rate1000", MetricNames.LatencyP99, 2),
    ];

    private readonly List<string> _servers =
        [.. results.Select(result => result.Server).OfType<string>().Distinct().OrderBy(server => !server.StartsWith(Baseline, StringComparison.Ordinal))];

    /// <summary>A Markdown table whose columns line up in plain text too.</summary>
    public string ToMarkdown()
    {
        var rows = new List<string[]> { (string[])["", "unit", .. _servers, "budget"] };
        foreach (var figure in Figures)
        {
            if (Row(figure) is { } row)
                rows.Add(row);
        }
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        AppendRow(text, rows[0], widths);
        AppendRow(text, [.. widths.Select((width, column) => column < 2 ? new('-', width) : new string('-', width - 1) + ":")], widths);
        foreach (var row in rows.Skip(1))
            AppendRow(text, row, widths);
        text.AppendLine().AppendLine(Load());
        return text.ToString();
    }

    private string[]? Row(ComparedFigure figure)
    {
        var values = _servers.Select(server => Minimum(server, figure)).ToList();
        if (values.All(value => value is null))
            return null;
        var own = _servers.Zip(values).FirstOrDefault(pair => pair.First.StartsWith(Baseline, StringComparison.Ordinal)).Second;
        var cells = _servers.Zip(values).Select(pair => pair switch
        {
            (_, null) => "–",
            var (server, value) when server.StartsWith(Baseline, StringComparison.Ordinal) || own is null => Format(value.Value),
            var (_, value) => $"{Format(value.Value)} ({Format(value.Value / own.Value)}×)",
        });
        var unit = Matching(figure).First().Unit;
        return [figure.Title, unit, .. cells, figure.Budget is { } budget ? $"≤ {Format(budget)}" : ""];
    }

    private IEnumerable<Metric> Matching(ComparedFigure figure, string? server = null) => results
        .Where(result => result.Case == figure.Case && (server is null || result.Server == server))
        .SelectMany(result => result.Metrics)
        .Where(metric => metric.Name == figure.Metric);

    private double? Minimum(string server, ComparedFigure figure) =>
        Matching(figure, server).Select(metric => (double?)metric.Value).Min();

    private string Load()
    {
        var busiest = results
            .SelectMany(result => result.Metrics.Where(metric => metric.Name == MetricNames.ClientLoad).Select(metric => (result, metric)))
            .OrderByDescending(pair => pair.metric.Value)
            .FirstOrDefault();
        return busiest.result is null
            ? ""
            : $"The load generator used {Format(busiest.metric.Value)} % of one processor at most ({busiest.result.Case}, {busiest.result.Server}).";
    }

    private static string Format(double value) => value switch
    {
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };

    private static void AppendRow(StringBuilder text, string[] cells, int[] widths)
    {
        for (var column = 0; column < cells.Length; column++)
            text.Append("| ").Append(column < 2 ? cells[column].PadRight(widths[column]) : cells[column].PadLeft(widths[column])).Append(' ');
        text.AppendLine("|");
    }
}
