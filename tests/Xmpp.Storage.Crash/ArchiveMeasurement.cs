using System.Diagnostics;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Crash;

/// <summary>What archives cost: a message kept for both sides, and pages out of a big archive.</summary>
internal static class ArchiveMeasurement
{
    private const int Accounts = 200;
    private const int Batch = 1_000;

    public static async Task<int> RunAsync(Func<Task<IStore>> openAsync, int messages)
    {
        await using var store = await openAsync();
        var accounts = Enumerable.Range(0, Accounts + 1).Select(i => Samples.NewAccount($"archivist{i}")).ToArray();
        foreach (var account in accounts)
            await store.Accounts.AddAsync(account, CancellationToken.None);
        var jids = accounts.Select(account => account.Jid).ToArray();

        foreach (var (callers, operations) in ((int, int)[])[(1, 2_000), (10, 20_000), (100, 100_000), (10, 20_000), (100, 100_000)])
        {
            await Measurement.RunAsync("keep a message for both sides", callers, operations,
                i => store.Archive.AddAsync(
                    Both(jids[i % Accounts], jids[(i + 1 + i / Accounts % 10) % Accounts]), CancellationToken.None).AsTask());
        }

        if (messages == 0)
            return 0;
        await FillAsync(store.Archive, jids[Accounts], messages);
        await ReadAsync(store.Archive, jids[Accounts], messages);
        return 0;
    }

    private static ArchiveEntry[] Both(Jid from, Jid to)
    {
        var id = SortableId.New(DateTimeOffset.UtcNow);
        var body = "Wherefore art thou Romeo? Deny thy father and refuse thy name.";
        var stanza = Encoding.UTF8.GetBytes(
            $"<message from='{from}/orchard' to='{to}' type='chat' id='0123456789abcdef'><body>{body}</body><stanza-id xmlns='urn:xmpp:sid:0' "
            + $"by='{to}' id='{id}'/><request xmlns='urn:xmpp:receipts'/></message>");
        return [new(from, id, to, false, stanza, body, true), new(to, id, from.WithResource("orchard"), true, stanza, body, true)];
    }

    // One of a thousand is with somebody else, and says something else.
    private static async Task FillAsync(IArchiveStore archive, Jid account, int messages)
    {
        var start = Stopwatch.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        for (var first = 0; first < messages; first += Batch)
        {
            var batch = new ArchiveEntry[Batch];
            for (var i = 0; i < Batch; i++)
            {
                var with = i == 500 ? "nurse@localhost/kitchen" : $"friend{i % 10}@localhost/{(i % 7 == 0 ? "phone" : "desk")}";
                batch[i] = Both(account, Jid.Parse(with))[0] with { Id = IdOf(first + i), IsIncoming = i % 2 == 0 };
                if (i == 500)
                    batch[i] = batch[i] with { Text = $"A needle {first}" };
            }

            await archive.AddAsync(batch, CancellationToken.None);
        }

        await archive.FindEndsAsync(account, CancellationToken.None);
        Console.WriteLine($"{messages:n0} messages for one account: {Stopwatch.GetElapsedTime(start).TotalSeconds:n1} s, "
            + $"{(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / messages:n1} us of CPU each");
    }

    private static async Task ReadAsync(IArchiveStore archive, Jid account, int messages)
    {
        var random = new Random(1);
        var friend = Jid.Parse("friend3@localhost");
        await PagesAsync("first page", () => new(), false);
        await PagesAsync("last page", () => new(), true);
        await PagesAsync("page behind an id", () => new() { After = Any() }, false);
        await PagesAsync("page before an id", () => new() { Before = Any() }, true);
        await PagesAsync("page between two times", () => Between(TimeOf(Any())), false);
        await PagesAsync("page with a bare JID, behind an id", () => new() { With = friend, After = Any() }, false);
        await PagesAsync("page with a full JID, before an id", () => new() { With = friend.WithResource("desk"), Before = Any() }, true);
        await PagesAsync("50 ids", () => new() { Ids = [.. Enumerable.Range(0, 50).Select(_ => Any())] }, false);
        await PagesAsync("last page with a word of all", () => new() { Text = "father" }, true);
        await PagesAsync("last page with a word of one in a thousand", () => new() { Text = "needle" }, true, 20);
        await PagesAsync("last page with a word of one in a thousand, with a bare JID",
            () => new() { Text = "needle", With = Jid.Parse("nurse@localhost") }, true);
        await Measurement.RunAsync("list 50 conversations", 1, 200,
            _ => archive.ListConversationsAsync(account, null, false, 50, CancellationToken.None).AsTask());
        await Measurement.RunAsync("count what is unread", 1, 200,
            _ => archive.CountConversationsAsync(account, CancellationToken.None).AsTask());

        static ArchiveQuery Between(DateTimeOffset start) => new() { Start = start, End = start.AddDays(1) };

        SortableId Any() => IdOf(random.Next(messages - 60_000) + 30_000);

        async Task PagesAsync(string what, Func<ArchiveQuery> query, bool isFromEnd, int operations = 1_000) =>
            await Measurement.RunAsync(what, 1, operations, async _ =>
            {
                var wanted = query();
                var page = await archive.ReadAsync(account, wanted, 50, isFromEnd, CancellationToken.None);
                if (page!.Messages.Count < (wanted.Ids is null ? 50 : 45))
                    throw new InvalidOperationException($"{page.Messages.Count} messages");
            });
    }

    // A message a minute.
    private static SortableId IdOf(int number) =>
        new(((UInt128)(1_700_000_000_000 + 60_000L * number) << 80) + 4711);

    private static DateTimeOffset TimeOf(SortableId id) => DateTimeOffset.FromUnixTimeMilliseconds((long)(id.Value >> 80));
}
