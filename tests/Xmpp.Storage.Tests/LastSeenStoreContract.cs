using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="ILastSeenStore"/> promises, for every store that implements it.</summary>
public abstract class LastSeenStoreContract(TestDatabase database) : StoreContract(database)
{
    private const string Goodnight = "<presence type='unavailable'><status>Good night \U0001F339</status></presence>";

    [Fact]
    public async Task Who_was_never_available_was_never_seen()
    {
        await AddAccountsAsync(Juliet);

        Assert.Null(await FindAsync(Juliet));
    }

    [Fact]
    public async Task The_latest_is_seen_at_once_and_kept()
    {
        await AddAccountsAsync(Juliet, Romeo);

        await SetAsync(Juliet, Created, "<presence type='unavailable'/>");
        await SetAsync(Juliet, Created.AddHours(1), Goodnight);

        Assert.Equal((Created.AddHours(1), Goodnight), await FindAsync(Juliet));
        await ReopenAsync();
        Assert.Equal((Created.AddHours(1), Goodnight), await FindAsync(Juliet));
        Assert.Null(await FindAsync(Romeo));

        await SetAsync(Juliet, Created.AddHours(2), "");
        Assert.Equal((Created.AddHours(2), ""), await FindAsync(Juliet));
        await ReopenAsync();
        Assert.Equal((Created.AddHours(2), ""), await FindAsync(Juliet));
    }

    [Fact]
    public async Task The_callers_buffer_is_free_once_the_call_returned()
    {
        await AddAccountsAsync(Juliet);
        var buffer = "first"u8.ToArray();

        await Store.LastSeen.SetAsync(Juliet, new LastSeen(Created, buffer), CancellationToken.None);
        Array.Clear(buffer);

        Assert.Equal((Created, "first"), await FindAsync(Juliet));
        await ReopenAsync();
        Assert.Equal((Created, "first"), await FindAsync(Juliet));
    }

    [Fact]
    public async Task Many_are_noted_at_once_and_none_is_lost()
    {
        var accounts = Enumerable.Range(0, Callers).Select(i => Jid.Parse($"user{i}@capulet.example")).ToArray();
        await AddAccountsAsync(accounts);

        await AtOnceAsync(async i =>
        {
            await SetAsync(accounts[i], Created.AddMilliseconds(i), Goodnight);
            return true;
        });

        await ReopenAsync();
        for (var i = 0; i < Callers; i++)
            Assert.Equal((Created.AddMilliseconds(i), Goodnight), await FindAsync(accounts[i]));
    }

    [Fact]
    public async Task Nobody_is_never_seen()
    {
        await SetAsync(Nobody, Created, Goodnight);
        Assert.Null(await FindAsync(Nobody));

        await AddAccountsAsync(Nobody);

        Assert.Null(await FindAsync(Nobody));
        await ReopenAsync();
        Assert.Null(await FindAsync(Nobody));
    }

    [Fact]
    public async Task It_goes_with_the_account()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await SetAsync(Juliet, Created, Goodnight);
        await SetAsync(Romeo, Created, Goodnight);
        await ReopenAsync();
        await SetAsync(Juliet, Created.AddHours(1), Goodnight);

        await RenewAccountAsync(Juliet);

        Assert.Null(await FindAsync(Juliet));
        await ReopenAsync();
        Assert.Null(await FindAsync(Juliet));
        Assert.Equal((Created, Goodnight), await FindAsync(Romeo));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Store.LastSeen.SetAsync(Juliet, new LastSeen(Created, default), cancelled).AsTask());
        await AssertCancelledAsync(Store.LastSeen.FindAsync(Juliet, cancelled).AsTask());

        Assert.Null(await FindAsync(Juliet));
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_an_account_can_be_seen(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await FindAsync(jid));
        await Assert.ThrowsAsync<ArgumentException>(async () => await SetAsync(jid, Created, Goodnight));
    }

    private async Task<(DateTimeOffset At, string Presence)?> FindAsync(Jid account) =>
        await Store.LastSeen.FindAsync(account, CancellationToken.None) is { } seen
            ? (seen.At, Encoding.UTF8.GetString(seen.Presence.Span))
            : null;

    private ValueTask SetAsync(Jid account, DateTimeOffset at, string presence) =>
        Store.LastSeen.SetAsync(account, new LastSeen(at, Encoding.UTF8.GetBytes(presence)), CancellationToken.None);
}
