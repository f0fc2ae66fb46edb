using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What is asked of the store behind, and what isn't. That answers are right is <see cref="AccountStoreContract"/>'s.</summary>
public sealed class RecentAccountsTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@capulet.example");
    private static readonly Account Stored = new(Juliet, [], Enabled: true, DateTimeOffset.UnixEpoch, LastLogin: null);

    private readonly Store _store = new();

    public static TheoryData<Func<IAccountStore, ValueTask<bool>>> Changes { get; } = new()
    {
        store => store.AddAsync(Stored, CancellationToken.None),
        store => store.SetKeysAsync(Juliet, [], CancellationToken.None),
        store => store.SetEnabledAsync(Juliet, false, CancellationToken.None),
        store => store.DeleteAsync(Juliet, CancellationToken.None),
    };

    [Fact]
    public async Task An_account_is_read_once()
    {
        var accounts = new RecentAccounts(_store, NewMemory());

        Assert.Same(Stored, await accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.Same(Stored, await accounts.FindAsync(Juliet, CancellationToken.None));

        Assert.Equal(1, _store.Reads);
    }

    [Fact]
    public async Task That_there_is_no_account_is_not_remembered()
    {
        var accounts = new RecentAccounts(_store, NewMemory());
        _store.Answer = Task.FromResult<Account?>(null);

        Assert.Null(await accounts.FindAsync(Juliet, CancellationToken.None));
        Assert.Null(await accounts.FindAsync(Juliet, CancellationToken.None));

        Assert.Equal(2, _store.Reads);
    }

    [Theory]
    [MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public async Task After_a_change_it_is_read_again_even_if_the_change_failed(Func<IAccountStore, ValueTask<bool>> change)
    {
        var accounts = new RecentAccounts(_store, NewMemory());
        await accounts.FindAsync(Juliet, CancellationToken.None);

        await change(accounts);
        await accounts.FindAsync(Juliet, CancellationToken.None);
        Assert.Equal(2, _store.Reads);

        _store.Fails = true;
        await Assert.ThrowsAsync<IOException>(() => change(accounts).AsTask());
        await accounts.FindAsync(Juliet, CancellationToken.None);
        Assert.Equal(3, _store.Reads);
    }

    [Theory]
    [MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public async Task What_was_read_before_a_change_is_not_remembered(Func<IAccountStore, ValueTask<bool>> change)
    {
        var accounts = new RecentAccounts(_store, NewMemory());
        var answer = new TaskCompletionSource<Account?>();
        _store.Answer = answer.Task;
        var reading = accounts.FindAsync(Juliet, CancellationToken.None);

        await change(accounts);
        answer.SetResult(Stored);
        await reading;
        await accounts.FindAsync(Juliet, CancellationToken.None);

        Assert.Equal(2, _store.Reads);
    }

    [Fact]
    public async Task The_last_login_is_known_without_reading_it_again()
    {
        var accounts = new RecentAccounts(_store, NewMemory());
        await accounts.FindAsync(Juliet, CancellationToken.None);
        var now = DateTimeOffset.UnixEpoch.AddYears(50);

        await accounts.SetLastLoginAsync(Juliet, now, CancellationToken.None);

        Assert.Equal(now, (await accounts.FindAsync(Juliet, CancellationToken.None))!.LastLogin);
        Assert.Equal(1, _store.Reads);
    }

    [Fact]
    public async Task What_was_not_asked_for_lately_is_forgotten()
    {
        var accounts = new RecentAccounts(_store, NewMemory(capacity: 4));
        await accounts.FindAsync(Juliet, CancellationToken.None);
        for (var i = 0; i < 10; i++)
        {
            await FindOtherAsync(accounts, i);
            await accounts.FindAsync(Juliet, CancellationToken.None);
        }
        Assert.Equal(11, _store.Reads);

        for (var i = 0; i < 10; i++)
            await FindOtherAsync(accounts, i);
        await accounts.FindAsync(Juliet, CancellationToken.None);
        Assert.True(_store.Reads > 18);
    }

    [Fact]
    public async Task What_others_may_change_is_read_again_after_a_while()
    {
        var time = new Clock();
        var accounts = new RecentAccounts(_store, new RecentlyFound<Account>(1024, time, TimeSpan.FromSeconds(30)));
        await accounts.FindAsync(Juliet, CancellationToken.None);

        time.Now += TimeSpan.FromSeconds(29);
        await accounts.FindAsync(Juliet, CancellationToken.None);
        Assert.Equal(1, _store.Reads);

        time.Now += TimeSpan.FromSeconds(1);
        await accounts.FindAsync(Juliet, CancellationToken.None);
        await accounts.FindAsync(Juliet, CancellationToken.None);
        Assert.Equal(2, _store.Reads);
    }

    private static RecentlyFound<Account> NewMemory(int capacity = RecentAccounts.Capacity) =>
        new(capacity, TimeProvider.System, Timeout.InfiniteTimeSpan);

    private async Task FindOtherAsync(RecentAccounts accounts, int number)
    {
        var other = Stored with { Jid = Jid.Parse($"servant{number}@capulet.example") };
        _store.Answer = Task.FromResult<Account?>(other);
        await accounts.FindAsync(other.Jid, CancellationToken.None);
        _store.Answer = Task.FromResult<Account?>(Stored);
    }

    /// <summary>Goes when it is told to.</summary>
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    /// <summary>Counts what it is asked.</summary>
    private sealed class Store : IAccountStore
    {
        public Task<Account?> Answer { get; set; } = Task.FromResult<Account?>(Stored);

        public bool Fails { get; set; }

        public int Reads { get; private set; }

        public ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken)
        {
            Reads++;
            return new(Answer);
        }

        public ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken) => ChangeAsync();

        public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
            ChangeAsync();

        public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) => ChangeAsync();

        public ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken) => default;

        public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) => ChangeAsync();

        public ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) => throw new NotSupportedException();

        private ValueTask<bool> ChangeAsync() => Fails ? ValueTask.FromException<bool>(new IOException("full")) : new(true);
    }
}
