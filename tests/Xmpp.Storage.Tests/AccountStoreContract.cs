using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IAccountStore"/> promises, for every store that implements it.</summary>
public abstract class AccountStoreContract(TestDatabase database) : StoreContract(database)
{
    private const string Host = "capulet.example";

    private IAccountStore Accounts => Store.Accounts;

    [Fact]
    public async Task An_account_is_found_as_it_was_added()
    {
        var added = NewAccount(Juliet, lastLogin: Created.AddDays(1), enabled: false);

        Assert.True(await Accounts.AddAsync(added, CancellationToken.None));

        AssertSame(added, await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task An_account_that_never_logged_in_and_has_no_keys_is_found_so()
    {
        var added = NewAccount(Juliet) with { Keys = [] };

        await Accounts.AddAsync(added, CancellationToken.None);

        AssertSame(added, await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task An_account_that_was_never_added_is_not_found_and_not_changed()
    {
        Assert.Null(await Accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.False(await Accounts.SetKeysAsync(Juliet, Keys(1), CancellationToken.None));
        Assert.False(await Accounts.SetEnabledAsync(Juliet, false, CancellationToken.None));
        Assert.False(await Accounts.DeleteAsync(Juliet, CancellationToken.None));
        await Accounts.SetLastLoginAsync(Juliet, Created, CancellationToken.None);
        Assert.Null(await Accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.Equal(0, await Accounts.CountAsync(Host, CancellationToken.None));
    }

    [Fact]
    public async Task A_name_is_taken_once_and_the_first_account_stays()
    {
        var first = NewAccount(Juliet, seed: 1);
        await Accounts.AddAsync(first, CancellationToken.None);

        Assert.False(await Accounts.AddAsync(NewAccount(Juliet, seed: 2), CancellationToken.None));

        AssertSame(first, await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task The_same_name_on_another_host_is_another_account()
    {
        var namesake = Jid.Parse("juliet@montague.example");
        await Accounts.AddAsync(NewAccount(Juliet, seed: 1), CancellationToken.None);
        await Accounts.AddAsync(NewAccount(namesake, seed: 2), CancellationToken.None);

        await Accounts.DeleteAsync(Juliet, CancellationToken.None);

        AssertSame(NewAccount(namesake, seed: 2), await Accounts.FindAsync(namesake, CancellationToken.None));
        Assert.Equal(0, await Accounts.CountAsync(Host, CancellationToken.None));
        Assert.Equal(1, await Accounts.CountAsync("montague.example", CancellationToken.None));
    }

    [Theory]
    [InlineData("ĝis")]
    [InlineData("ジュリエット")]
    [InlineData("𐐨𠀀")]
    [InlineData("per%cent_under-score")]
    [InlineData("semi;colon--dash")]
    [InlineData("$name?1\\n")]
    public async Task Any_name_is_kept_as_it_is(string name)
    {
        Assert.True(Jid.TryCreate(name, Host, null, out var jid));
        await Accounts.AddAsync(NewAccount(jid), CancellationToken.None);

        AssertSame(NewAccount(jid), await Accounts.FindAsync(jid, CancellationToken.None));
        Assert.Equal([jid.Local!], await NamesAsync(null, 10));
    }

    [Fact]
    public async Task New_keys_replace_all_of_the_old()
    {
        await Accounts.AddAsync(NewAccount(Juliet, seed: 1), CancellationToken.None);

        Assert.True(await Accounts.SetKeysAsync(Juliet, [Keys(2)[1]], CancellationToken.None));

        AssertSame(NewAccount(Juliet) with { Keys = [Keys(2)[1]] }, await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task An_account_is_disabled_and_enabled_without_losing_anything()
    {
        await Accounts.AddAsync(NewAccount(Juliet), CancellationToken.None);

        Assert.True(await Accounts.SetEnabledAsync(Juliet, false, CancellationToken.None));
        AssertSame(NewAccount(Juliet, enabled: false), await Accounts.FindAsync(Juliet, CancellationToken.None));

        Assert.True(await Accounts.SetEnabledAsync(Juliet, true, CancellationToken.None));
        AssertSame(NewAccount(Juliet), await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task A_deleted_account_is_gone_and_its_name_is_free_for_a_fresh_one()
    {
        await Accounts.AddAsync(NewAccount(Juliet, seed: 1), CancellationToken.None);
        await Accounts.SetLastLoginAsync(Juliet, Created.AddDays(1), CancellationToken.None);

        Assert.True(await Accounts.DeleteAsync(Juliet, CancellationToken.None));
        Assert.Null(await Accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.False(await Accounts.DeleteAsync(Juliet, CancellationToken.None));

        Assert.True(await Accounts.AddAsync(NewAccount(Juliet) with { Keys = [] }, CancellationToken.None));
        AssertSame(NewAccount(Juliet) with { Keys = [] }, await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task The_last_login_is_seen_at_once_and_kept()
    {
        await Accounts.AddAsync(NewAccount(Juliet), CancellationToken.None);
        await Accounts.AddAsync(NewAccount(Romeo), CancellationToken.None);

        await Accounts.SetLastLoginAsync(Juliet, Created.AddDays(1), CancellationToken.None);
        await Accounts.SetLastLoginAsync(Juliet, Created.AddDays(2), CancellationToken.None);

        AssertSame(NewAccount(Juliet, lastLogin: Created.AddDays(2)), await Accounts.FindAsync(Juliet, CancellationToken.None));
        AssertSame(NewAccount(Juliet, lastLogin: Created.AddDays(2)), Assert.Single(await ListAsync(null, 10)));
        await ReopenAsync();
        AssertSame(NewAccount(Juliet, lastLogin: Created.AddDays(2)), await Accounts.FindAsync(Juliet, CancellationToken.None));
        AssertSame(NewAccount(Romeo), await Accounts.FindAsync(Romeo, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_done_is_there_after_a_restart()
    {
        await Accounts.AddAsync(NewAccount(Juliet, seed: 1), CancellationToken.None);
        await Accounts.SetKeysAsync(Juliet, Keys(2), CancellationToken.None);
        await Accounts.SetEnabledAsync(Juliet, false, CancellationToken.None);
        await Accounts.AddAsync(NewAccount(Romeo), CancellationToken.None);
        await Accounts.DeleteAsync(Romeo, CancellationToken.None);

        await ReopenAsync();

        AssertSame(NewAccount(Juliet, seed: 2, enabled: false), await Accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.Null(await Accounts.FindAsync(Romeo, CancellationToken.None));
    }

    [Fact]
    public async Task Pages_follow_each_other_in_the_order_of_the_names_octets()
    {
        // U+FA0E comes before U+20000, which UTF-16 would put first.
        string[] names = ["a", "a-", "a.b", "ab", "b", "z", "ĝis", "\uFA0E", "\U00020000"];
        foreach (var name in names.Reverse())
            await Accounts.AddAsync(NewAccount(Jid.Parse($"{name}@{Host}")), CancellationToken.None);
        await Accounts.AddAsync(NewAccount(Romeo), CancellationToken.None);

        var seen = new List<string>();
        for (string? after = null; await NamesAsync(after, 4) is { Length: > 0 } page; after = page[^1])
        {
            Assert.True(page.Length <= 4);
            seen.AddRange(page);
        }

        Assert.Equal(names, seen);
        Assert.Equal(names.Length, await Accounts.CountAsync(Host, CancellationToken.None));
    }

    [Fact]
    public async Task A_page_brings_the_accounts_whole()
    {
        var benvolio = NewAccount(Jid.Parse("benvolio@capulet.example"), seed: 1, enabled: false);
        var keyless = NewAccount(Jid.Parse("friar@capulet.example")) with { Keys = [] };
        var juliet = NewAccount(Juliet, seed: 2, lastLogin: Created.AddHours(1));
        foreach (var account in (Account[])[juliet, keyless, benvolio])
            await Accounts.AddAsync(account, CancellationToken.None);

        var page = await ListAsync(null, 10);

        Assert.Equal(3, page.Count);
        AssertSame(benvolio, page[0]);
        AssertSame(keyless, page[1]);
        AssertSame(juliet, page[2]);
    }

    [Fact]
    public async Task A_page_starts_behind_a_name_even_when_that_is_gone()
    {
        foreach (var name in (string[])["a", "c"])
            await Accounts.AddAsync(NewAccount(Jid.Parse($"{name}@{Host}")), CancellationToken.None);

        Assert.Equal(["c"], await NamesAsync("b", 10));
        Assert.Empty(await NamesAsync("c", 10));
        Assert.Empty(await NamesAsync(null, 0));
        Assert.Empty(await Accounts.ListAsync("nobody.example", null, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Of_many_that_want_a_name_at_once_exactly_one_gets_it()
    {
        const int Adds = 200;
        const int Names = 50;

        var won = await Task.WhenAll(Enumerable.Range(0, Adds).Select(i => Task.Run(async () =>
            await Accounts.AddAsync(NewAccount(Jid.Parse($"user{i % Names}@{Host}"), seed: i), CancellationToken.None))));

        Assert.Equal(Names, won.Count(w => w));
        Assert.Equal(Names, await Accounts.CountAsync(Host, CancellationToken.None));
        foreach (var winner in Enumerable.Range(0, Adds).Where(i => won[i]))
        {
            var jid = Jid.Parse($"user{winner % Names}@{Host}");
            AssertSame(NewAccount(jid, seed: winner), await Accounts.FindAsync(jid, CancellationToken.None));
        }
    }

    [Fact]
    public async Task Of_many_that_delete_an_account_at_once_exactly_one_does()
    {
        await Accounts.AddAsync(NewAccount(Juliet), CancellationToken.None);

        var deleted = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
            await Accounts.DeleteAsync(Juliet, CancellationToken.None))));

        Assert.Single(deleted, d => d);
    }

    [Fact]
    public async Task Readers_see_the_keys_of_one_change_and_never_a_mixture()
    {
        const int Changes = 200;
        await Accounts.AddAsync(NewAccount(Juliet, seed: 0), CancellationToken.None);

        var changes = Task.Run(async () =>
        {
            for (var seed = 1; seed <= Changes; seed++)
                await Accounts.SetKeysAsync(Juliet, Keys(seed), CancellationToken.None);
        }, TestContext.Current.CancellationToken);
        do
        {
            var juliet = await Accounts.FindAsync(Juliet, CancellationToken.None);
            Assert.NotNull(juliet);
            AssertSame(NewAccount(Juliet, seed: juliet.Keys[0].Iterations), juliet);
        }
        while (!changes.IsCompleted);

        await changes;
        AssertSame(NewAccount(Juliet, seed: Changes), await Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await Accounts.AddAsync(NewAccount(Juliet), CancellationToken.None);
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Accounts.AddAsync(NewAccount(Romeo), cancelled).AsTask());
        await AssertCancelledAsync(Accounts.SetKeysAsync(Juliet, [], cancelled).AsTask());
        await AssertCancelledAsync(Accounts.SetEnabledAsync(Juliet, false, cancelled).AsTask());
        await AssertCancelledAsync(Accounts.SetLastLoginAsync(Juliet, Created, cancelled).AsTask());
        await AssertCancelledAsync(Accounts.DeleteAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(Accounts.FindAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(Accounts.ListAsync(Host, null, 10, cancelled).AsTask());
        await AssertCancelledAsync(Accounts.CountAsync(Host, cancelled).AsTask());

        AssertSame(NewAccount(Juliet), await Accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.Null(await Accounts.FindAsync(Romeo, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_a_bare_jid_with_a_localpart_can_be_an_account(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await Accounts.FindAsync(jid, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Accounts.AddAsync(NewAccount(jid), CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Accounts.SetKeysAsync(jid, [], CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Accounts.SetEnabledAsync(jid, true, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Accounts.SetLastLoginAsync(jid, Created, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Accounts.DeleteAsync(jid, CancellationToken.None));
    }

    private async Task<IReadOnlyList<Account>> ListAsync(string? after, int limit) =>
        await Accounts.ListAsync(Host, after, limit, CancellationToken.None);

    private async Task<string[]> NamesAsync(string? after, int limit) =>
        [.. (await ListAsync(after, limit)).Select(account => account.Jid.Local!)];

    private static Account NewAccount(Jid jid, int seed = 1, bool enabled = true, DateTimeOffset? lastLogin = null) =>
        new(jid, Keys(seed), enabled, Created, lastLogin);

    // Nothing a client could use, but different for each seed and hash; the first's iterations are the seed.
    private static ScramKeys[] Keys(int seed) =>
    [
        new("SHA-1", Octets("salt", seed), seed, Octets("stored", seed), Octets("server", seed)),
        new("SHA-256", Octets("salt", seed + 1), 10_000 + seed, Octets("stored", seed + 1), Octets("server", seed + 1)),
        new("SHA-512", Octets("salt", seed + 2), int.MaxValue - seed, Octets("stored", seed + 2), Octets("server", seed + 2)),
    ];

    private static byte[] Octets(string text, int seed) => Encoding.UTF8.GetBytes($"{text}\0{seed}");

    private static void AssertSame(Account expected, Account? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected with { Keys = [] }, actual with { Keys = [] });
        Assert.Equal(expected.Keys.Select(Describe), actual.Keys.Select(Describe));
    }

    // Records compare memory by reference.
    private static string Describe(ScramKeys keys) =>
        $"{keys.Hash} {Convert.ToHexString(keys.Salt.Span)} {keys.Iterations} {Convert.ToHexString(keys.StoredKey.Span)} " +
        Convert.ToHexString(keys.ServerKey.Span);
}
