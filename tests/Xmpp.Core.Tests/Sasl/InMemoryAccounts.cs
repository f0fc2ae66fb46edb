using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Tests.Sasl;

/// <summary>Accounts in a dictionary; can be told to fail.</summary>
internal sealed class InMemoryAccounts : IAccountStore
{
    private readonly Dictionary<Jid, Account> _accounts = [];

    public bool Fails { get; set; }

    public int Lookups { get; private set; }

    public ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        Lookups++;
        return Fails
            ? throw new StoreException(StanzaErrorCondition.InternalServerError, "The disk is gone.")
            : new(_accounts.GetValueOrDefault(account));
    }

    public ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken) =>
        new(_accounts.TryAdd(account.Jid, account));

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        new(Change(account, found => found with { Keys = keys }));

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
        new(Change(account, found => found with { Enabled = enabled }));

    public ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken)
    {
        Change(account, found => found with { LastLogin = when });
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) => new(_accounts.Remove(account));

    public ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken) =>
        new([.. _accounts.Values.Where(account => account.Jid.Domain == host).Take(limit)]);

    public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) =>
        new(_accounts.Keys.LongCount(account => account.Domain == host));

    private bool Change(Jid account, Func<Account, Account> change)
    {
        if (!_accounts.TryGetValue(account, out var found))
            return false;
        _accounts[account] = change(found);
        return true;
    }
}
