using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;

namespace Xmpp.Ctl;

/// <summary>
/// The accounts: through the server while one runs, so that it ends the sessions concerned, else in the store itself.
/// </summary>
internal sealed class Accounts : IAsyncDisposable
{
    private readonly IStore? _store;

    private Accounts(IAccountControl control, IStore? store)
    {
        Control = control;
        _store = store;
    }

    public IAccountControl Control { get; }

    /// <summary>Null while a server runs.</summary>
    public IAccountStore? Store => _store?.Accounts;

    /// <exception cref="ControlException">A server runs, but we may not talk to it.</exception>
    /// <exception cref="StoreException">The store can't be opened, or is incomplete.</exception>
    public static async Task<Accounts> OpenAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        var client = new ControlClient(options.Control.Socket);
        if (await client.IsRunningAsync(cancellationToken))
            return new(new ServerAccounts(client), store: null);
        var store = await ConfiguredStore.OpenAsync(options, TimeProvider.System, cancellationToken: cancellationToken);
        return new(new StoreAccounts(store, TimeProvider.System), store);
    }

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? default;

    private sealed class ServerAccounts(ControlClient client) : IAccountControl
    {
        public ValueTask<AccountInfo?> FindAsync(Jid account, CancellationToken cancellationToken) =>
            client.SendForOneAsync<AccountInfo>(new FindUserRequest(account), cancellationToken);

        public ValueTask<UserDetails?> ShowAsync(Jid account, CancellationToken cancellationToken) =>
            client.SendForOneAsync<UserDetails>(new ShowUserRequest(account), cancellationToken);

        public async ValueTask<IReadOnlyList<RosterItemInfo>?> ListRosterAsync(Jid account, CancellationToken cancellationToken) =>
            await FindAsync(account, cancellationToken) is null
                ? null
                : await client.SendAsync<RosterItemInfo>(new ListRosterRequest(account), cancellationToken).ToListAsync(cancellationToken);

        public IAsyncEnumerable<AccountInfo> ListAsync(string host, CancellationToken cancellationToken) =>
            client.SendAsync<AccountInfo>(new ListUsersRequest(host), cancellationToken);

        public ValueTask<bool> AddAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
            client.SendForOneAsync<bool>(new AddUserRequest(account, keys), cancellationToken);

        public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
            client.SendForOneAsync<bool>(new SetKeysRequest(account, keys), cancellationToken);

        public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
            client.SendForOneAsync<bool>(new SetEnabledRequest(account, enabled), cancellationToken);

        public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) =>
            client.SendForOneAsync<bool>(new DeleteUserRequest(account), cancellationToken);
    }
}
