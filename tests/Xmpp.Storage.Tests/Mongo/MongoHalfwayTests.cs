using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>Changes of several documents that end between two of them; docs/storage.md has the table.</summary>
public sealed class MongoHalfwayTests : MongoTest
{
    [Fact]
    public async Task A_contact_is_gone_and_the_version_does_not_say_so()
    {
        await AddAsync(Juliet);
        var version = (await LoadAsync()).Version;
        await ApplyAsync(new(version) { Saved = [new RosterEntry(Contact("a")) { IsApproved = true }] });
        var change = new RosterChange(version + 1) { Deleted = [Contact("a")] };
        await FailAsync("update");

        await Assert.ThrowsAsync<StoreException>(() => ApplyAsync(change));

        await ReopenAsync();
        Assert.Equal((version, 0, 0), Describe(await LoadAsync()));
        await ApplyAsync(change);
        Assert.Equal((version + 1, 0, 0), Describe(await LoadAsync()));
    }

    [Fact]
    public async Task Several_contacts_are_removed_and_some_are_left()
    {
        await AddAsync(Juliet);
        var version = (await LoadAsync()).Version + 1;
        var approved = new RosterEntry(Contact("c")) { IsApproved = true };
        await ApplyAsync(new(version) { Saved = [Listed("a", version), Listed("b", version), approved] });
        // Replacements of those that were listed, then a deletion.
        var change = new RosterChange(version + 1) { Deleted = [Contact("a"), Contact("b"), Contact("c")] };
        await FailAsync("delete");

        await Assert.ThrowsAsync<StoreException>(() => ApplyAsync(change));

        await ReopenAsync();
        Assert.Equal((version + 1, 1, 2), Describe(await LoadAsync()));
        await ApplyAsync(change);
        Assert.Equal((version + 1, 0, 2), Describe(await LoadAsync()));
    }

    [Fact]
    public async Task Old_removals_are_below_the_floor_and_not_deleted()
    {
        const int Contacts = 120;
        await AddAsync(Juliet);
        var start = (await LoadAsync()).Version;
        await ApplyAsync(new(start + 1) { Saved = [.. Enumerable.Range(0, Contacts).Select(i => Listed($"{i}", start + 1))] });
        for (var i = 0; i < Contacts - 1; i++)
            await ApplyAsync(new(start + 2 + i) { Deleted = [Contact($"{i}")] });
        await FailAsync("delete", times: 1);

        // It is done all the same.
        await ApplyAsync(new(start + 2 + Contacts) { Deleted = [Contact($"{Contacts - 1}")] });

        await ReopenAsync();
        await FailNoMoreAsync();
        var roster = await LoadAsync();
        Assert.All(roster.Removed, removal => Assert.True(removal.Version >= roster.Floor));
        var counts = await Store.Transfer.CountAsync(Created, CancellationToken.None);
        Assert.Equal(roster.Removed.Count, counts[RecordKind.Removal]);
        Assert.InRange(roster.Removed.Count, MongoRosters.MaxRemoved, MongoRosters.MaxRemoved + 1);
    }

    [Fact]
    public async Task Too_many_are_blocked_rather_than_too_few()
    {
        await AddAsync(Juliet);
        await Store.BlockLists.ChangeAsync(Juliet, [Contact("a")], [], CancellationToken.None);
        await FailAsync("delete");

        await Assert.ThrowsAsync<StoreException>(
            async () => await Store.BlockLists.ChangeAsync(Juliet, [Contact("b")], [Contact("a")], CancellationToken.None));

        await ReopenAsync();
        Assert.Equal(2, (await Store.BlockLists.LoadAsync(Juliet, CancellationToken.None)).Count);
        await Store.BlockLists.ChangeAsync(Juliet, [Contact("b")], [Contact("a")], CancellationToken.None);
        Assert.Equal([Contact("b")], await Store.BlockLists.LoadAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task An_invitation_without_uses_is_left_and_not_found()
    {
        await Store.Invitations.AddAsync(
            new("once", Juliet.Domain, null, true, "reserved", Created.AddDays(1), 1), CancellationToken.None);
        await FailAsync("delete");

        Assert.NotNull(await Store.Invitations.UseAsync("once", Created, CancellationToken.None));

        Assert.Equal(1, await Collections.Invitations.CountAsync(default, null, CancellationToken.None));
        Assert.Null(await Store.Invitations.FindAsync("once", Created, CancellationToken.None));
        Assert.Null(await Store.Invitations.UseAsync("once", Created, CancellationToken.None));
        Assert.False(await Store.Invitations.IsReservedAsync(Juliet.Domain, "reserved", Created, CancellationToken.None));
        Assert.Empty(await Store.Invitations.ListAsync(Juliet.Domain, Created, CancellationToken.None));
    }

    [Fact]
    public async Task A_message_that_was_refused_takes_no_room()
    {
        await AddAsync(Juliet);
        Assert.Equal(OfflineOutcome.Kept, await AddMessageAsync());
        await FailAsync("insert", times: 2);
        await Assert.ThrowsAsync<StoreException>(AddMessageAsync);
        await Assert.ThrowsAsync<StoreException>(AddMessageAsync);

        Assert.Equal(OfflineOutcome.Kept, await AddMessageAsync());
        Assert.Equal(OfflineOutcome.Full, await AddMessageAsync());

        async Task<OfflineOutcome> AddMessageAsync() =>
            await Store.Offline.AddAsync(Juliet, Created, Octets("a message"), limit: 2, CancellationToken.None);
    }

    private async Task<StoredRoster> LoadAsync() => (await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!;

    private async Task ApplyAsync(RosterChange change) =>
        Assert.True(await Store.Rosters.ApplyAsync(Juliet, change, CancellationToken.None));

    private static (long Version, int Entries, int Removed) Describe(StoredRoster roster) =>
        (roster.Version, roster.Entries.Count, roster.Removed.Count);
}
