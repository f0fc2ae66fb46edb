using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IBlockListStore"/> promises, for every store that implements it.</summary>
public abstract class BlockListStoreContract(TestDatabase database) : StoreContract(database)
{
    private static readonly Jid Paris = Jid.Parse("paris@verona.example");
    private static readonly Jid Tybalt = Jid.Parse("tybalt@capulet.example/a resource");
    private static readonly Jid Domain = Jid.Parse("münchen.example");

    private IBlockListStore BlockLists => Store.BlockLists;

    [Fact]
    public async Task A_list_is_empty_until_somebody_is_blocked()
    {
        await AddAccountsAsync(Juliet, Romeo);
        Assert.Empty(await LoadAsync(Juliet));

        Assert.True(await ChangeAsync(Juliet, added: [Paris, Tybalt, Domain]));

        await ReopenAsync();
        AssertSame([Paris, Tybalt, Domain], await LoadAsync(Juliet));
        Assert.Empty(await LoadAsync(Romeo));
    }

    [Fact]
    public async Task A_change_adds_and_removes_and_may_name_what_is_so_already()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await ChangeAsync(Juliet, added: [Paris, Tybalt]);
        await ChangeAsync(Romeo, added: [Paris]);

        Assert.True(await ChangeAsync(Juliet, added: [Tybalt, Domain, Domain], removed: [Paris, Nobody]));
        AssertSame([Tybalt, Domain], await LoadAsync(Juliet));

        Assert.True(await ChangeAsync(Juliet, removed: [Tybalt, Tybalt]));
        Assert.True(await ChangeAsync(Juliet));
        AssertSame([Domain], await LoadAsync(Juliet));
        AssertSame([Paris], await LoadAsync(Romeo));
    }

    [Fact]
    public async Task A_change_is_seen_whole_or_not_at_all()
    {
        const int Changes = 200;
        await AddAccountsAsync(Juliet);
        await ChangeAsync(Juliet, added: [Paris]);

        var changes = Task.Run(async () =>
        {
            for (var i = 0; i < Changes; i++)
            {
                await ChangeAsync(Juliet, added: [Tybalt], removed: [Paris]);
                await ChangeAsync(Juliet, added: [Paris], removed: [Tybalt]);
            }
        }, TestContext.Current.CancellationToken);
        do
            Assert.Single(await LoadAsync(Juliet));
        while (!changes.IsCompleted);

        await changes;
    }

    [Fact]
    public async Task Many_change_a_list_at_once_and_nothing_is_lost()
    {
        await AddAccountsAsync(Juliet);
        var blocked = Enumerable.Range(0, Callers).Select(i => Jid.Parse($"contact{i}@montague.example")).ToArray();

        await AtOnceAsync(i => ChangeAsync(Juliet, added: [blocked[i], Paris]));

        AssertSame([.. blocked, Paris], await LoadAsync(Juliet));
    }

    [Fact]
    public async Task A_long_list_is_kept()
    {
        await AddAccountsAsync(Juliet);
        var many = Enumerable.Range(0, 5000).Select(i => Jid.Parse($"contact{i}@montague.example"));
        Jid[] blocked = [.. many, LongJid, Jid.Parse("$a.b@c.d/$e.f")];

        await ChangeAsync(Juliet, added: blocked);

        AssertSame(blocked, await LoadAsync(Juliet));

        await ChangeAsync(Juliet, removed: [.. blocked[1..], Nobody]);
        AssertSame(blocked[..1], await LoadAsync(Juliet));
    }

    [Fact]
    public async Task Nobody_blocks_nobody()
    {
        Assert.Empty(await LoadAsync(Nobody));
        Assert.False(await ChangeAsync(Nobody, added: [Paris]));
        Assert.Empty(await LoadAsync(Nobody));
    }

    [Fact]
    public async Task A_list_goes_with_the_account()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await ChangeAsync(Juliet, added: [Paris]);
        await ChangeAsync(Romeo, added: [Paris]);

        await RenewAccountAsync(Juliet);

        Assert.Empty(await LoadAsync(Juliet));
        AssertSame([Paris], await LoadAsync(Romeo));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(BlockLists.LoadAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(BlockLists.ChangeAsync(Juliet, [Paris], [], cancelled).AsTask());

        Assert.Empty(await LoadAsync(Juliet));
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_an_account_can_have_a_list(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await LoadAsync(jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ChangeAsync(jid));
    }

    private ValueTask<IReadOnlyList<Jid>> LoadAsync(Jid account) => BlockLists.LoadAsync(account, CancellationToken.None);

    private ValueTask<bool> ChangeAsync(Jid account, Jid[]? added = null, Jid[]? removed = null) =>
        BlockLists.ChangeAsync(account, added ?? [], removed ?? [], CancellationToken.None);

    private static void AssertSame(Jid[] expected, IReadOnlyList<Jid> actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        Assert.Equal(expected.ToHashSet(), actual.ToHashSet());
    }
}
