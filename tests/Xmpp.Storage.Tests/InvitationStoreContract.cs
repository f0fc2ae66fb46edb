using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IInvitationStore"/> promises, for every store that implements it.</summary>
public abstract class InvitationStoreContract(TestDatabase database) : StoreContract(database)
{
    private const string Host = "capulet.example";

    // Not in the past: a database may forget by itself what has expired.
    private static readonly DateTimeOffset Now = Created.AddYears(100);

    private static readonly Invitation Once = new("once", Host, null, AllowsAccount: true, null, Now.AddDays(1), Uses: 1);

    private IInvitationStore Invitations => Store.Invitations;

    [Fact]
    public async Task An_invitation_is_found_as_it_was_added()
    {
        await AddAccountsAsync(Juliet);
        Invitation[] invitations =
        [
            Once,
            new("contact", Host, Juliet, AllowsAccount: false, null, Now.AddDays(2), Uses: 1),
            new("é\U0001F339'\"", "montague.example", Juliet, AllowsAccount: true, "jülia", Now.AddMilliseconds(1), Uses: int.MaxValue),
        ];
        foreach (var invitation in invitations)
            Assert.True(await AddAsync(invitation));

        await ReopenAsync();

        foreach (var invitation in invitations)
            Assert.Equal(invitation, await FindAsync(invitation.Token));
        Assert.Null(await FindAsync("unknown"));
    }

    [Fact]
    public async Task An_invitation_ends_when_it_expires()
    {
        await AddAsync(Once);

        Assert.Equal(Once, await FindAsync("once", Once.Expires.AddMilliseconds(-1)));
        Assert.Null(await FindAsync("once", Once.Expires));
        Assert.Null(await Invitations.UseAsync("once", Once.Expires, CancellationToken.None));
        Assert.Empty(await Invitations.ListAsync(Host, Once.Expires, CancellationToken.None));
    }

    [Fact]
    public async Task It_is_used_as_often_as_it_says()
    {
        await AddAsync(Once with { Uses = 2 });

        Assert.Equal(Once with { Uses = 1 }, await UseAsync("once"));
        Assert.Equal(Once with { Uses = 1 }, await FindAsync("once"));
        await ReopenAsync();
        Assert.Equal(Once with { Uses = 0 }, await UseAsync("once"));

        Assert.Null(await UseAsync("once"));
        Assert.Null(await FindAsync("once"));
        Assert.Empty(await ListAsync());
        Assert.Null(await UseAsync("unknown"));
    }

    [Fact]
    public async Task Of_many_that_use_it_at_once_only_as_many_succeed_as_it_has_uses()
    {
        await AddAsync(Once with { Uses = 7 });

        var used = await AtOnceAsync(_ => UseAsync("once"));

        Assert.Equal([0, 1, 2, 3, 4, 5, 6], used.OfType<Invitation>().Select(invitation => invitation.Uses).Order());
    }

    [Fact]
    public async Task Those_of_a_host_are_listed_the_longest_valid_last()
    {
        foreach (var days in (int[])[3, 1, 2])
            await AddAsync(Once with { Token = $"{days}", Expires = Now.AddDays(days) });
        await AddAsync(Once with { Token = "expired", Expires = Now });
        await AddAsync(Once with { Token = "elsewhere", Host = "montague.example" });

        Assert.Equal(["1", "2", "3"], (await ListAsync()).Select(invitation => invitation.Token));
        Assert.Empty(await Invitations.ListAsync("nowhere.example", Now, CancellationToken.None));
    }

    [Fact]
    public async Task A_name_is_reserved_at_its_host_while_the_invitation_may_be_used()
    {
        await AddAsync(Once with { Username = "jülia" });
        await AddAsync(Once with { Token = "another" });

        Assert.True(await IsReservedAsync(Host, "jülia", Now));
        Assert.False(await IsReservedAsync(Host, "julia", Now));
        Assert.False(await IsReservedAsync("montague.example", "jülia", Now));
        Assert.False(await IsReservedAsync(Host, "jülia", Once.Expires));
        await UseAsync("once");
        Assert.False(await IsReservedAsync(Host, "jülia", Now));

        ValueTask<bool> IsReservedAsync(string host, string username, DateTimeOffset now) =>
            Invitations.IsReservedAsync(host, username, now, CancellationToken.None);
    }

