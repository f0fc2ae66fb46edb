using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IRoomStore"/> promises, for every store that implements it.</summary>
public abstract class RoomStoreContract(TestDatabase database) : StoreContract(database)
{
    private const string Service = "chat.shakespeare.example";

    private static readonly Jid Coven = Jid.Parse($"coven@{Service}");
    private static readonly Jid Hag = Jid.Parse("hag66@shakespeare.example");
    private static readonly Jid Crone = Jid.Parse("crone1@shakespeare.example");
    private static readonly RoomSettings Plain = new(null, IsListed: true, IsPersistent: true, new Dictionary<string, string>());

    private IRoomStore Rooms => Store.Rooms;

    [Fact]
    public async Task A_room_is_found_as_it_was_added()
    {
        var room = new StoredRoom(
            Coven, Created,
            new("A Dark Cave", IsListed: false, IsPersistent: true, new Dictionary<string, string>
            {
                ["muc#roomconfig_roomdesc"] = "é\n\0'\";--\U0001F339",
                ["$set.a.b"] = "",
                [""] = "{}",
            }),
            new("Fire Burn and Cauldron Bubble!", "secondwitch", Hag, Created),
            [
                new(Crone, Affiliation.Owner)
                {
                    Reason = "A worthy witch indeed!", Nick = "thirdwitch", Version = 3, Notifications = RoomNotifications.Never,
                },
                new(Hag, Affiliation.None) { Nick = "Wyrd \U0001F339" },
                new(Jid.Parse("montague.example"), Affiliation.Outcast),
                new(LongJid.Bare, Affiliation.Member) { Version = long.MaxValue },
            ]);
        Assert.Null(await FindAsync(Coven));

        Assert.True(await Rooms.AddAsync(room, CancellationToken.None));

        AssertSame(room, await FindAsync(Coven));
        await ReopenAsync();
        AssertSame(room, await FindAsync(Coven));
        Assert.Null(await FindAsync(Jid.Parse($"coven2@{Service}")));
        Assert.Null(await FindAsync(Jid.Parse("coven@other.example")));
    }

    [Fact]
    public async Task A_room_may_have_nothing_yet()
    {
        await AddAsync(Coven);
        AssertSame(new(Coven, Created, Plain, null, []), await FindAsync(Coven));
    }

    [Fact]
    public async Task There_is_one_room_of_a_name()
    {
        await AddAsync(Coven, members: [new(Crone, Affiliation.Owner)]);
        Assert.False(await Rooms.AddAsync(new(Coven, Created, Plain, null, [new(Hag, Affiliation.Owner)]), CancellationToken.None));
        Assert.Equal([new(Crone, Affiliation.Owner)], (await FindAsync(Coven))!.Members);

        var other = Jid.Parse($"other@{Service}");
        var outcomes = await AtOnceAsync(_ => Rooms.AddAsync(new(other, Created, Plain, null, []), CancellationToken.None));
        Assert.Single(outcomes, added => added);
    }

    [Fact]
    public async Task A_change_replaces_what_it_names_and_leaves_the_rest()
    {
        await AddAsync(Coven, members: [new(Crone, Affiliation.Owner), new(Hag, Affiliation.Member)]);
        var settings = new RoomSettings("Cave", IsListed: false, IsPersistent: false, new Dictionary<string, string> { ["a"] = "1" });
        var subject = new RoomSubject("Toil", "firstwitch", null, Created.AddMinutes(1));

        Assert.True(await ApplyAsync(Coven, new() { Settings = settings }));
        AssertSame(
            new(Coven, Created, settings, null, [new(Crone, Affiliation.Owner), new(Hag, Affiliation.Member)]), await FindAsync(Coven));

        Assert.True(await ApplyAsync(Coven, new() { Subject = subject }));
        Assert.True(await ApplyAsync(Coven, new() { Saved = [new(Hag, Affiliation.Outcast) { Reason = "Treason" }] }));
        AssertSame(
            new(Coven, Created, settings, subject, [new(Crone, Affiliation.Owner), new(Hag, Affiliation.Outcast) { Reason = "Treason" }]),
            await FindAsync(Coven));

        Assert.True(await ApplyAsync(Coven, new() { Deleted = [Hag] }));
        Assert.True(await ApplyAsync(Coven, new() { Settings = Plain, Subject = new("", null, Hag, Created), Deleted = [Hag, Juliet] }));
        Assert.True(await ApplyAsync(Coven, new()));
        await ReopenAsync();
        AssertSame(
            new(Coven, Created, Plain, new("", null, Hag, Created), [new(Crone, Affiliation.Owner)]), await FindAsync(Coven));

        var nothing = Jid.Parse($"nothing@{Service}");
        Assert.False(await ApplyAsync(nothing, new() { Settings = settings, Saved = [new(Hag, Affiliation.Owner)] }));
        Assert.False(await ApplyAsync(nothing, new() { Saved = [new(Hag, Affiliation.Owner)] }));
    }

