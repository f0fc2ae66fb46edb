using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IArchiveStore"/> promises about messages, for every store that implements it.</summary>
public abstract class ArchiveStoreContract(TestDatabase database, bool isOfRooms = false) : ArchiveContract(database, isOfRooms)
{
    [Fact]
    public async Task Messages_are_read_as_they_were_added()
    {
        await AddAccountsAsync(Juliet);
        var sent = Message("<message><body>é \U0001F339</body></message>", 1, isIncoming: false, text: "Hark!");
        var bare = Message("", 2, with: "capulet.example", isShown: false);
        var big = Message(new string('x', 300_000), 3, with: LongJid.ToString(), text: "big");
        await AddAsync(sent, bare with { Text = null }, big);

        foreach (var _ in (bool[])[false, true])
        {
            var page = (await ReadPageAsync(Everything))!;
            Assert.True(page.IsComplete);
            Assert.Equal([Describe(sent), Describe(bare), Describe(big)], page.Messages.Select(Describe));
            Assert.Equal([" hark ", null, " big "], page.Messages.Select(message => message.Text));
            Assert.Equal((sent.Id, big.Id), await Archive.FindEndsAsync(Juliet, CancellationToken.None));
            await ReopenAsync();
        }

        static object Describe(ArchiveEntry message) =>
            (message.Account, message.Id, message.With, message.IsIncoming, message.IsShown, Body(message));
    }

    [Fact]
    public async Task Both_sides_are_added_together_and_have_the_same_id()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var id = IdAt(0);
        await AddAsync(
            Message("hers", id: id, isIncoming: false), Message("his", account: Romeo, id: id, with: "juliet@capulet.example/balcony"));

