using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// Accounts that were asked for lately, in memory: when a network comes back its clients log in again, and asking the file takes a turn
/// on another thread. All changes of this process pass here; another process works on the file only while this one doesn't run.
/// </summary>
/// <param name="store">Where accounts are kept.</param>
/// <param name="capacity">How many accounts are remembered at most; each takes about a kilobyte.</param>
internal sealed class RecentAccounts(IAccountStore store, int capacity = 1024) : IAccountStore
{
    private readonly Lock _lock = new();

    /// <summary>Two generations: what isn't asked for while the younger one fills goes with the older one.</summary>
    private Dictionary<Jid, Account> _young = [];
    private Dictionary<Jid, Account> _old = [];
    private int _changes;

    public ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_young.TryGetValue(account, out var found))
                return new(found);
            if (_old.Remove(account, out found))
            {
                Remember(found);
                return new(found);
            }
        }
        return ReadAsync(account, cancellationToken);
    }

    public ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken) =>
        ChangeAsync(account.Jid, store.AddAsync(account, cancellationToken));

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        ChangeAsync(account, store.SetKeysAsync(account, keys, cancellationToken));

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
        ChangeAsync(account, store.SetEnabledAsync(account, enabled, cancellationToken));

    public async ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken)
    {
        await store.SetLastLoginAsync(account, when, cancellationToken);
        lock (_lock)
        {
            if (_young.TryGetValue(account, out var known))
                _young[account] = known with { LastLogin = when };
            else
                _old.Remove(account);
        }
    }

    public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) =>
        ChangeAsync(account, store.DeleteAsync(account, cancellationToken));

    public ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken) =>
        store.ListAsync(host, after, limit, cancellationToken);

    public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) => store.CountAsync(host, cancellationToken);

    private async ValueTask<Account?> ReadAsync(Jid account, CancellationToken cancellationToken)
    {
        var changes = Volatile.Read(ref _changes);
        var found = await store.FindAsync(account, cancellationToken);
        lock (_lock)
        {
            // What was read before a change may be out of date.
            if (found is not null && changes == _changes)
                Remember(found);
        }
        return found;
    }

    /// <summary>Whatever came of a change, the file knows.</summary>
    private async ValueTask<bool> ChangeAsync(Jid account, ValueTask<bool> change)
    {
        try
        {
            return await change;
        }
        finally
        {
            lock (_lock)
            {
                _changes++;
                _young.Remove(account);
                _old.Remove(account);
            }
        }
    }

    private void Remember(Account account)
    {
        if (_young.Count >= capacity / 2)
            (_old, _young) = (_young, []);
        _young[account.Jid] = account;
    }
}
