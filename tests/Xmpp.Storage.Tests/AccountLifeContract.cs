using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>That everything of an account goes with it, whatever happens at the same time.</summary>
public abstract class AccountLifeContract(TestDatabase database) : StoreContract(database)
{
    private static readonly AccountDataLimit NoLimit = new(int.MaxValue, long.MaxValue);

    [Fact]
    public async Task What_is_written_while_an_account_is_deleted_is_not_its_successors()
    {
        const int Rounds = 10;
        const int Writers = 25;
        for (var round = 0; round < Rounds; round++)
        {
            await AddAccountsAsync(Juliet);
            var writing = AtOnceAsync(WriteAsync, Writers);
            Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));
            await writing;

            await AddAccountsAsync(Juliet);
            await AssertNewAsync();
            Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));
            await ReopenAsync();
        }
    }

    [Fact]
    public async Task Of_many_that_add_and_delete_an_account_at_once_each_is_told_what_he_did()
    {
        const int Rounds = 10;
        for (var round = 0; round < Rounds; round++)
        {
            var before = await CountAsync();
            var changes = await AtOnceAsync(async i => i % 2 == 0
                ? await Store.Accounts.AddAsync(new Account(Juliet, [], Enabled: true, Created, null), CancellationToken.None) ? 1 : 0
                : await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None) ? -1 : 0);

            Assert.Equal(before + changes.Sum(), await CountAsync());
            Assert.Equal(await CountAsync() == 1, await Store.Accounts.FindAsync(Juliet, CancellationToken.None) is not null);
        }
    }

    [Fact]
    public async Task An_account_that_is_made_again_and_again_has_only_what_it_got_since()
    {
        for (var round = 0; round < 5; round++)
        {
            await AddAccountsAsync(Juliet);
            await AssertNewAsync();
            for (var i = 0; i < 6; i++)
                Assert.True(await WriteAsync(i));
            Assert.Equal(1, await Store.Offline.CountAsync(Juliet, CancellationToken.None));
            Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));
        }
    }

    // True when it was written.
    private async ValueTask<bool> WriteAsync(int i) => (i % 6) switch
    {
        0 => await Store.Offline.AddAsync(Juliet, Created, default, int.MaxValue, CancellationToken.None) is OfflineOutcome.Kept,
        1 => await Store.AccountData.SetAsync(Juliet, "kind", $"{i}", default, NoLimit, CancellationToken.None) is AccountDataOutcome.Kept,
        2 => await Store.BlockLists.ChangeAsync(Juliet, [Romeo], [], CancellationToken.None),
        3 => await Store.Rosters.ApplyAsync(Juliet, new(i) { Saved = [new(Romeo) { IsListed = true }] }, CancellationToken.None),
        4 => await Store.Invitations.AddAsync(
            new($"{Guid.NewGuid()}", Juliet.Domain, Juliet, true, "reserved", Created.AddYears(100), 1), CancellationToken.None),
        _ => await NoteAsync(),
    };

    private async ValueTask<bool> NoteAsync()
    {
        await Store.LastSeen.SetAsync(Juliet, new(Created, default), CancellationToken.None);
        await Store.Accounts.SetLastLoginAsync(Juliet, Created, CancellationToken.None);
        return true;
    }

    private async Task AssertNewAsync()
    {
        Assert.Equal(0, await Store.Offline.CountAsync(Juliet, CancellationToken.None));
        Assert.Empty(await Store.Offline.ReadAsync(Juliet, 0, 10, CancellationToken.None));
        Assert.Empty(await Store.AccountData.ListAsync(Juliet, "kind", CancellationToken.None));
        Assert.Empty(await Store.BlockLists.LoadAsync(Juliet, CancellationToken.None));
        Assert.Empty((await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!.Entries);
        Assert.Equal(0, await Store.Invitations.CountAsync(Juliet, Created, CancellationToken.None));
        Assert.Empty(await Store.Invitations.ListAsync(Juliet.Domain, Created, CancellationToken.None));
        Assert.False(await Store.Invitations.IsReservedAsync(Juliet.Domain, "reserved", Created, CancellationToken.None));
        Assert.Null(await Store.LastSeen.FindAsync(Juliet, CancellationToken.None));
        Assert.Null((await Store.Accounts.FindAsync(Juliet, CancellationToken.None))!.LastLogin);
    }

    private ValueTask<long> CountAsync() => Store.Accounts.CountAsync(Juliet.Domain, CancellationToken.None);
}
