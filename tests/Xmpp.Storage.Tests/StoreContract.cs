using Xmpp.Core;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What the contracts of all stores need: a database of each test's own.</summary>
public abstract class StoreContract(TestDatabase database) : IAsyncLifetime
{
    /// <summary>How many callers do the same at once.</summary>
    protected const int Callers = 50;

    protected static readonly Jid Juliet = Jid.Parse("juliet@capulet.example");
    protected static readonly Jid Romeo = Jid.Parse("romeo@montague.example");

    /// <summary>Has no account unless a test makes it.</summary>
    protected static readonly Jid Nobody = Jid.Parse("nobody@capulet.example");

    protected static readonly DateTimeOffset Created = new(2026, 11, 20, 12, 34, 56, 789, TimeSpan.Zero);

    /// <summary>As long as an address can be (RFC 7622 §3.1): three parts of 1,023 octets.</summary>
    protected static Jid LongJid { get; } = Jid.Parse(
        $"{new string('ß', 511)}@{string.Join('.', Enumerable.Repeat(new string('a', 63), 15))}/{new string('\uFA0E', 341)}");

    /// <summary>What is no account's address.</summary>
    public static TheoryData<string> NoAccounts { get; } = ["juliet@capulet.example/balcony", "capulet.example"];

    protected IStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Store = await database.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        // Null when it could not be opened.
        if (Store is not null)
            await Store.DisposeAsync();
        await database.DisposeAsync();
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await database.OpenAsync();
    }

    protected virtual async Task AddAccountsAsync(params Jid[] accounts)
    {
        foreach (var jid in accounts)
        {
            var account = new Account(jid, [], Enabled: true, Created, LastLogin: null);
            Assert.True(await Store.Accounts.AddAsync(account, CancellationToken.None));
        }
    }

    /// <summary>Deletes an account and makes it again, at the same time of a clock that stands still.</summary>
    protected virtual async Task RenewAccountAsync(Jid account)
    {
        Assert.True(await Store.Accounts.DeleteAsync(account, CancellationToken.None));
        await AddAccountsAsync(account);
    }

    /// <summary>Starts the same thing many times at once.</summary>
    /// <returns>The results in the order of their numbers.</returns>
    protected static Task<T[]> AtOnceAsync<T>(Func<int, ValueTask<T>> operation, int callers = Callers) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(i => Task.Run(async () => await operation(i))));

    protected static async Task AssertCancelledAsync(Task task) => await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
}
