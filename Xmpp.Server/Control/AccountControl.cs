using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Server.Control;

/// <summary>The accounts as an operator manages them: in a store, or through the server that has the store open.</summary>
public interface IAccountControl
{
    /// <returns>Null when there is no such account.</returns>
    ValueTask<AccountInfo?> FindAsync(Jid account, CancellationToken cancellationToken);

    /// <returns>Null when there is no such account.</returns>
    ValueTask<UserDetails?> ShowAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>An account's roster by address, with those who only asked to be in it.</summary>
    /// <returns>Null when there is no such account.</returns>
    ValueTask<IReadOnlyList<RosterItemInfo>?> ListRosterAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>The accounts of a host in the order of their names.</summary>
    IAsyncEnumerable<AccountInfo> ListAsync(string host, CancellationToken cancellationToken);

    /// <returns>False when there is an account of that name.</returns>
    ValueTask<bool> AddAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken);

    /// <summary>Sets a new password; sessions that logged in by the old one end.</summary>
    /// <returns>False when there is no such account.</returns>
    ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken);

    /// <summary>Lets an account log in, or not any more; then its sessions end.</summary>
    /// <returns>False when there is no such account.</returns>
    ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken);

    /// <summary>Deletes an account; its sessions end.</summary>
    /// <returns>False when there was none.</returns>
    ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken);
}

/// <summary>Accounts in a store that this process has open and no server uses: nobody is told of a change.</summary>
public sealed class StoreAccounts(IStore store, TimeProvider time) : IAccountControl
{
    private const int PageSize = 500;

    public async ValueTask<AccountInfo?> FindAsync(Jid account, CancellationToken cancellationToken) =>
        await store.Accounts.FindAsync(account, cancellationToken) is { } found ? AccountInfo.Of(found) : null;

    public async ValueTask<UserDetails?> ShowAsync(Jid account, CancellationToken cancellationToken) =>
        await FindAsync(account, cancellationToken) is not { } found ? null : new(
            found,
            Sessions: [],
            (await store.LastSeen.FindAsync(account, cancellationToken))?.At,
            (await store.Rosters.LoadAsync(account, cancellationToken))?.Entries.Count(entry => entry.IsListed) ?? 0,
            await store.Offline.CountAsync(account, cancellationToken));

    public async ValueTask<IReadOnlyList<RosterItemInfo>?> ListRosterAsync(Jid account, CancellationToken cancellationToken) =>
        await store.Rosters.LoadAsync(account, cancellationToken) is not { } roster ? null :
        [
            .. roster.Entries.Select(RosterItemInfo.Of).OrderBy(item => item.Jid.ToString(), StringComparer.Ordinal),
        ];

    public async IAsyncEnumerable<AccountInfo> ListAsync(string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (string? after = null; ;)
        {
            var page = await store.Accounts.ListAsync(host, after, PageSize, cancellationToken);
            foreach (var account in page)
                yield return AccountInfo.Of(account);
            if (page.Count < PageSize)
                yield break;
            after = page[^1].Jid.Local;
        }
    }

    public ValueTask<bool> AddAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        store.Accounts.AddAsync(new(account, keys, Enabled: true, Created: time.GetUtcNow(), LastLogin: null), cancellationToken);

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        store.Accounts.SetKeysAsync(account, keys, cancellationToken);

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
        store.Accounts.SetEnabledAsync(account, enabled, cancellationToken);

    public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) =>
        store.Accounts.DeleteAsync(account, cancellationToken);
}