        Assert.Equal(["hers"], await ReadAsync(Everything));
        Assert.Equal(["his"], await ReadAsync(Everything, account: Romeo));
    }

    [Fact]
    public async Task The_callers_buffer_is_free_once_the_call_returned()
    {
        await AddAccountsAsync(Juliet);
        var buffer = "first"u8.ToArray();

        var adding = Archive.AddAsync([Message("") with { Stanza = buffer }], CancellationToken.None);
        Array.Clear(buffer);
        await adding;

        Assert.Equal(["first"], await ReadAsync(Everything));
    }

    [Fact]
    public async Task Messages_lie_in_the_order_of_their_ids_whatever_the_order_in_which_they_came()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(Message("3", 3));
        await AddAsync(Message("1", 1));
        Assert.Equal(["1", "3"], await ReadAsync(Everything));
        await AddAsync(Message("2", 2), Message("0", 0));

        Assert.Equal(["0", "1", "2", "3"], await ReadAsync(Everything));
        Assert.Equal(["2", "3"], await ReadAsync(Everything, 2, isFromEnd: true));
    }

    [Fact]
    public async Task Adding_one_again_changes_nothing()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var message = await AddAsync(Message("first", 1));
        await AddAsync(message with { Stanza = Encoding.UTF8.GetBytes("again") });
        Assert.Equal(["first"], await ReadAsync(Everything));

        await AddAsync(
            Message("before", 0), message with { Stanza = Encoding.UTF8.GetBytes("again") }, Message("behind", 2),
            Message("his", 2, account: Romeo));
        await AddAsync(message, message);

        Assert.Equal(["before", "first", "behind"], await ReadAsync(Everything));
        Assert.Equal(["his"], await ReadAsync(Everything, account: Romeo));
        Assert.Equal(3, await CountAsync(Everything));
        var statistics = await Archive.CountAllAsync(Juliet.Domain, null, CancellationToken.None);
        Assert.Equal((3, "beforefirstbehind".Length), (statistics.Messages, statistics.Bytes));
        await ReopenAsync();
        await AddAsync(message);
        Assert.Equal(["before", "first", "behind"], await ReadAsync(Everything));
    }

    [Fact]
    public async Task Pages_follow_each_other_in_both_directions()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var messages = new List<ArchiveEntry>();
        for (var i = 0; i < 10; i++)
            messages.Add(await AddAsync(Message($"{i}", i)));
        await AddAsync(Message("his", 5, account: Romeo));

        Assert.Equal(["0", "1", "2", "3"], await ReadAsync(Everything, 4));
        Assert.Equal(["6", "7", "8", "9"], await ReadAsync(Everything, 4, isFromEnd: true));
        Assert.Equal(["4", "5", "6", "7"], await ReadAsync(new() { After = messages[3].Id }, 4));
        Assert.Equal(["2", "3", "4", "5"], await ReadAsync(new() { Before = messages[6].Id }, 4, isFromEnd: true));
        Assert.Equal(["0", "1"], await ReadAsync(new() { Before = messages[6].Id }, 2));
        Assert.Equal(["4", "5"], await ReadAsync(new() { After = messages[3].Id, Before = messages[6].Id }));
        Assert.True((await ReadPageAsync(new() { After = messages[7].Id }, 2))!.IsComplete);
        Assert.False((await ReadPageAsync(new() { After = messages[6].Id }, 2))!.IsComplete);
        Assert.False((await ReadPageAsync(new() { Before = messages[3].Id }, 2, isFromEnd: true))!.IsComplete);
        Assert.True((await ReadPageAsync(new() { Before = messages[2].Id }, 2, isFromEnd: true))!.IsComplete);

        var none = (await ReadPageAsync(Everything, 0))!;
        Assert.Empty(none.Messages);
        Assert.False(none.IsComplete);
        Assert.True((await ReadPageAsync(new() { After = messages[9].Id }))!.IsComplete);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ReadPageAsync(Everything, -1));
    }

    [Fact]
    public async Task Each_condition_leaves_what_it_says()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(
            Message("0", 0), Message("1", 1, with: "romeo@montague.example/garden"), Message("2", 2, with: "nurse@capulet.example"),
            Message("3", 3, with: "romeo@montague.example"), Message("4", 4));
        var messages = (await ReadPageAsync(Everything))!.Messages;

        await AssertAsync(["0", "1", "3", "4"], new() { With = Romeo });
        await AssertAsync(["0", "4"], new() { With = Jid.Parse("romeo@montague.example/orchard") });
        await AssertAsync([], new() { With = Jid.Parse("romeo@montague.example/nowhere") });
        await AssertAsync([], new() { With = Jid.Parse("tybalt@capulet.example") });
        await AssertAsync(["2"], new() { With = Jid.Parse("nurse@capulet.example") });
        await AssertAsync(["2", "3", "4"], new() { Start = Created.AddSeconds(2) });
        await AssertAsync(["3", "4"], new() { Start = Created.AddSeconds(2).AddTicks(1) });
        await AssertAsync(["0", "1", "2"], new() { End = Created.AddSeconds(2) });
        await AssertAsync(["0", "1", "2"], new() { End = Created.AddSeconds(2).AddTicks(1) });
        await AssertAsync(["0", "1"], new() { End = Created.AddSeconds(2).AddTicks(-1) });
        await AssertAsync(["1", "3"], new() { With = Romeo, Start = Created.AddSeconds(1), End = Created.AddSeconds(3) });
        await AssertAsync([], new() { Start = Created.AddSeconds(3), End = Created.AddSeconds(1) });
        await AssertAsync([], new() { End = DateTimeOffset.MinValue });
        await AssertAsync([], new() { Start = DateTimeOffset.MaxValue });
        await AssertAsync(["0", "1", "2", "3", "4"], new() { Start = DateTimeOffset.MinValue, End = DateTimeOffset.MaxValue });
        await AssertAsync(["1", "3"], new() { Ids = [messages[3].Id, messages[1].Id, messages[3].Id] });
        await AssertAsync(["3"], new() { Ids = [messages[3].Id, messages[2].Id], With = Romeo });
        await AssertAsync(["3"], new() { Ids = [messages[3].Id, messages[1].Id], After = messages[2].Id });
        await AssertAsync(["1"], new() { Ids = [messages[3].Id, messages[1].Id], End = Created.AddSeconds(2) });
        await AssertAsync(["3"], new() { Ids = [messages[3].Id, messages[1].Id], Text = "3" });
        await AssertAsync([], new() { Ids = [] });
        await AssertAsync(["1"], new() { With = Romeo, After = messages[0].Id, Before = messages[2].Id });
    }

    [Fact]
    public async Task A_query_that_names_what_is_not_there_is_answered_with_null()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var message = await AddAsync(Message("hers", 1));
        var his = await AddAsync(Message("his", 1, account: Romeo));

        foreach (var id in (SortableId[])[his.Id, IdAt(0), default, new(UInt128.MaxValue)])
        {
            Assert.Null(await ReadPageAsync(new() { After = id }));
            Assert.Null(await ReadPageAsync(new() { Before = id }, isFromEnd: true));
            Assert.Null(await ReadPageAsync(new() { Ids = [message.Id, id] }));
            Assert.Null(await ReadPageAsync(new() { After = id, With = Jid.Parse("nobody@montague.example") }));
            Assert.Equal(0, await CountAsync(new() { After = id }));
            Assert.Equal(0, await CountAsync(new() { Ids = [id] }));
        }

        Assert.Null(await ReadPageAsync(new() { Ids = [message.Id] }, account: Nobody));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await ReadPageAsync(new() { Ids = [.. Enumerable.Repeat(message.Id, 1_001)] }));
    }

    [Fact]
    public async Task Counting_ends_at_the_limit()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync([.. Enumerable.Range(0, 20).Select(i => Message($"number {i % 2}", i))]);

        Assert.Equal(20, await CountAsync(Everything));
        Assert.Equal(7, await CountAsync(Everything, 7));
        Assert.Equal(0, await CountAsync(Everything, 0));
        Assert.Equal(10, await CountAsync(new() { Text = "1" }));
        Assert.Equal(3, await CountAsync(new() { Text = "1" }, 3));
        Assert.Equal(20, await CountAsync(new() { With = Jid.Parse("romeo@montague.example/orchard") }));
    }

    [Theory]
    [InlineData("light", "But, soft! what LIGHT through yonder window breaks?", true)]
    [InlineData("window light", "But, soft! what light through yonder window breaks?", true)]
    [InlineData("lig", "what light", false)]
    [InlineData("ight", "what light", false)]
    [InlineData("light east", "what light", false)]
    [InlineData("soft!", "(soft)", true)]
    [InlineData("JULIET", "juliet's", true)]
    [InlineData("straße", "STRASSE", false)]
    [InlineData("ÉTÉ", "l'été", true)]
    [InlineData("été", "l'e\u0301te\u0301", true)]
    [InlineData("привет", "Привет, Ромео", true)]
    [InlineData("42", "41 42 43", true)]
    [InlineData("京都", "東京都に行く", true)]
    [InlineData("東京", "東京都に行く", true)]
    [InlineData("京東", "東京都に行く", false)]
    [InlineData("東京 2026", "2026年の東京", true)]
    [InlineData("カナ", "ｶﾅ文字", true)]
    [InlineData("서울", "서울에서 만나요", true)]
    [InlineData("สวัสดี", "ขอสวัสดีครับ", true)]
    [InlineData("\U00020BB7野", "\U00020BB7野家", true)]
    [InlineData("", "anything", false)]
    [InlineData("!?", "what light!?", false)]
    [InlineData("%", "100 %", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("\ud800", "anything", false)]
    public async Task Words_are_found(string query, string text, bool isFound)
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(Message("before", 0, text: "something else"), Message("this", 1, text: text), Message("behind", 2) with { Text = null });

        await AssertAsync(isFound ? ["this"] : [], new() { Text = query });
        await AssertAsync(isFound ? ["this"] : [], new() { Text = query, With = Romeo });
        await AssertAsync(isFound ? ["this"] : [], new() { Text = query, With = Jid.Parse("romeo@montague.example/orchard") });
        await AssertAsync([], new() { Text = query, With = Jid.Parse("romeo@montague.example/garden") });
    }

    [Fact]
    public async Task What_was_replaced_stays_in_its_place_and_is_not_found_any_more()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var messages = await AddAsync(Message("one word", 0), Message("another word", 1), Message("a last word", 2));

        Assert.True(await Archive.ReplaceAsync(Juliet, messages[1].Id, "<tombstone/>"u8.ToArray(), CancellationToken.None));

        Assert.Equal(["one word", "<tombstone/>", "a last word"], await ReadAsync(Everything));
        Assert.Equal(["one word", "a last word"], await ReadAsync(new() { Text = "word" }));
        Assert.Equal(Romeo.WithResource("orchard"), (await ReadPageAsync(Everything))!.Messages[1].With);
        var statistics = await Archive.CountAllAsync(Juliet.Domain, Juliet, CancellationToken.None);
        Assert.Equal("one word<tombstone/>a last word".Length, statistics.Bytes);
        Assert.False(await Archive.ReplaceAsync(Juliet, IdAt(0), default, CancellationToken.None));
        Assert.False(await Archive.ReplaceAsync(Romeo, messages[1].Id, default, CancellationToken.None));
        Assert.False(await Archive.ReplaceAsync(Nobody, messages[1].Id, default, CancellationToken.None));
        await AddAsync(messages[1]);
        Assert.Equal(["one word", "<tombstone/>", "a last word"], await ReadAsync(Everything));
    }

    [Fact]
    public async Task The_oldest_are_removed()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await AddAsync([.. Enumerable.Range(0, 10).Select(i => Message(
            $"{i}", i, with: i % 2 == 0 ? "romeo@montague.example" : "nurse@capulet.example/kitchen"))]);
        await AddAsync(Message("his", 0, account: Romeo));
        var nurse = Jid.Parse("nurse@capulet.example");

        Assert.Equal(0, await RemoveAsync(before: Created));
        Assert.Equal(1, await RemoveAsync(before: Created.AddSeconds(1)));
        Assert.Equal(2, await RemoveAsync(limit: 2));
        Assert.Equal(["3", "4", "5", "6", "7", "8", "9"], await ReadAsync(Everything));
        Assert.Equal(2, await RemoveAsync(with: nurse, keep: 2));
        Assert.Equal(["4", "6", "7", "8", "9"], await ReadAsync(Everything));
        Assert.Equal(1, await RemoveAsync(with: nurse, before: Created.AddSeconds(8)));
        Assert.Equal(["4", "6", "8", "9"], await ReadAsync(Everything));
        Assert.Equal(0, await RemoveAsync(keep: 4));
        Assert.Equal(2, await RemoveAsync(keep: 2));
        Assert.Equal(0, await RemoveAsync(keep: 2, before: Created.AddYears(1)));
        Assert.Equal(0, await RemoveAsync(with: Jid.Parse("tybalt@capulet.example")));
        Assert.Equal(0, await RemoveAsync(limit: 0));
        Assert.Equal(["8", "9"], await ReadAsync(Everything));
        Assert.Equal(2, (await Archive.CountAllAsync(Juliet.Domain, null, CancellationToken.None)).Messages);
        Assert.Equal(2, await RemoveAsync());
        Assert.Empty(await ReadAsync(Everything));
        Assert.Null(await Archive.FindEndsAsync(Juliet, CancellationToken.None));
        Assert.Equal(["his"], await ReadAsync(Everything, account: Romeo));

        await AddAsync(Message("new", 20));
        await ReopenAsync();
        Assert.Equal(["new"], await ReadAsync(Everything));
        Assert.Equal(["new"], await ReadAsync(new() { With = Romeo }));

        async Task<int> RemoveAsync(DateTimeOffset? before = null, Jid? with = null, int keep = 0, int limit = int.MaxValue) =>
            await Archive.RemoveAsync(Juliet, before, with, keep, limit, CancellationToken.None);
    }

    [Fact]
    public async Task One_is_removed_by_its_id()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var ids = Enumerable.Range(0, 3).Select(i => IdAt(i)).ToList();
        await AddAsync([.. ids.Select((id, i) => Message($"{i}", id: id))]);
        await AddAsync(Message("his", account: Romeo, id: ids[1], with: "juliet@capulet.example"));

        Assert.True(await Archive.RemoveAsync(Juliet, ids[1], CancellationToken.None));
        Assert.False(await Archive.RemoveAsync(Juliet, ids[1], CancellationToken.None));
        Assert.False(await Archive.RemoveAsync(Nobody, ids[0], CancellationToken.None));

        Assert.Equal(["0", "2"], await ReadAsync(Everything));
        Assert.Equal(["his"], await ReadAsync(Everything, account: Romeo));
        Assert.True(await Archive.RemoveAsync(Juliet, ids[2], CancellationToken.None));
        var conversation = Assert.Single(await Archive.ListConversationsAsync(Juliet, null, false, 10, CancellationToken.None));
        Assert.Equal((ids[0], 1), (conversation.Last, conversation.Unread));
        Assert.Equal(1, (await Archive.CountAllAsync(Juliet.Domain, Juliet, CancellationToken.None)).Messages);
        await AddAsync(Message("again", id: ids[1]));
        Assert.Equal(["0", "again"], await ReadAsync(Everything));
    }

    [Fact]
    public async Task More_are_removed_than_fit_into_one_step()
    {
        const int Messages = 1_234;
        await AddAccountsAsync(Juliet);
        await AddAsync([.. Enumerable.Range(0, Messages).Select(i => Message($"{i}", i))]);

        Assert.Equal(Messages - 10, await Archive.RemoveAsync(Juliet, null, null, 10, int.MaxValue, CancellationToken.None));

        Assert.Equal(10, await CountAsync(Everything));
    }

    [Fact]
    public async Task Archives_are_listed_and_counted()
    {
        var alice = Jid.Parse("alice@capulet.example");
        await AddAccountsAsync(Juliet, alice, Nobody, Romeo);
        Assert.Equal(new ArchiveStatistics(0, 0, null, null), await Archive.CountAllAsync("capulet.example", null, CancellationToken.None));
        await AddAsync(Message("12345", 7), Message("1", 3), Message("é", 5, account: alice), Message("his", 1, account: Romeo));

        Assert.Equal([alice, Juliet], await Archive.ListOwnersAsync("capulet.example", null, 10, CancellationToken.None));
        Assert.Equal([alice], await Archive.ListOwnersAsync("capulet.example", null, 1, CancellationToken.None));
        Assert.Equal([Juliet], await Archive.ListOwnersAsync("capulet.example", alice, 10, CancellationToken.None));
        Assert.Empty(await Archive.ListOwnersAsync("capulet.example", Juliet, 10, CancellationToken.None));
        Assert.Equal(new ArchiveStatistics(3, 8, Created.AddSeconds(3), Created.AddSeconds(7)),
            await Archive.CountAllAsync("capulet.example", null, CancellationToken.None));
        Assert.Equal(new ArchiveStatistics(1, 2, Created.AddSeconds(5), Created.AddSeconds(5)),
            await Archive.CountAllAsync("capulet.example", alice, CancellationToken.None));
        Assert.Equal(0, (await Archive.CountAllAsync("capulet.example", Nobody, CancellationToken.None)).Messages);
        Assert.Equal(0, (await Archive.CountAllAsync("nowhere.example", null, CancellationToken.None)).Messages);
    }

    [Fact]
    public async Task Nobody_has_an_archive()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(Message("nobody's", account: Nobody), Message("hers"));

        Assert.Empty(await ReadAsync(Everything, account: Nobody));
        Assert.True((await ReadPageAsync(Everything, account: Nobody))!.IsComplete);
        Assert.Null(await Archive.FindEndsAsync(Nobody, CancellationToken.None));
        Assert.Equal(0, await Archive.RemoveAsync(Nobody, null, null, 0, 10, CancellationToken.None));
        Assert.Equal(["hers"], await ReadAsync(Everything));
        await AddAccountsAsync(Nobody);
        Assert.Empty(await ReadAsync(Everything, account: Nobody));
        await Archive.AddAsync([], CancellationToken.None);
    }

    [Fact]
    public async Task An_archive_goes_with_its_account()
    {
        await AddAccountsAsync(Juliet, Romeo);
        for (var round = 0; round < 3; round++)
        {
            var old = await AddAsync(Message("hers", 1), Message("his", 1, account: Romeo));
            await RenewAccountAsync(Juliet);

            Assert.Empty(await ReadAsync(Everything));
            Assert.Null(await ReadPageAsync(new() { Ids = [old[0].Id] }));
            Assert.Empty(await Archive.ListConversationsAsync(Juliet, null, false, 10, CancellationToken.None));
            Assert.Equal(0, (await Archive.CountAllAsync(Juliet.Domain, null, CancellationToken.None)).Messages);
            await AddAsync(Message("new", 1));
            Assert.Equal(["new"], await ReadAsync(Everything));
            await ReopenAsync();
            Assert.Equal(["new"], await ReadAsync(Everything));
            Assert.Equal(round + 1, await CountAsync(Everything, account: Romeo));
            await RenewAccountAsync(Juliet);
        }
    }

    [Fact]
    public async Task Whoever_reads_sees_what_was_begun_to_be_added_before()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var results = await AtOnceAsync(async i =>
        {
            var message = Message($"{i}", i, account: i % 2 == 0 ? Juliet : Romeo);
            var adding = Archive.AddAsync([message], CancellationToken.None);
            var page = await Archive.ReadAsync(message.Account, new() { Ids = [message.Id] }, 1, false, CancellationToken.None);
            await adding;
            return page is not null;
        });

        Assert.DoesNotContain(false, results);
        Assert.Equal(Callers / 2, await CountAsync(Everything));
    }

    [Fact]
    public async Task Whoever_reads_on_while_messages_come_misses_none_that_lie_ahead()
    {
        const int Senders = 10;
        const int Each = 50;
        await AddAccountsAsync(Juliet);

        var sending = AtOnceAsync(async sender =>
        {
            for (var i = 0; i < Each; i++)
                await AddAsync(Message($"{sender}/{i}", i));
            return true;
        }, Senders);
        while (!sending.IsCompleted)
        {
            var page = (await ReadPageAsync(Everything))!.Messages;
            Assert.Equal(page.OrderBy(message => message.Id.Value), page);
        }

        await sending;
        Assert.Equal(Senders * Each, (await ReadAsync(Everything)).Distinct().Count());
    }

    [Fact]
    public async Task Of_many_that_remove_at_once_each_message_is_counted_once()
    {
        const int Messages = 200;
        await AddAccountsAsync(Juliet);
        await AddAsync([.. Enumerable.Range(0, Messages).Select(i => Message($"{i}", i))]);

        var removed = await AtOnceAsync(
            _ => Archive.RemoveAsync(Juliet, null, null, keep: 20, limit: 30, CancellationToken.None));

        Assert.Equal(Messages - 20, removed.Sum());
        Assert.Equal(20, await CountAsync(Everything));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        var message = await AddAsync(Message("a message"));
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Archive.AddAsync([Message("another")], cancelled).AsTask());
        await AssertCancelledAsync(Archive.ReadAsync(Juliet, Everything, 10, false, cancelled).AsTask());
        await AssertCancelledAsync(Archive.CountAsync(Juliet, Everything, 10, cancelled).AsTask());
        await AssertCancelledAsync(Archive.FindEndsAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(Archive.ReplaceAsync(Juliet, message.Id, default, cancelled).AsTask());
        await AssertCancelledAsync(Archive.RemoveAsync(Juliet, null, null, 0, 10, cancelled).AsTask());
        await AssertCancelledAsync(Archive.ListOwnersAsync(Juliet.Domain, null, 10, cancelled).AsTask());
        await AssertCancelledAsync(Archive.CountAllAsync(Juliet.Domain, null, cancelled).AsTask());
        await AssertCancelledAsync(Archive.ListConversationsAsync(Juliet, null, false, 10, cancelled).AsTask());
        await AssertCancelledAsync(Archive.CountConversationsAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(Archive.FindConversationsAsync(Juliet, [Romeo], cancelled).AsTask());
        await AssertCancelledAsync(Archive.FindRoomConversationAsync(Juliet, Romeo, null, cancelled).AsTask());
        await AssertCancelledAsync(Archive.MarkReadAsync(Juliet, Romeo, message.Id, cancelled).AsTask());

        Assert.Equal(["a message"], await ReadAsync(Everything));
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_an_account_can_have_an_archive(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await AddAsync(Message("a message", account: jid)));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ReadAsync(Everything, account: jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await CountAsync(Everything, account: jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Archive.FindEndsAsync(jid, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await Archive.RemoveAsync(jid, null, null, 0, 1, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await Archive.ListConversationsAsync(jid, null, false, 1, CancellationToken.None));
    }

    private async Task AssertAsync(string[] expected, ArchiveQuery query)
    {
        Assert.Equal(expected, await ReadAsync(query));
        Assert.Equal(expected, await ReadAsync(query, isFromEnd: true));
        Assert.Equal(expected.Take(1), await ReadAsync(query, 1));
        Assert.Equal(expected.TakeLast(1), await ReadAsync(query, 1, isFromEnd: true));
        Assert.Equal(expected.Length < 2, (await ReadPageAsync(query, 1))!.IsComplete);
        Assert.Equal(expected.Length, await CountAsync(query));
    }
}
