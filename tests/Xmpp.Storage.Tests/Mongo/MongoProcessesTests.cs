using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>What one process sees of another one's changes, and when.</summary>
public sealed class MongoProcessesTests : MongoTest
{
    private const int Limit = 2;

    [Fact]
    public async Task An_account_that_another_process_deletes_is_gone_after_a_while_and_leaves_nothing()
    {
        await AddAsync(Juliet);
        var id = await IdOfAsync(Juliet);
        Assert.Equal(OfflineOutcome.Kept, await AddMessageAsync(Store));
        await using (var other = await Database.OpenAsync())
            Assert.True(await other.Accounts.DeleteAsync(Juliet, CancellationToken.None));

        // That long it is believed to be there.
        Assert.Equal(OfflineOutcome.Kept, await AddMessageAsync(Store));
        Time.Ahead += AccountIds.MaxAge;
        Assert.Equal(OfflineOutcome.NoAccount, await AddMessageAsync(Store));

        Time.Ahead += DeletedOwners.Settled;
        await ReopenAsync();
        await Store.Deleted.Sweep;
        Assert.All(await CountDataAsync(id), count => Assert.Equal(0, count));
    }

    [Fact]
    public async Task New_keys_hold_everywhere_after_a_while()
    {
        await AddAsync(Juliet);
        await Store.Accounts.FindAsync(Juliet, CancellationToken.None);
        await using (var other = await Database.OpenAsync())
            await other.Accounts.SetEnabledAsync(Juliet, false, CancellationToken.None);

        Time.Ahead += AccountIds.MaxAge;

        Assert.False((await Store.Accounts.FindAsync(Juliet, CancellationToken.None))!.Enabled);
    }

    [Fact]
    public async Task What_another_process_removes_makes_room_after_a_while()
    {
        await AddAsync(Juliet);
        for (var i = 0; i < Limit; i++)
            Assert.Equal(OfflineOutcome.Kept, await AddMessageAsync(Store));
        await using (var other = await Database.OpenAsync())
            Assert.Equal(Limit, await other.Offline.RemoveAsync(Juliet, 0, long.MaxValue, CancellationToken.None));

        Assert.Equal(OfflineOutcome.Full, await AddMessageAsync(Store));
        Time.Ahead += TimeSpan.FromMinutes(1);
        Assert.Equal(OfflineOutcome.Kept, await AddMessageAsync(Store));
    }

    [Fact]
    public async Task Messages_follow_those_of_a_process_whose_clock_is_ahead()
    {
        await AddAsync(Juliet);
        Time.Ahead = TimeSpan.FromHours(1);
        await AddMessageAsync(Store);
        await using var other = await Database.OpenAsync();

        await AddMessageAsync(other);

        var messages = await other.Offline.ReadAsync(Juliet, 0, 10, CancellationToken.None);
        Assert.Equal(2, messages.Count);
        Assert.Equal(messages[0].Id + 1, messages[1].Id);
    }

    private static ValueTask<OfflineOutcome> AddMessageAsync(IStore store) =>
        store.Offline.AddAsync(Juliet, Created, Octets("a message"), Limit, CancellationToken.None);
}
