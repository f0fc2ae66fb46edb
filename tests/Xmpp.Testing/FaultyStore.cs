using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Testing;

/// <summary>A store in front of another one that fails as long as the test says so.</summary>
public sealed class FaultyStore(IStore store) : IStore, IAccountStore
{
    /// <summary>What every operation on accounts fails with; null when all is well.</summary>
    public StanzaErrorCondition? Failure { get; set; }

    public IAccountStore Accounts => this;

    public IRosterStore Rosters => store.Rosters;

    public IOfflineStore Offline => store.Offline;

    public IBlockListStore BlockLists => store.BlockLists;

    public IAccountDataStore AccountData => store.AccountData;

    public ILastSeenStore LastSeen => store.LastSeen;

    public IInvitationStore Invitations => store.Invitations;

    public ISettingStore Settings => store.Settings;

    public StoreStatus Status => store.Status;

    public event Action<StoreStatus>? StatusChanged
    {
        add => store.StatusChanged += value;
        remove => store.StatusChanged -= value;
    }

    public ValueTask<byte[]> GetOrCreateSecretAsync(string name, int bytes, CancellationToken cancellationToken) =>
        store.GetOrCreateSecretAsync(name, bytes, cancellationToken);

    public ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken) =>
        Working().FindAsync(account, cancellationToken);

    public ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken) =>
        Working().AddAsync(account, cancellationToken);

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        Working().SetKeysAsync(account, keys, cancellationToken);

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
        Working().SetEnabledAsync(account, enabled, cancellationToken);

    public ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken) =>
        Working().SetLastLoginAsync(account, when, cancellationToken);

    public ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken) =>
        Working().DeleteAsync(account, cancellationToken);

    public ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken) =>
        Working().ListAsync(host, after, limit, cancellationToken);

    public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) =>
        Working().CountAsync(host, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private IAccountStore Working() =>
        Failure is { } condition ? throw new StoreException(condition, "The test made the store fail.") : store.Accounts;
}
