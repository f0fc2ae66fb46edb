using System.Net;
using System.Text.RegularExpressions;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench.Scenarios;

/// <param name="Service">The domain that gives out slots.</param>
/// <param name="Accounts">Whose files they are, in turn.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="Concurrency">Files on their way at the same time; all slots are there before the first is used.</param>
/// <param name="Warmup">Files before the measured ones.</param>
internal sealed record UploadSettings(string Service, int Files, int Accounts, int Size, int Concurrency, int Warmup);

/// <summary>Files by HTTP (XEP-0363): slots, uploads, downloads; each file has to come back as it went.</summary>
internal static partial class UploadScenario
{
    private const double Megabyte = 1024 * 1024;

    public static IReadOnlyList<Metric> Run(Target target, ServerProcess? server, UploadSettings settings)
    {
        using var pool = new SessionPool(target, available: false);
        pool.GrowTo(settings.Accounts);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = settings.Concurrency })
        {
            Timeout = target.Timeout * 10,
        };
        var content = new byte[settings.Size];
        new Random(1).NextBytes(content);
        var warmup = Slots(settings.Warmup);
        Each(warmup, slot => UploadAsync(http, slot, content));
        Each(warmup, slot => DownloadAsync(http, slot, content));

        var slots = new List<Slot>();
        var metrics = new List<Metric>();
        Measure("slot", settings.Files, 1000, "µs", () => slots = Slots(settings.Files));
        var megabytes = settings.Files * (settings.Size / Megabyte);
        Measure("uploaded MB", megabytes, 1, "ms", () => Each(slots, slot => UploadAsync(http, slot, content)));
        Measure("downloaded MB", megabytes, 1, "ms", () => Each(slots, slot => DownloadAsync(http, slot, content)));
        return metrics;

        void Measure(string unit, double count, double factor, string unitOfTime, Action work)
        {
            var meter = new CpuMeter(server);
            work();
            var use = meter.Read();
            if (use.Server is { } cpu)
                metrics.Add(new(MetricNames.ServerCpu(unit), cpu.TotalMilliseconds * factor / count, unitOfTime));
            metrics.Add(new($"{unit}s", count / use.Elapsed.TotalSeconds, "/s"));
            metrics.AddRange(MetricNames.Load(use).Where(metric => metric.Name == MetricNames.ClientLoad));
        }

        // Each account asks for one after the other.
        List<Slot> Slots(int count)
        {
            var given = new Slot[count];
            Workers.Run(settings.Accounts, settings.Accounts, account =>
            {
                for (var file = account; file < count; file += settings.Accounts)
                    given[file] = Ask(pool.Sessions[account], settings);
            });
            return [.. given];
        }

        void Each(IReadOnlyList<Slot> slots, Func<Slot, Task> work)
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = settings.Concurrency };
            Parallel.ForEachAsync(slots, options, async (slot, _) => await work(slot)).GetAwaiter().GetResult();
        }
    }

    private sealed record Slot(Uri Put, Uri Get, IReadOnlyList<(string Name, string Value)> Headers);

    private static Slot Ask(ClientStream session, UploadSettings settings)
    {
        session.Send($"<iq type='get' id='slot' to='{settings.Service}'><request xmlns='urn:xmpp:http:upload:0' filename='file' "
            + $"size='{settings.Size}' content-type='application/octet-stream'/></iq>");
        var answer = session.Next();
        var (put, get) = (PutAddress().Match(answer), GetAddress().Match(answer));
        return put.Success && get.Success
            ? new(Address(put), Address(get),
                [.. Header().Matches(answer).Select(header => (header.Groups[1].Value, WebUtility.HtmlDecode(header.Groups[2].Value)))])
            : throw new BenchException($"no slot: {answer}");
    }

    private static Uri Address(Match match) => new(WebUtility.HtmlDecode(match.Groups[1].Value));

    private static async Task UploadAsync(HttpClient http, Slot slot, byte[] content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, slot.Put) { Content = new ByteArrayContent(content) };
        request.Content.Headers.ContentType = new("application/octet-stream");
        foreach (var (name, value) in slot.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
            throw new BenchException($"upload refused: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    private static async Task DownloadAsync(HttpClient http, Slot slot, byte[] content)
    {
        var received = await http.GetByteArrayAsync(slot.Get);
        if (!received.AsSpan().SequenceEqual(content))
            throw new BenchException($"a file of {content.Length} bytes came back as {received.Length} others");
    }

    [GeneratedRegex("<put [^>]*url=['\"]([^'\"]+)['\"]")]
    private static partial Regex PutAddress();

    [GeneratedRegex("<get [^>]*url=['\"]([^'\"]+)['\"]")]
    private static partial Regex GetAddress();

    [GeneratedRegex("<header name=['\"]([^'\"]+)['\"]>([^<]*)</header>")]
    private static partial Regex Header();
}