    [Fact]
    public async Task A_change_is_seen_whole_or_not_at_all()
    {
        const int Changes = 100;
        await AddAsync(Coven, members: [new(Crone, Affiliation.Owner)]);

        var changes = Task.Run(async () =>
        {
            for (var i = 0; i < Changes; i++)
            {
                await ApplyAsync(Coven, new() { Saved = [new(Hag, Affiliation.Owner)], Deleted = [Crone] });
                await ApplyAsync(Coven, new() { Saved = [new(Crone, Affiliation.Owner)], Deleted = [Hag] });
            }
        }, TestContext.Current.CancellationToken);
        do
            Assert.Single((await FindAsync(Coven))!.Members);
        while (!changes.IsCompleted);

        await changes;
    }

    [Fact]
    public async Task Many_change_a_room_at_once_and_nothing_is_lost()
    {
        await AddAsync(Coven);
        var people = Enumerable.Range(0, Callers).Select(i => Jid.Parse($"witch{i}@shakespeare.example")).ToArray();

        await AtOnceAsync(i => ApplyAsync(Coven, new()
        {
            Settings = Plain with { Name = $"{i}" },
            Saved = [new(people[i], Affiliation.Member), new(Crone, Affiliation.Owner)],
        }));

        Assert.Equal(
            people.Append(Crone).ToHashSet(), (await FindAsync(Coven))!.Members.Select(member => member.Jid).ToHashSet());
    }

    [Fact]
    public async Task A_long_list_of_members_is_kept()
    {
        var many = Enumerable.Range(0, 5_000).Select(i =>
            new RoomMember(Jid.Parse($"witch{i}@shakespeare.example"), Affiliation.Member) { Nick = $"witch {i}" }).ToArray();
        await AddAsync(Coven, members: many);
        Assert.Equal(many.ToHashSet(), (await FindAsync(Coven))!.Members.ToHashSet());

        Assert.True(await ApplyAsync(Coven, new() { Deleted = [.. many[1..].Select(member => member.Jid)] }));
        Assert.Equal(many[..1], (await FindAsync(Coven))!.Members);
    }

    [Fact]
    public async Task A_room_goes_with_all_that_is_its()
    {
        await AddAsync(Coven, members: [new(Crone, Affiliation.Owner), new(Hag, Affiliation.Member)]);
        Assert.True(await ApplyAsync(Coven, new() { Subject = new("Toil", null, null, Created) }));

        Assert.True(await RemoveAsync(Coven));
        Assert.False(await RemoveAsync(Coven));

        Assert.Null(await FindAsync(Coven));
        Assert.Empty(await ListRoomsOfAsync(Crone));
        Assert.Equal(0, await CountAsync(RoomFilter.All));
        await AddAsync(Coven);
        AssertSame(new(Coven, Created, Plain, null, []), await FindAsync(Coven));
    }

