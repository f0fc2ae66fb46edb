using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IOfflineStore"/> promises, for every store that implements it.</summary>
public abstract class OfflineStoreContract(TestDatabase database) : StoreContract(database)
{
    private const int NoLimit = int.MaxValue;

    private IOfflineStore Offline => Store.Offline;

    [Fact]
    public async Task Messages_are_read_as_they_were_kept_in_their_order()
    {
        await AddAccountsAsync(Juliet, Romeo);
        string[] texts = ["<message><body>O Romeo é \U0001F339</body></message>", "", new string('x', 300_000), "\0"];
        for (var i = 0; i < texts.Length; i++)
            Assert.Equal(OfflineOutcome.Kept, await AddAsync(Juliet, texts[i], at: Created.AddMilliseconds(-i)));

        await ReopenAsync();
        var messages = await ReadAsync(Juliet);

        Assert.Equal(texts, messages.Select(Text));
        Assert.Equal(texts.Select((_, i) => Created.AddMilliseconds(-i)), messages.Select(message => message.At));
        Assert.Equal(messages.Select(message => message.Id).Order().Distinct(), messages.Select(message => message.Id));
        Assert.All(messages, message => Assert.True(message.Id > 0));
        Assert.Equal(texts.Length, await Offline.CountAsync(Juliet, CancellationToken.None));
        Assert.Empty(await ReadAsync(Romeo));
        Assert.Equal(0, await Offline.CountAsync(Romeo, CancellationToken.None));
    }

    [Fact]
    public async Task The_callers_buffer_is_free_once_the_call_returned()
    {
        await AddAccountsAsync(Juliet);
        var buffer = "first"u8.ToArray();

        var adding = Offline.AddAsync(Juliet, Created, buffer, NoLimit, CancellationToken.None);
        Array.Clear(buffer);
        await adding;

        Assert.Equal("first", Text(Assert.Single(await ReadAsync(Juliet))));
    }

