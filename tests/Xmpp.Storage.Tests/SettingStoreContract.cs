using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="ISettingStore"/> promises, for every store that implements it.</summary>
public abstract class SettingStoreContract(TestDatabase database) : StoreContract(database)
{
    private const string Host = "capulet.example";

    private ISettingStore Settings => Store.Settings;

    [Theory]
    [InlineData("motd", "Two households, both alike in dignity")]
    [InlineData("", "")]
    [InlineData("$set.a.b", "$inc")]
    [InlineData("nul\0", "nul\0")]
    [InlineData("é 中 \U0001F339", "é\n\0'\";--\U0001F339")]
    public async Task A_value_is_found_as_it_was_set(string name, string value)
    {
        Assert.Null(await FindAsync(name));

        await SetAsync(name, value);

        await ReopenAsync();
        Assert.Equal(value, await FindAsync(name));
        Assert.Null(await FindAsync(name + "?"));
        Assert.Null(await Settings.FindAsync("montague.example", name, CancellationToken.None));
    }

    [Fact]
    public async Task A_value_takes_the_place_of_the_one_before_and_null_removes_it()
    {
        await SetAsync("motd", "first");
        await SetAsync("other", "stays");

        await SetAsync("motd", "second");
        Assert.Equal("second", await FindAsync("motd"));

        await SetAsync("motd", null);
        await SetAsync("motd", null);
        Assert.Null(await FindAsync("motd"));
        Assert.Equal("stays", await FindAsync("other"));
    }

    [Fact]
    public async Task A_large_value_is_kept()
    {
        var value = new string('é', 500_000);

        await SetAsync("motd", value);

        Assert.Equal(value, await FindAsync("motd"));
    }

    [Fact]
    public async Task Many_are_set_at_once_and_none_is_lost()
    {
        await AtOnceAsync(async i =>
        {
            await SetAsync($"{i % 10}", $"{i % 10}");
            return true;
        });

        for (var i = 0; i < 10; i++)
            Assert.Equal($"{i}", await FindAsync($"{i}"));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Settings.SetAsync(Host, "motd", "value", cancelled).AsTask());
        await AssertCancelledAsync(Settings.FindAsync(Host, "motd", cancelled).AsTask());

        Assert.Null(await FindAsync("motd"));
    }

    private ValueTask<string?> FindAsync(string name) => Settings.FindAsync(Host, name, CancellationToken.None);

    private ValueTask SetAsync(string name, string? value) => Settings.SetAsync(Host, name, value, CancellationToken.None);
}
