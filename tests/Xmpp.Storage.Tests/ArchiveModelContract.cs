using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>That whatever is done to archives, in whatever order, pages and conversations are those of a list in memory.</summary>
public abstract class ArchiveModelContract(TestDatabase database) : ArchiveContract(database)
{
    private static readonly Jid[] Peers =
    [
        Jid.Parse("romeo@montague.example/orchard"), Jid.Parse("romeo@montague.example"), Jid.Parse("romeo@montague.example/garden"),
        Jid.Parse("nurse@capulet.example/kitchen"), Jid.Parse("verona.example"),
    ];

    private static readonly string[] Words = ["light", "window", "east", "東京都", "京都", ""];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Pages_and_conversations_are_those_of_a_list(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<UInt128, ArchiveEntry>();
        var read = new Dictionary<Jid, UInt128>();
        await AddAccountsAsync(Juliet, Romeo);
        for (var step = 0; step < 150; step++)
        {
            switch (random.Next(12))
            {
                case < 6:
                    await AddSomeAsync(random, model);
                    break;
                case 6 when model.Count > 0:
                    var replaced = Pick(random, model);
                    Assert.True(await Archive.ReplaceAsync(Juliet, replaced.Id, "gone"u8.ToArray(), CancellationToken.None));
                    model[replaced.Id.Value] = replaced with { Stanza = "gone"u8.ToArray(), Text = null };
                    break;
                case 7:
                    await RemoveSomeAsync(random, model, read);
                    break;
                case 8 when model.Count > 0:
                    await MarkAsync(Pick(random, model), model, read);
                    break;
                case 9:
                    await ReopenAsync();
                    break;
                default:
                    await CompareAsync(random, model);
                    break;
            }

            if (step % 10 == 9)
                await CompareConversationsAsync(model, read);
        }
    }

    private async Task AddSomeAsync(Random random, SortedDictionary<UInt128, ArchiveEntry> model)
    {
        var added = new ArchiveEntry[random.Next(1, 5)];
        for (var i = 0; i < added.Length; i++)
        {
            if (model.Count > 0 && random.Next(10) == 0)
            {
                added[i] = Pick(random, model);
                continue;
            }

            var text = string.Join(' ', Enumerable.Range(0, random.Next(3)).Select(_ => Words[random.Next(Words.Length)]));
            added[i] = Message(
                $"{random.Next()}", random.Next(100), with: Peers[random.Next(Peers.Length)].ToString(), isIncoming: random.Next(2) == 0,
                isShown: random.Next(4) > 0, text: text);
            model.Add(added[i].Id.Value, added[i]);
        }

        // Some don't wait, as the server doesn't.
        var adding = Archive.AddAsync([.. added, Message("his", account: Romeo)], CancellationToken.None);
        if (random.Next(2) == 0)
            await adding;
    }

    private async Task RemoveSomeAsync(Random random, SortedDictionary<UInt128, ArchiveEntry> model, Dictionary<Jid, UInt128> read)
    {
        DateTimeOffset? before = random.Next(2) == 0 ? Created.AddSeconds(random.Next(100)) : null;
        var with = random.Next(2) == 0 ? Peers[random.Next(Peers.Length)].Bare : null;
        var (keep, limit) = (random.Next(10), random.Next(5));
        var candidates = model.Values.Where(message => with is null || message.With.Bare == with).ToList();
        var removed = candidates.SkipLast(keep).Where(message => before is null || TimeOf(message) < before).Take(limit).ToList();

        Assert.Equal(removed.Count, await Archive.RemoveAsync(Juliet, before, with, keep, limit, CancellationToken.None));

        foreach (var message in removed)
            model.Remove(message.Id.Value);
        foreach (var peer in read.Keys.Where(peer => !model.Values.Any(message => message.IsShown && message.With.Bare == peer)))
            read.Remove(peer);
    }

    private async Task MarkAsync(ArchiveEntry upTo, SortedDictionary<UInt128, ArchiveEntry> model, Dictionary<Jid, UInt128> read)
    {
        var with = upTo.With.Bare;
        var exists = model.Values.Any(message => message.IsShown && message.With.Bare == with);
        Assert.Equal(exists, await Archive.MarkReadAsync(Juliet, with, upTo.Id, CancellationToken.None));
        if (exists)
            read[with] = UInt128.Max(read.GetValueOrDefault(with), upTo.Id.Value);
    }

