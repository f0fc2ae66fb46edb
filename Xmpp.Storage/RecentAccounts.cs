using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage;

/// <summary>
/// Accounts that were asked for lately, in memory: when a network comes back its clients log in again, and asking the database takes a
/// turn on another thread. All changes of this process pass here.
/// </summary>
/// <param name="store">Where accounts are kept.</param>
/// <param name="recent">About a kilobyte for each account.</param>
internal sealed class RecentAccounts(IAccountStore store, RecentlyFound<Account> recent) : IAccountStore
{
    /// <summary>How many accounts are remembered.</summary>
    public const int Capacity = 1024;

    public ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken) =>
        recent.TryFind(account, out var found) ? new(found) : ReadAsync(account, cancellationToken);

    public ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken) =>
        ChangeAsync(account.Jid, store.AddAsync(account, cancellationToken));

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        ChangeAsync(account, store.SetKeysAsync(account, keys, cancellationToken));

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
        ChangeAsync(account, store.SetEnabledAsync(account, enabled, cancellationToken));

    public async ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken)
    {
        await store.SetLastLoginAsync(account, when, cancellationToken);
        recent.Change(account, known => known with { LastLogin = when });
    }

    public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) =>
        ChangeAsync(account, store.DeleteAsync(account, cancellationToken));

    public ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken) =>
        store.ListAsync(host, after, limit, cancellationToken);

    public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) => store.CountAsync(host, cancellationToken);

    private async ValueTask<Account?> ReadAsync(Jid account, CancellationToken cancellationToken)
    {
        var reading = recent.BeginReading();
        var found = await store.FindAsync(account, cancellationToken);
        if (found is not null)
            recent.Remember(account, found, reading);
        return found;
    }

    /// <summary>Whatever came of a change, the database knows.</summary>
    private async ValueTask<bool> ChangeAsync(Jid account, ValueTask<bool> change)
    {
        try
        {
            return await change;
        }
        finally
        {
            recent.Forget(account);
        }
    }
}
