using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IArchiveStore"/> promises about conversations, for every store that implements it.</summary>
public abstract class ConversationsContract(TestDatabase database) : ArchiveContract(database)
{
    private const string Nurse = "nurse@capulet.example";

    private static readonly Jid NurseJid = Jid.Parse(Nurse);

    [Fact]
    public async Task Conversations_are_listed_with_what_is_unread()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await AddAsync(
            Message("1", 1), Message("2", 2, with: Nurse), Message("3", 3, isIncoming: false), Message("4", 4, with: "romeo@montague.example"),
            Message("chat marker", 5, isShown: false), Message("5", 6, with: "tybalt@capulet.example", isIncoming: false),
            Message("6", 7, with: "mercutio@montague.example", isShown: false));

        await AssertAsync(["tybalt 5: 0", "romeo 4: 2", "nurse 2: 1"]);
        Assert.Equal((3, 2, 3), await Archive.CountConversationsAsync(Juliet, CancellationToken.None));
        Assert.Empty(await Archive.ListConversationsAsync(Romeo, null, false, 10, CancellationToken.None));
        await ReopenAsync();
        await AssertAsync(["tybalt 5: 0", "romeo 4: 2", "nurse 2: 1"]);
        await AssertAsync(["romeo 4: 2", "nurse 2: 1"], isUnreadOnly: true);
    }

    [Fact]
    public async Task Pages_of_conversations_follow_each_other()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync([.. Enumerable.Range(0, 10).Select(i => Message($"{i}", i, with: $"friend{i}@verona.example", isIncoming: i % 3 == 0))]);

        foreach (var isUnreadOnly in (bool[])[false, true])
        {
            var all = await Archive.ListConversationsAsync(Juliet, null, isUnreadOnly, 100, CancellationToken.None);
            Assert.Equal(isUnreadOnly ? 4 : 10, all.Count);
            var seen = new List<Conversation>();
            while (await Archive.ListConversationsAsync(Juliet, seen.LastOrDefault()?.Last, isUnreadOnly, 3, CancellationToken.None)
                is { Count: > 0 } page)
                seen.AddRange(page);
            Assert.Equal(all, seen);
        }

        Assert.Empty(await Archive.ListConversationsAsync(Juliet, null, false, 0, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_read_is_read_and_what_comes_then_is_not()
    {
        await AddAccountsAsync(Juliet);
        var messages = await AddAsync(Message("1", 1), Message("2", 2), Message("3", 3), Message("hers", 3, with: Nurse));

        Assert.True(await Archive.MarkReadAsync(Juliet, Romeo, messages[1].Id, CancellationToken.None));
        await AssertAsync(["nurse hers: 1", "romeo 3: 1 behind 2"]);
        // Never back.
        Assert.True(await Archive.MarkReadAsync(Juliet, Romeo, messages[0].Id, CancellationToken.None));
        await AssertAsync(["nurse hers: 1", "romeo 3: 1 behind 2"]);
        Assert.True(await Archive.MarkReadAsync(Juliet, Romeo, messages[2].Id, CancellationToken.None));
        await AssertAsync(["nurse hers: 1", "romeo 3: 0 behind 3"]);
        await AssertAsync(["nurse hers: 1"], isUnreadOnly: true);
        // One that comes late was before what was read.
        await AddAsync(Message("late", 2.5), Message("4", 4));
        await ReopenAsync();
        await AssertAsync(["romeo 4: 1 behind 3", "nurse hers: 1"]);
        Assert.Equal((2, 2, 2), await Archive.CountConversationsAsync(Juliet, CancellationToken.None));

        Assert.False(await Archive.MarkReadAsync(Juliet, Jid.Parse("tybalt@capulet.example"), messages[0].Id, CancellationToken.None));
        Assert.False(await Archive.MarkReadAsync(Nobody, Romeo, messages[0].Id, CancellationToken.None));
    }

    [Fact]
    public async Task Some_conversations_are_found_by_whom_they_are_with()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await AddAsync(
            Message("1", 1), Message("2", 2, with: Nurse), Message("3", 3, isIncoming: false),
            Message("marker", 4, with: "tybalt@capulet.example", isShown: false));

        var found = await FindAsync(Juliet, "romeo@montague.example", "tybalt@capulet.example", "paris@verona.example");
        Assert.Equal(await Archive.ListConversationsAsync(Juliet, null, false, 1, CancellationToken.None), found);
        Assert.Equal(2, (await FindAsync(Juliet, Nurse, "romeo@montague.example")).Count);
        Assert.Empty(await FindAsync(Juliet));
        Assert.Empty(await FindAsync(Romeo, Nurse));
        Assert.Empty(await FindAsync(Nobody, Nurse));

        async Task<IReadOnlyList<Conversation>> FindAsync(Jid account, params string[] with) =>
            await Archive.FindConversationsAsync(account, [.. with.Select(Jid.Parse)], CancellationToken.None);
    }

    [Fact]
    public async Task A_room_is_one_conversation_for_who_reads_it()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var paris = Jid.Parse("paris@verona.example");
        var messages = await AddAsync(
            Message("1", 1), Message("2", 2, with: Nurse), Message("marker", 3, isShown: false), Message("3", 4, with: Nurse),
            Message("4", 5), Message("another marker", 6, with: Nurse, isShown: false));

        foreach (var again in (bool[])[false, true])
        {
            // Whoever has said something has read what was before.
            Assert.Equal(new(Juliet, messages[4].Id, 4, null), await FindAsync(paris, null));
            Assert.Equal(new(Juliet, messages[4].Id, 1, messages[3].Id), await FindAsync(NurseJid, null));
            Assert.Equal(new(Juliet, messages[4].Id, 0, messages[4].Id), await FindAsync(Romeo, messages[0].Id));
            Assert.Equal(new(Juliet, messages[4].Id, 2, messages[2].Id), await FindAsync(paris, messages[2].Id));
            Assert.Equal(new(Juliet, messages[4].Id, 0, messages[5].Id), await FindAsync(paris, messages[5].Id));
            if (!again)
                await ReopenAsync();
        }

        Assert.Null(await Archive.FindRoomConversationAsync(Romeo, paris, null, CancellationToken.None));
        Assert.Null(await Archive.FindRoomConversationAsync(Nobody, paris, null, CancellationToken.None));
        await AddAsync([.. Enumerable.Range(0, 1_005)
            .Select(i => Message($"{i}", 10 + i, with: i % 2 == 0 ? Nurse : "tybalt@capulet.example"))]);
        Assert.Equal(1_000, (await FindAsync(paris, messages[5].Id))!.Unread);

        async Task<Conversation?> FindAsync(Jid reader, Core.Extensions.SortableId? readUpTo) =>
            await Archive.FindRoomConversationAsync(Juliet, reader, readUpTo, CancellationToken.None);
    }

    [Fact]
    public async Task Adding_one_again_counts_it_once()
    {
        await AddAccountsAsync(Juliet);
        var message = await AddAsync(Message("1", 1));
        await AddAsync(message, message, Message("2", 2));
        await AddAsync(message);

        await AssertAsync(["romeo 2: 2"]);
    }

    [Fact]
    public async Task Unread_messages_are_counted_up_to_a_thousand()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync([.. Enumerable.Range(0, 1_005).Select(i => Message($"{i}", i))]);

        await AssertAsync(["romeo 1004: 1000"]);
    }

    [Fact]
    public async Task What_is_removed_is_neither_unread_nor_the_last_any_more()
    {
        await AddAccountsAsync(Juliet);
        var messages = await AddAsync(
            Message("1", 1), Message("2", 2, with: Nurse), Message("3", 3), Message("4", 4, with: Nurse, isIncoming: false),
            Message("5", 5), Message("marker", 6, isShown: false));
        await Archive.MarkReadAsync(Juliet, Romeo, messages[0].Id, CancellationToken.None);
        await AssertAsync(["romeo 5: 2 behind 1", "nurse 4: 1"]);

        await RemoveAsync(3);
        await AssertAsync(["romeo 5: 1 behind ?", "nurse 4: 0"]);
        Assert.Equal((2, 1, 1), await Archive.CountConversationsAsync(Juliet, CancellationToken.None));
        await RemoveAsync(1);
        await AssertAsync(["romeo 5: 1 behind ?"]);
        await RemoveAsync(1);
        await AssertAsync([]);
        Assert.Equal((0, 0, 0), await Archive.CountConversationsAsync(Juliet, CancellationToken.None));
        Assert.False(await Archive.MarkReadAsync(Juliet, Romeo, messages[4].Id, CancellationToken.None));
        await RemoveAsync(1);
        await AddAsync(Message("new", 7), Message("newer", 8, with: Nurse));
        await AssertAsync(["nurse newer: 1", "romeo new: 1"]);

        async Task RemoveAsync(int count) =>
            Assert.Equal(count, await Archive.RemoveAsync(Juliet, null, null, 0, count, CancellationToken.None));
    }

    [Fact]
    public async Task Removing_one_conversation_leaves_the_others()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(Message("1", 1), Message("2", 2, with: Nurse), Message("3", 3), Message("4", 4, with: Nurse));

        Assert.Equal(2, await Archive.RemoveAsync(Juliet, null, NurseJid, 0, 10, CancellationToken.None));

        await AssertAsync(["romeo 3: 2"]);
        await AddAsync(Message("5", 5, with: Nurse));
        await AssertAsync(["nurse 5: 1", "romeo 3: 2"]);
    }

    [Fact]
    public async Task Of_many_that_come_and_are_read_at_once_none_is_lost()
    {
        await AddAccountsAsync(Juliet);
        var ids = await AtOnceAsync(async i =>
        {
            var message = await AddAsync(Message($"{i}", i));
            Assert.True(await Archive.MarkReadAsync(Juliet, Romeo, i < 20 ? message.Id : default, CancellationToken.None));
            return message.Id;
        });

        var conversation = Assert.Single(await Archive.ListConversationsAsync(Juliet, null, false, 10, CancellationToken.None));
        Assert.Equal(new Conversation(Romeo, ids[^1], Callers - 20, ids[19]), conversation);
    }

    // "who last: unread behind what was read"; what was removed is a "?".
    private async Task AssertAsync(string[] expected, bool isUnreadOnly = false)
    {
        var bodies = (await ReadPageAsync(Everything))!.Messages.ToDictionary(message => message.Id, Body);
        var list = await Archive.ListConversationsAsync(Juliet, null, isUnreadOnly, 100, CancellationToken.None);
        Assert.Equal(expected, list.Select(conversation =>
            $"{conversation.With.Local} {bodies[conversation.Last]}: {conversation.Unread}"
            + (conversation.ReadUpTo is { } read ? $" behind {bodies.GetValueOrDefault(read, "?")}" : "")));
    }
}