    [Fact]
    public async Task What_is_written_while_a_room_is_removed_is_not_its_successors()
    {
        for (var round = 0; round < 10; round++)
        {
            await AddAsync(Coven);
            var writing = AtOnceAsync(i => ApplyAsync(Coven, new() { Saved = [new(Hag, Affiliation.Member)], Deleted = [Crone] }), 10);
            Assert.True(await RemoveAsync(Coven));
            await writing;

            await AddAsync(Coven);
            AssertSame(new(Coven, Created, Plain, null, []), await FindAsync(Coven));
            Assert.True(await RemoveAsync(Coven));
        }
    }

    [Fact]
    public async Task Rooms_are_listed_in_pages_in_both_directions()
    {
        // In the order of UTF-8, which that of UTF-16 isn't.
        string[] names = ["a", "b", "ba", "c", "é", "\uFA0E", "\U00020000"];
        foreach (var name in names.Reverse())
        {
            var title = name == "b" ? null : $"Room {name}";
            await AddAsync(
                Jid.Parse($"{name}@{Service}"), Plain with { Name = title, IsListed = name != "c", IsPersistent = name != "é" });
        }

        await AddAsync(Jid.Parse("b@other.example"));
        names = [.. names.Select(name => Jid.Parse($"{name}@{Service}").Local!)];

        var all = await Rooms.ListAsync(Service, new(), 100, CancellationToken.None);
        Assert.Equal(names, all.Select(room => room.Room.Local));
        Assert.Equal(new(Jid.Parse($"b@{Service}"), null, IsListed: true, IsPersistent: true, Created), all[1]);
        Assert.Equal(new(Jid.Parse($"c@{Service}"), "Room c", IsListed: false, IsPersistent: true, Created), all[3]);

        var described = (await Rooms.ListAsync(Service, new() { WithValues = true }, 100, CancellationToken.None))[1];
        Assert.Equal(Plain.Values, described.Values!);
        Assert.Equal(all[1], described with { Values = null });

        Assert.Equal(names[..2], await ListAsync(new(), 2));
        Assert.Equal(names[2..4], await ListAsync(new(After: names[1]), 2));
        Assert.Equal(names[2..4], await ListAsync(new(After: names[1], Before: names[4]), 100));
        Assert.Equal(names[5..], await ListAsync(new(IsFromEnd: true), 2));
        Assert.Equal(names[1..3], await ListAsync(new(Before: names[3], IsFromEnd: true), 2));
        Assert.Equal(names[3..4], await ListAsync(new(After: "bb", Before: "d"), 2));
        Assert.Empty(await ListAsync(new(After: names[^1]), 2));
        Assert.Empty(await ListAsync(new(), 0));

        Assert.Equal(names.Where((_, i) => i != 3), await ListAsync(new(RoomFilter.Listed), 100));
        Assert.Equal(names[2..3], await ListAsync(new(RoomFilter.Listed, Before: names[4], IsFromEnd: true), 1));
        Assert.Equal(names[4..5], await ListAsync(new(RoomFilter.Temporary), 100));
        Assert.Equal((7, 6, 1), (
            await CountAsync(RoomFilter.All), await CountAsync(RoomFilter.Listed), await CountAsync(RoomFilter.Temporary)));
    }

