using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IAccountDataStore"/> promises, for every store that implements it.</summary>
public abstract class AccountDataStoreContract(TestDatabase database) : StoreContract(database)
{
    private static readonly AccountDataLimit NoLimit = new(int.MaxValue, long.MaxValue);

    private IAccountDataStore Data => Store.AccountData;

    [Theory]
    [InlineData("vcard", "", "<vCard/>")]
    [InlineData("private", "http://example.org/é 中 \U0001F339 'x'\"\\", "<x/>")]
    [InlineData("empty", "key", "")]
    [InlineData("binary", "key", "\0\u0001\uFFFF")]
    [InlineData("", "", "nameless")]
    [InlineData("a.b.$c", "$set", "what means something to a database")]
    [InlineData("$gt", "a.b", "the same")]
    [InlineData("nul", "\0a\0", "<x/>")]
    public async Task A_value_is_found_as_it_was_kept(string kind, string key, string value)
    {
        await AddAccountsAsync(Juliet, Romeo);
        Assert.Null(await FindAsync(Juliet, kind, key));

        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, kind, key, value));

        await ReopenAsync();
        Assert.Equal(value, await FindAsync(Juliet, kind, key));
        Assert.Null(await FindAsync(Juliet, kind, key + "?"));
        Assert.Null(await FindAsync(Juliet, kind + "?", key));
        Assert.Null(await FindAsync(Romeo, kind, key));
    }

    [Fact]
    public async Task A_large_value_is_kept()
    {
        var value = new string('x', 15_000_000);
        await AddAccountsAsync(Juliet);

        await SetAsync(Juliet, "vcard", "", value);

        Assert.Equal(value, await FindAsync(Juliet, "vcard", ""));
    }

    [Fact]
    public async Task The_callers_buffer_is_free_once_the_call_returned()
    {
        await AddAccountsAsync(Juliet);
        var buffer = "first"u8.ToArray();

        var setting = Data.SetAsync(Juliet, "vcard", "", buffer, NoLimit, CancellationToken.None);
        Array.Clear(buffer);
        await setting;

        Assert.Equal("first", await FindAsync(Juliet, "vcard", ""));
    }

    [Fact]
    public async Task A_value_takes_the_place_of_the_one_before()
    {
        await AddAccountsAsync(Juliet);
        await SetAsync(Juliet, "vcard", "", "first");

        await SetAsync(Juliet, "vcard", "", "second");

        Assert.Equal("second", await FindAsync(Juliet, "vcard", ""));
        Assert.Single(await ListAsync(Juliet, "vcard"));
    }

    [Fact]
    public async Task A_kind_is_listed_in_the_order_of_the_keys_octets()
    {
        // U+FA0E comes before U+20000, which UTF-16 would put first.
        string[] keys = ["", "A", "a", "ab", "b", "é", "\uFA0E", "\U00020000"];
        await AddAccountsAsync(Juliet, Romeo);
        foreach (var key in keys.Reverse())
            await SetAsync(Juliet, "kind", key, $"value of {key}");
        foreach (var other in (string[])["another kind", "kin", "kind2", "kind ", ""])
            await SetAsync(Juliet, other, "a", "other");
        await SetAsync(Romeo, "kind", "a", "his");

        Assert.Equal(keys.Select(key => (key, $"value of {key}")), await ListAsync(Juliet, "kind"));
        Assert.Equal([("a", "his")], await ListAsync(Romeo, "kind"));
        Assert.Empty(await ListAsync(Romeo, "another kind"));
    }

    [Fact]
    public async Task A_value_is_removed_once()
    {
        await AddAccountsAsync(Juliet);
        await SetAsync(Juliet, "kind", "1", "value");
        await SetAsync(Juliet, "kind", "2", "value");

        Assert.True(await Data.RemoveAsync(Juliet, "kind", "1", CancellationToken.None));
        Assert.False(await Data.RemoveAsync(Juliet, "kind", "1", CancellationToken.None));

        Assert.Null(await FindAsync(Juliet, "kind", "1"));
        Assert.Equal([("2", "value")], await ListAsync(Juliet, "kind"));
        Assert.Single(await AtOnceAsync(_ => Data.RemoveAsync(Juliet, "kind", "2", CancellationToken.None)), removed => removed);
    }

    [Fact]
    public async Task No_more_values_than_allowed_are_kept()
    {
        var limit = new AccountDataLimit(2, long.MaxValue);
        await AddAccountsAsync(Juliet, Romeo);
        Assert.Equal(AccountDataOutcome.TooMuch, await SetAsync(Juliet, "kind", "1", "", new AccountDataLimit(0, long.MaxValue)));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "1", "", limit));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "2", "", limit));

        Assert.Equal(AccountDataOutcome.TooMuch, await SetAsync(Juliet, "kind", "3", "", limit));

        Assert.Null(await FindAsync(Juliet, "kind", "3"));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "2", "replaced", limit));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "another kind", "1", "", limit));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Romeo, "kind", "1", "", limit));
    }

    [Fact]
    public async Task No_more_bytes_than_allowed_are_kept()
    {
        var limit = new AccountDataLimit(int.MaxValue, 10);
        await AddAccountsAsync(Juliet);
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "1", "1234567890", limit));
        Assert.Equal(AccountDataOutcome.TooMuch, await SetAsync(Juliet, "kind", "2", "1", limit));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "2", "", limit));
        Assert.Equal(AccountDataOutcome.TooMuch, await SetAsync(Juliet, "kind", "1", "12345678901", limit));
        Assert.Equal("1234567890", await FindAsync(Juliet, "kind", "1"));

        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "1", "123456", limit));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "kind", "2", "éé", limit));
        Assert.Equal(AccountDataOutcome.TooMuch, await SetAsync(Juliet, "kind", "2", "ééé", limit));
        Assert.Equal(AccountDataOutcome.Kept, await SetAsync(Juliet, "another kind", "1", "1234567890", limit));
    }

    [Fact]
    public async Task Of_many_at_once_only_as_many_succeed_as_are_allowed()
    {
        await AddAccountsAsync(Juliet);

        var outcomes = await AtOnceAsync(i => SetAsync(Juliet, "kind", $"{i}", "value", new AccountDataLimit(7, long.MaxValue)));

        Assert.Equal(7, outcomes.Count(outcome => outcome == AccountDataOutcome.Kept));
        Assert.Equal(7, (await ListAsync(Juliet, "kind")).Length);
    }

    [Fact]
    public async Task Nobody_has_no_data()
    {
        Assert.Equal(AccountDataOutcome.NoAccount, await SetAsync(Nobody, "kind", "", "value"));
        Assert.Equal(AccountDataOutcome.NoAccount, await SetAsync(Nobody, "kind", "", "value", default(AccountDataLimit)));
        Assert.Null(await FindAsync(Nobody, "kind", ""));
        Assert.Empty(await ListAsync(Nobody, "kind"));
        Assert.False(await Data.RemoveAsync(Nobody, "kind", "", CancellationToken.None));
    }

    [Fact]
    public async Task Data_goes_with_the_account()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await SetAsync(Juliet, "kind", "", "hers");
        await SetAsync(Romeo, "kind", "", "his");

        await RenewAccountAsync(Juliet);

        Assert.Null(await FindAsync(Juliet, "kind", ""));
        Assert.Equal("his", await FindAsync(Romeo, "kind", ""));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        await SetAsync(Juliet, "kind", "", "value");
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Data.FindAsync(Juliet, "kind", "", cancelled).AsTask());
        await AssertCancelledAsync(Data.ListAsync(Juliet, "kind", cancelled).AsTask());
        await AssertCancelledAsync(Data.SetAsync(Juliet, "kind", "", default, NoLimit, cancelled).AsTask());
        await AssertCancelledAsync(Data.RemoveAsync(Juliet, "kind", "", cancelled).AsTask());

        Assert.Equal("value", await FindAsync(Juliet, "kind", ""));
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_an_account_can_have_data(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await FindAsync(jid, "kind", ""));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ListAsync(jid, "kind"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await SetAsync(jid, "kind", "", ""));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Data.RemoveAsync(jid, "kind", "", CancellationToken.None));
    }

    private async Task<string?> FindAsync(Jid account, string kind, string key) =>
        await Data.FindAsync(account, kind, key, CancellationToken.None) is { } value ? Encoding.UTF8.GetString(value.Span) : null;

    private async Task<(string Key, string Value)[]> ListAsync(Jid account, string kind)
    {
        var list = await Data.ListAsync(account, kind, CancellationToken.None);
        return [.. list.Select(pair => (pair.Key, Encoding.UTF8.GetString(pair.Value.Span)))];
    }

    private ValueTask<AccountDataOutcome> SetAsync(Jid account, string kind, string key, string value, AccountDataLimit? limit = null) =>
        Data.SetAsync(account, kind, key, Encoding.UTF8.GetBytes(value), limit ?? NoLimit, CancellationToken.None);
}
