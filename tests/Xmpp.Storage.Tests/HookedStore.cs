using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Tests;

/// <summary>A store in front of another one that lets a test look at each batch that is restored, change it, or fail.</summary>
internal sealed class HookedStore(IStore store, Func<IReadOnlyList<StoreRecord>, IReadOnlyList<StoreRecord>> onRestore) : IStore, IStoreTransfer
{
    public IAccountStore Accounts => store.Accounts;

    public IRosterStore Rosters => store.Rosters;

    public IOfflineStore Offline => store.Offline;

    public IBlockListStore BlockLists => store.BlockLists;

    public IAccountDataStore AccountData => store.AccountData;

    public ILastSeenStore LastSeen => store.LastSeen;

    public IInvitationStore Invitations => store.Invitations;

    public ISettingStore Settings => store.Settings;

    public IArchiveStore Archive => store.Archive;

    public IRoomStore Rooms => store.Rooms;

    public IPubSubStore PubSub => store.PubSub;

    public IFileStore? Files => store.Files;

    public IStoreTransfer Transfer => this;

    public StoreStatus Status => store.Status;

    public event Action<StoreStatus>? StatusChanged
    {
        add => store.StatusChanged += value;
        remove => store.StatusChanged -= value;
    }

    public ValueTask RestoreAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken) =>
        store.Transfer.RestoreAsync(onRestore(batch), cancellationToken);

    public ValueTask<StoreCommons> ReadCommonsAsync(CancellationToken cancellationToken) => store.Transfer.ReadCommonsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<DataRecord>> ReadDataAsync(Jid account, CancellationToken cancellationToken) =>
        store.Transfer.ReadDataAsync(account, cancellationToken);

    public ValueTask<IReadOnlyList<Invitation>> ReadInvitationsAsync(
        string after, DateTimeOffset now, int count, CancellationToken cancellationToken) =>
        store.Transfer.ReadInvitationsAsync(after, now, count, cancellationToken);

    public ValueTask<StoreCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        store.Transfer.CountAsync(now, cancellationToken);

    public ValueTask<byte[]> GetOrCreateSecretAsync(string name, int bytes, CancellationToken cancellationToken) =>
        store.GetOrCreateSecretAsync(name, bytes, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