    [Fact]
    public async Task Pages_follow_each_other()
    {
        await AddAccountsAsync(Juliet, Romeo);
        for (var i = 0; i < 10; i++)
        {
            await AddAsync(Juliet, $"{i}");
            await AddAsync(Romeo, "his");
        }

        var seen = new List<string>();
        var last = 0L;
        while (await Offline.ReadAsync(Juliet, last, 4, CancellationToken.None) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 4);
            seen.AddRange(page.Select(Text));
            last = page[^1].Id;
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), seen);
        Assert.Empty(await Offline.ReadAsync(Juliet, 0, 0, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Offline.ReadAsync(Juliet, 0, -1, CancellationToken.None));
    }

    [Fact]
    public async Task Messages_are_removed_up_to_an_id_and_nobody_elses()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await AddAsync(Romeo, "his");
        for (var i = 0; i < 5; i++)
            await AddAsync(Juliet, $"{i}");
        var messages = await ReadAsync(Juliet);

        Assert.Equal(3, await Offline.RemoveAsync(Juliet, 0, messages[2].Id, CancellationToken.None));

        Assert.Equal(["3", "4"], (await ReadAsync(Juliet)).Select(Text));
        Assert.Equal(0, await Offline.RemoveAsync(Juliet, 0, messages[2].Id, CancellationToken.None));
        Assert.Equal(1, await Offline.RemoveAsync(Juliet, messages[4].Id, messages[4].Id, CancellationToken.None));
        Assert.Equal(messages[3].Id, Assert.Single(await ReadAsync(Juliet)).Id);
        Assert.Equal(1, await Offline.RemoveAsync(Juliet, 0, long.MaxValue, CancellationToken.None));
        Assert.Empty(await ReadAsync(Juliet));
        Assert.Equal(["his"], (await ReadAsync(Romeo)).Select(Text));
    }

    [Fact]
    public async Task An_id_never_comes_again()
    {
        await AddAccountsAsync(Juliet);
        var last = 0L;
        for (var round = 0; round < 3; round++)
        {
            await AddAsync(Juliet, "a message");
            var message = Assert.Single(await ReadAsync(Juliet));
            Assert.True(message.Id > last);
            last = message.Id;
            await Offline.RemoveAsync(Juliet, 0, last, CancellationToken.None);
            await ReopenAsync();
        }
    }

    [Fact]
    public async Task A_full_account_keeps_what_it_has()
    {
        await AddAccountsAsync(Juliet, Romeo);
        Assert.Equal(OfflineOutcome.Full, await AddAsync(Juliet, "none", limit: 0));
        Assert.Equal(OfflineOutcome.Kept, await AddAsync(Juliet, "1", limit: 2));
        Assert.Equal(OfflineOutcome.Kept, await AddAsync(Juliet, "2", limit: 2));

        Assert.Equal(OfflineOutcome.Full, await AddAsync(Juliet, "3", limit: 2));

        Assert.Equal(["1", "2"], (await ReadAsync(Juliet)).Select(Text));
        Assert.Equal(OfflineOutcome.Kept, await AddAsync(Romeo, "1", limit: 2));
        await Offline.RemoveAsync(Juliet, 0, (await ReadAsync(Juliet))[0].Id, CancellationToken.None);
        Assert.Equal(OfflineOutcome.Kept, await AddAsync(Juliet, "3", limit: 2));
        Assert.Equal(["2", "3"], (await ReadAsync(Juliet)).Select(Text));
    }

    [Fact]
    public async Task Of_many_senders_at_once_only_as_many_succeed_as_there_is_room()
    {
        const int Limit = 20;
        await AddAccountsAsync(Juliet);

        var outcomes = await AtOnceAsync(i => AddAsync(Juliet, $"{i}", limit: Limit));

        Assert.Equal(Limit, outcomes.Count(outcome => outcome == OfflineOutcome.Kept));
        Assert.All(outcomes, outcome => Assert.NotEqual(OfflineOutcome.NoAccount, outcome));
        var kept = Enumerable.Range(0, Callers).Where(i => outcomes[i] == OfflineOutcome.Kept).Select(i => $"{i}");
        Assert.Equal(kept.Order(), (await ReadAsync(Juliet)).Select(Text).Order());
    }

    [Fact]
    public async Task Of_many_that_remove_at_once_each_message_is_counted_once()
    {
        const int Messages = 30;
        await AddAccountsAsync(Juliet);
        for (var i = 0; i < Messages; i++)
            await AddAsync(Juliet, $"{i}");

        var removed = await AtOnceAsync(_ => Offline.RemoveAsync(Juliet, 0, long.MaxValue, CancellationToken.None));

        Assert.Equal(Messages, removed.Sum());
    }

    [Fact]
    public async Task Whoever_reads_on_while_messages_come_misses_none()
    {
        const int Senders = 20;
        const int Each = 25;
        await AddAccountsAsync(Juliet);

        var sending = AtOnceAsync(async sender =>
        {
            for (var i = 0; i < Each; i++)
                Assert.Equal(OfflineOutcome.Kept, await AddAsync(Juliet, $"{sender}/{i}"));
            return true;
        }, Senders);
        var seen = new List<OfflineMessage>();
        for (var isLast = false; !isLast;)
        {
            isLast = sending.IsCompleted;
            while (await Offline.ReadAsync(Juliet, seen.LastOrDefault()?.Id ?? 0, 10, CancellationToken.None) is { Count: > 0 } page)
                seen.AddRange(page);
        }

        await sending;
        Assert.Equal(Senders * Each, seen.Select(Text).Distinct().Count());
        Assert.Equal(seen.Select(message => message.Id).Order().Distinct(), seen.Select(message => message.Id));
        foreach (var sender in seen.Select(Text).GroupBy(text => text.Split('/')[0]))
            Assert.Equal(Enumerable.Range(0, Each).Select(i => $"{sender.Key}/{i}"), sender);
    }

    [Fact]
    public async Task What_is_removed_while_messages_come_makes_room_for_as_many()
    {
        const int Limit = 10;
        await AddAccountsAsync(Juliet);

        var adding = AtOnceAsync(async _ =>
        {
            var kept = 0;
            for (var i = 0; i < 10; i++)
                kept += await AddAsync(Juliet, "a message", limit: Limit) is OfflineOutcome.Kept ? 1 : 0;
            return kept;
        });
        var removed = 0;
        do
        {
            Assert.True(await Offline.CountAsync(Juliet, CancellationToken.None) <= Limit);
            var page = await Offline.ReadAsync(Juliet, 0, 3, CancellationToken.None);
            if (page.Count > 0)
                removed += await Offline.RemoveAsync(Juliet, 0, page[^1].Id, CancellationToken.None);
        }
        while (!adding.IsCompleted);

        var left = await Offline.CountAsync(Juliet, CancellationToken.None);
        Assert.Equal((await adding).Sum() - removed, left);
        while (left++ < Limit)
            Assert.Equal(OfflineOutcome.Kept, await AddAsync(Juliet, "a message", limit: Limit));
        Assert.Equal(OfflineOutcome.Full, await AddAsync(Juliet, "one more", limit: Limit));
    }

    [Fact]
    public async Task Nobody_gets_no_messages()
    {
        Assert.Equal(OfflineOutcome.NoAccount, await AddAsync(Nobody, "a message"));
        Assert.Equal(OfflineOutcome.NoAccount, await AddAsync(Nobody, "a message", limit: 0));
        Assert.Empty(await ReadAsync(Nobody));
        Assert.Equal(0, await Offline.RemoveAsync(Nobody, 0, long.MaxValue, CancellationToken.None));
        Assert.Equal(0, await Offline.CountAsync(Nobody, CancellationToken.None));
    }

    [Fact]
    public async Task Messages_go_with_the_account()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await AddAsync(Juliet, "hers");
        await AddAsync(Romeo, "his");

        await RenewAccountAsync(Juliet);

        Assert.Empty(await ReadAsync(Juliet));
        Assert.Single(await ReadAsync(Romeo));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(Juliet, "a message");
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Offline.AddAsync(Juliet, Created, default, NoLimit, cancelled).AsTask());
        await AssertCancelledAsync(Offline.ReadAsync(Juliet, 0, 10, cancelled).AsTask());
        await AssertCancelledAsync(Offline.RemoveAsync(Juliet, 0, long.MaxValue, cancelled).AsTask());
        await AssertCancelledAsync(Offline.CountAsync(Juliet, cancelled).AsTask());

        Assert.Equal("a message", Text(Assert.Single(await ReadAsync(Juliet))));
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_an_account_can_have_messages(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await AddAsync(jid, "a message"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ReadAsync(jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Offline.RemoveAsync(jid, 0, 1, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Offline.CountAsync(jid, CancellationToken.None));
    }

    private ValueTask<OfflineOutcome> AddAsync(Jid account, string stanza, int limit = NoLimit, DateTimeOffset? at = null) =>
        Offline.AddAsync(account, at ?? Created, Encoding.UTF8.GetBytes(stanza), limit, CancellationToken.None);

    private ValueTask<IReadOnlyList<OfflineMessage>> ReadAsync(Jid account) =>
        Offline.ReadAsync(account, 0, int.MaxValue, CancellationToken.None);

    private static string Text(OfflineMessage message) => Encoding.UTF8.GetString(message.Stanza.Span);
}