    [Fact]
    public async Task Those_of_an_inviter_that_may_be_used_are_counted()
    {
        await AddAccountsAsync(Juliet, Romeo);
        foreach (var days in (int[])[0, 1, 2])
            await AddAsync(Once with { Token = $"{days}", Inviter = Juliet, Expires = Now.AddDays(days) });
        await AddAsync(Once with { Token = "elsewhere", Host = "montague.example", Inviter = Juliet });
        await AddAsync(Once with { Token = "his", Inviter = Romeo });
        await AddAsync(Once);

        Assert.Equal(3, await CountAsync(Juliet));
        await UseAsync("1");
        Assert.Equal(2, await CountAsync(Juliet));
        Assert.Equal(1, await CountAsync(Romeo));
        Assert.Equal(0, await CountAsync(Nobody));

        ValueTask<int> CountAsync(Jid inviter) => Invitations.CountAsync(inviter, Now, CancellationToken.None);
    }

    [Fact]
    public async Task One_can_be_withdrawn()
    {
        await AddAsync(Once);
        await AddAsync(Once with { Token = "another" });

        Assert.True(await Invitations.RemoveAsync("once", CancellationToken.None));
        Assert.False(await Invitations.RemoveAsync("once", CancellationToken.None));

        Assert.Null(await UseAsync("once"));
        Assert.Equal(["another"], (await ListAsync()).Select(invitation => invitation.Token));
    }

    [Fact]
    public async Task Those_that_have_expired_are_forgotten()
    {
        foreach (var days in (int[])[1, 2, 3])
            await AddAsync(Once with { Token = $"{days}", Expires = Now.AddDays(days) });

        Assert.Equal(2, await Invitations.PurgeAsync(Now.AddDays(2), CancellationToken.None));

        Assert.Equal(["3"], (await ListAsync()).Select(invitation => invitation.Token));
        Assert.Equal(0, await Invitations.PurgeAsync(Now.AddDays(2), CancellationToken.None));
    }

    [Fact]
    public async Task Only_an_account_invites()
    {
        Assert.False(await AddAsync(Once with { Inviter = Nobody }));
        Assert.Null(await FindAsync("once"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await AddAsync(Once with { Inviter = Jid.Parse("capulet.example") }));
        await Assert.ThrowsAsync<ArgumentException>(async () => await AddAsync(Once with { Inviter = Juliet.WithResource("balcony") }));
    }

    [Fact]
    public async Task Invitations_go_with_the_inviter()
    {
        await AddAccountsAsync(Juliet, Romeo);
        await AddAsync(Once with { Token = "hers", Inviter = Juliet });
        await AddAsync(Once with { Token = "his", Inviter = Romeo });
        await AddAsync(Once with { Token = "the operator's" });

        await RenewAccountAsync(Juliet);

        Assert.Null(await FindAsync("hers"));
        Assert.Equal(["his", "the operator's"], (await ListAsync()).Select(invitation => invitation.Token));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAsync(Once);
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Invitations.AddAsync(Once with { Token = "another" }, cancelled).AsTask());
        await AssertCancelledAsync(Invitations.FindAsync("once", Now, cancelled).AsTask());
        await AssertCancelledAsync(Invitations.IsReservedAsync(Host, "juliet", Now, cancelled).AsTask());
        await AssertCancelledAsync(Invitations.CountAsync(Juliet, Now, cancelled).AsTask());
        await AssertCancelledAsync(Invitations.UseAsync("once", Now, cancelled).AsTask());
        await AssertCancelledAsync(Invitations.ListAsync(Host, Now, cancelled).AsTask());
        await AssertCancelledAsync(Invitations.RemoveAsync("once", cancelled).AsTask());
        await AssertCancelledAsync(Invitations.PurgeAsync(Once.Expires, cancelled).AsTask());

        Assert.Equal([Once], await ListAsync());
    }

    private ValueTask<bool> AddAsync(Invitation invitation) => Invitations.AddAsync(invitation, CancellationToken.None);

    private ValueTask<Invitation?> FindAsync(string token, DateTimeOffset? now = null) =>
        Invitations.FindAsync(token, now ?? Now, CancellationToken.None);

    private ValueTask<Invitation?> UseAsync(string token) => Invitations.UseAsync(token, Now, CancellationToken.None);

    private ValueTask<IReadOnlyList<Invitation>> ListAsync() => Invitations.ListAsync(Host, Now, CancellationToken.None);
}