    private async Task CompareAsync(Random random, SortedDictionary<UInt128, ArchiveEntry> model)
    {
        var query = new ArchiveQuery
        {
            With = Maybe(() => Peers[random.Next(Peers.Length)]) is { } with ? random.Next(2) == 0 ? with : with.Bare : null,
            Start = random.Next(3) == 0 ? Created.AddSeconds(random.Next(100)) : null,
            End = random.Next(3) == 0 ? Created.AddSeconds(random.Next(100)) : null,
            After = model.Count > 0 && random.Next(3) == 0 ? Pick(random, model).Id : null,
            Before = model.Count > 0 && random.Next(3) == 0 ? Pick(random, model).Id : null,
            Ids = model.Count > 0 ? Maybe(() => Enumerable.Range(0, 5).Select(_ => Pick(random, model).Id).ToArray()) : null,
            Text = Maybe(() => Words[random.Next(Words.Length - 1)]),
        };
        var (count, isFromEnd) = (random.Next(8), random.Next(2) == 0);
        var matching = model.Values.Where(message => Matches(query, message)).ToList();
        var expected = isFromEnd ? matching.TakeLast(count) : matching.Take(count);

        var page = (await ReadPageAsync(query, count, isFromEnd))!;

        Assert.Equal(expected.Select(Describe), page.Messages.Select(Describe));
        Assert.Equal(matching.Count <= count, page.IsComplete);
        Assert.Equal(Math.Min(matching.Count, count), await CountAsync(query, count));

        T? Maybe<T>(Func<T> value) where T : class => random.Next(3) == 0 ? value() : null;
    }

    private async Task CompareConversationsAsync(SortedDictionary<UInt128, ArchiveEntry> model, Dictionary<Jid, UInt128> read)
    {
        var expected = model.Values.Where(message => message.IsShown).GroupBy(message => message.With.Bare)
            .Select(peer => new Conversation(
                peer.Key, peer.Last().Id,
                peer.Count(message => message.IsIncoming && message.Id.Value > read.GetValueOrDefault(peer.Key)),
                read.TryGetValue(peer.Key, out var upTo) ? new SortableId(upTo) : null))
            .OrderByDescending(conversation => conversation.Last.Value).ToList();

        Assert.Equal(expected, await Archive.ListConversationsAsync(Juliet, null, false, 100, CancellationToken.None));
        var unread = expected.Where(conversation => conversation.Unread > 0).ToList();
        Assert.Equal(unread, await Archive.ListConversationsAsync(Juliet, null, true, 100, CancellationToken.None));
        Assert.Equal(
            (expected.Count, unread.Count, unread.Sum(conversation => conversation.Unread)),
            await Archive.CountConversationsAsync(Juliet, CancellationToken.None));
        var statistics = await Archive.CountAllAsync(Juliet.Domain, Juliet, CancellationToken.None);
        Assert.Equal((model.Count, model.Values.Sum(message => message.Stanza.Length)), (statistics.Messages, statistics.Bytes));
        (SortableId, SortableId)? ends = model.Count == 0 ? null : (model.Values.First().Id, model.Values.Last().Id);
        Assert.Equal(ends, await Archive.FindEndsAsync(Juliet, CancellationToken.None));
    }

    private static bool Matches(ArchiveQuery query, ArchiveEntry message) =>
        (query.With is not { } with || (with.IsBare ? message.With.Bare : message.With) == with)
        && !(TimeOf(message) < query.Start) && !(TimeOf(message) > query.End)
        && !(message.Id.Value <= query.After?.Value) && !(message.Id.Value >= query.Before?.Value)
        && (query.Ids is null || query.Ids.Contains(message.Id))
        && (query.Text is null || (message.Text ?? "").Split(' ').Any(word => query.Text is "京都" ? word.Contains("京都", StringComparison.Ordinal)
            : word == query.Text));

    private static DateTimeOffset TimeOf(ArchiveEntry message) =>
        DateTimeOffset.FromUnixTimeMilliseconds((long)(message.Id.Value >> 80));

    private static ArchiveEntry Pick(Random random, SortedDictionary<UInt128, ArchiveEntry> model) =>
        model.ElementAt(random.Next(model.Count)).Value;

    private static object Describe(ArchiveEntry message) =>
        (message.Id, message.With, message.IsIncoming, message.IsShown, Body(message));
}
