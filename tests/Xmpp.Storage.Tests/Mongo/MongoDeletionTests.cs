using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>What becomes of an account's documents when it goes, wherever that is broken off.</summary>
public sealed class MongoDeletionTests : MongoTest
{
    private static readonly long[] Full = [2, 1, 1, 1, 1, 1, 1, 2];
    private static readonly long[] Empty = [0, 0, 0, 0, 0, 0, 0, 0];

    [Fact]
    public async Task Nothing_is_left_of_an_account_and_in_the_end_not_even_the_note()
    {
        await AddAsync(Juliet);
        await AddAsync(Romeo);
        await FillAsync(Juliet);
        await FillAsync(Romeo);
        var (hers, his) = (await IdOfAsync(Juliet), await IdOfAsync(Romeo));
        Assert.Equal(Full, await CountDataAsync(hers));

        Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));

        Assert.Equal(Empty, await CountDataAsync(hers));
        Assert.Equal(1, await CountNotesAsync());
        Time.Ahead += DeletedOwners.Settled;
        await WriteNotesAsync();
        Assert.Equal(0, await CountNotesAsync());
        Assert.Equal(Full, await CountDataAsync(his));
    }

    [Fact]
    public async Task What_a_process_that_died_has_left_is_erased_at_the_next_start()
    {
        await AddAsync(Juliet);
        await FillAsync(Juliet);
        var id = await IdOfAsync(Juliet);
        await Store.Deleted.NoteAsync(id);
        await RemoveAsync(id);

        await ReopenAsync();
        await Store.Deleted.Sweep;

        Assert.Equal(Empty, await CountDataAsync(id));
    }

    [Fact]
    public async Task Until_it_is_erased_nobody_finds_it()
    {
        await AddAsync(Juliet);
        await FillAsync(Juliet);
        await RemoveAsync(await IdOfAsync(Juliet));
        await ReopenAsync();

        Assert.Null(await Store.Invitations.FindAsync($"invitation of {Juliet}", Created, CancellationToken.None));
        Assert.Null(await Store.Invitations.UseAsync($"invitation of {Juliet}", Created, CancellationToken.None));
        Assert.Empty(await Store.Invitations.ListAsync(Juliet.Domain, Created, CancellationToken.None));
        Assert.Empty(await Store.Transfer.ReadInvitationsAsync("", Created, 10, CancellationToken.None));
        await AddAsync(Juliet);
        Assert.Null(await Store.Invitations.FindAsync($"invitation of {Juliet}", Created, CancellationToken.None));
        Assert.Equal(0, await Store.Invitations.CountAsync(Juliet, Created, CancellationToken.None));
        Assert.Empty((await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!.Entries);
        Assert.Equal(0, await Store.Offline.CountAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task A_write_that_was_under_way_is_erased_when_no_more_can_come()
    {
        await AddAsync(Juliet);
        await FillAsync(Juliet);
        var id = await IdOfAsync(Juliet);
        await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None);
        await Collections.Blocked.InsertAsync(MongoBlockLists.Document(id, Romeo), CancellationToken.None);
        await Collections.LastSeen.InsertAsync(MongoLastSeen.Write(id, Created, default), CancellationToken.None);

        Time.Ahead += DeletedOwners.Settled;
        await WriteNotesAsync();

        Assert.Equal(Empty, await CountDataAsync(id));
        Assert.Equal(0, await CountNotesAsync());
    }

    [Fact]
    public async Task An_account_whose_deletion_was_broken_off_before_it_went_keeps_everything()
    {
        await AddAsync(Juliet);
        await FillAsync(Juliet);
        var id = await IdOfAsync(Juliet);
        await FailAsync("delete");

        await Assert.ThrowsAsync<StoreException>(async () => await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));

        Assert.NotNull(await Store.Accounts.FindAsync(Juliet, CancellationToken.None));
        Time.Ahead += DeletedOwners.Settled;
        await WriteNotesAsync();
        Assert.Equal(Full, await CountDataAsync(id));
        Assert.Equal(1, await CountNotesAsync());

        // Who was about to delete it would have done so.
        Time.Ahead += TimeSpan.FromHours(1);
        await WriteNotesAsync();
        Assert.Equal(Full, await CountDataAsync(id));
        Assert.Equal(0, await CountNotesAsync());

        Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));
        Assert.Equal(Empty, await CountDataAsync(id));
    }

    [Fact]
    public async Task An_account_is_gone_even_when_its_data_can_not_be_erased_yet()
    {
        await AddAsync(Juliet);
        await FillAsync(Juliet);
        var id = await IdOfAsync(Juliet);
        await Store.Deleted.NoteAsync(id);
        await RemoveAsync(id);
        await FailAsync("delete", times: 1);

        await Store.Deleted.EraseAsync(id);
        Assert.Equal(Full, await CountDataAsync(id));

        await FailNoMoreAsync();
        Time.Ahead += DeletedOwners.Settled;
        await WriteNotesAsync();
        Assert.Equal(Empty, await CountDataAsync(id));
    }

    [Fact]
    public async Task Roster_versions_begin_behind_those_of_a_roster_that_no_document_of_the_account_shows()
    {
        await AddAsync(Juliet);
        var version = (await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!.Version + 1_000_000;
        await Store.Rosters.ApplyAsync(Juliet, new(version) { Saved = [Listed("a", version)] }, CancellationToken.None);

        await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None);
        await AddAsync(Juliet);

        Assert.True((await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!.Version > version);
    }

    /// <summary>The account's own document only.</summary>
    private async Task RemoveAsync(AccountId id) => await Collections.Accounts.DeleteAsync(AccountDocuments.ById(id));

    private ValueTask<long> CountNotesAsync() => Collections.DeletedAccounts.CountAsync(default);
}