    [Fact]
    public async Task Rooms_of_a_person_are_listed_in_pages()
    {
        string[] rooms = ["b@a.example", "a@b.example", "b@b.example", "c@b.example"];
        foreach (var room in rooms.Reverse())
        {
            var hag = new RoomMember(Hag, Affiliation.Outcast) { Reason = room, Notifications = RoomNotifications.Always };
            await AddAsync(Jid.Parse(room), members: [new(Crone, Affiliation.Owner), hag]);
        }

        await AddAsync(Coven, members: [new(Crone, Affiliation.Owner)]);

        var listed = await ListRoomsOfAsync(Hag);
        Assert.Equal(rooms, listed.Select(one => one.Room.ToString()));
        Assert.Equal(
            new(Hag, Affiliation.Outcast) { Reason = rooms[1], Notifications = RoomNotifications.Always }, listed[1].Member);
        Assert.Equal(rooms[1..3], (await ListRoomsOfAsync(Hag, after: rooms[0], count: 2)).Select(one => one.Room.ToString()));
        Assert.Equal(5, (await ListRoomsOfAsync(Crone)).Count);
        Assert.Empty(await ListRoomsOfAsync(Juliet));
        Assert.Empty(await ListRoomsOfAsync(Hag, count: 0));

        Assert.True(await ApplyAsync(Jid.Parse(rooms[0]), new() { Deleted = [Hag] }));
        Assert.Equal(rooms[1..], (await ListRoomsOfAsync(Hag)).Select(one => one.Room.ToString()));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAsync(Coven);
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Rooms.FindAsync(Coven, cancelled).AsTask());
        await AssertCancelledAsync(Rooms.AddAsync(new(Jid.Parse($"b@{Service}"), Created, Plain, null, []), cancelled).AsTask());
        await AssertCancelledAsync(Rooms.ApplyAsync(Coven, new() { Saved = [new(Hag, Affiliation.Owner)] }, cancelled).AsTask());
        await AssertCancelledAsync(Rooms.RemoveAsync(Coven, cancelled).AsTask());
        await AssertCancelledAsync(Rooms.ListAsync(Service, new(), 10, cancelled).AsTask());
        await AssertCancelledAsync(Rooms.CountAsync(Service, RoomFilter.All, cancelled).AsTask());
        await AssertCancelledAsync(Rooms.ListRoomsOfAsync(Hag, null, 10, cancelled).AsTask());

        AssertSame(new(Coven, Created, Plain, null, []), await FindAsync(Coven));
        Assert.Equal(1, await CountAsync(RoomFilter.All));
    }

    [Theory]
    [InlineData("coven@chat.shakespeare.example/thirdwitch")]
    [InlineData("chat.shakespeare.example")]
    public async Task Only_a_room_s_address_is_taken(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await FindAsync(jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await AddAsync(jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ApplyAsync(jid, new()));
        await Assert.ThrowsAsync<ArgumentException>(async () => await RemoveAsync(jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ListRoomsOfAsync(Hag, after: text));
    }

    private static void AssertSame(StoredRoom expected, StoredRoom? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal((expected.Room, expected.Created, expected.Subject), (actual.Room, actual.Created, actual.Subject));
        Assert.Equal(expected.Settings with { Values = actual.Settings.Values }, actual.Settings);
        Assert.Equal(expected.Settings.Values.OrderBy(value => value.Key), actual.Settings.Values.OrderBy(value => value.Key));
        Assert.Equal(expected.Members.Count, actual.Members.Count);
        Assert.Equal(expected.Members.ToHashSet(), actual.Members.ToHashSet());
    }

    private ValueTask<StoredRoom?> FindAsync(Jid room) => Rooms.FindAsync(room, CancellationToken.None);

    private async Task AddAsync(Jid room, RoomSettings? settings = null, RoomMember[]? members = null) =>
        Assert.True(await Rooms.AddAsync(new(room, Created, settings ?? Plain, null, members ?? []), CancellationToken.None));

    private ValueTask<bool> ApplyAsync(Jid room, RoomChange change) => Rooms.ApplyAsync(room, change, CancellationToken.None);

    private ValueTask<bool> RemoveAsync(Jid room) => Rooms.RemoveAsync(room, CancellationToken.None);

    private async Task<string?[]> ListAsync(RoomQuery query, int count) =>
        [.. (await Rooms.ListAsync(Service, query, count, CancellationToken.None)).Select(room => room.Room.Local)];

    private ValueTask<long> CountAsync(RoomFilter filter) => Rooms.CountAsync(Service, filter, CancellationToken.None);

    private ValueTask<IReadOnlyList<(Jid Room, RoomMember Member)>> ListRoomsOfAsync(Jid person, string? after = null, int count = 100) =>
        Rooms.ListRoomsOfAsync(person, after is null ? null : Jid.Parse(after), count, CancellationToken.None);
}
