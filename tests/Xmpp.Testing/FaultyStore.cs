using System.Reflection;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Testing;

/// <summary>A store in front of another one that fails as long as the test says so.</summary>
public sealed class FaultyStore : IStore
{
    private readonly IStore _store;

    public FaultyStore(IStore store)
    {
        _store = store;
        Accounts = Guard(store.Accounts);
        Rosters = Guard(store.Rosters);
        Offline = Guard(store.Offline);
        BlockLists = Guard(store.BlockLists);
        AccountData = Guard(store.AccountData);
        LastSeen = Guard(store.LastSeen);
        Invitations = Guard(store.Invitations);
        Settings = Guard(store.Settings);
        Archive = Guard(store.Archive);
        Rooms = Guard(store.Rooms);
        PubSub = Guard(store.PubSub);
        Files = store.Files is { } files ? Guard(files) : null;
        Transfer = Guard(store.Transfer);
    }

    /// <summary>What every operation fails with; null when all is well.</summary>
    public StanzaErrorCondition? Failure { get; set; }

    /// <summary>What messages on their way into archives wait for; null when they needn't.</summary>
    public Task? ArchiveHold { get; set; }

    /// <summary>What whoever has put a message into the offline store waits for before he is told; null when he needn't.</summary>
    public Task? OfflineEnd { get; set; }

    /// <summary>Whether what fails has been done all the same: a database whose answer was lost.</summary>
    public bool LosesAnswers { get; set; }

    public IAccountStore Accounts { get; }

    public IRosterStore Rosters { get; }

    public IOfflineStore Offline { get; }

    public IBlockListStore BlockLists { get; }

    public IAccountDataStore AccountData { get; }

    public ILastSeenStore LastSeen { get; }

    public IInvitationStore Invitations { get; }

    public ISettingStore Settings { get; }

    public IArchiveStore Archive { get; }

    public IRoomStore Rooms { get; }

    public IPubSubStore PubSub { get; }

    public IFileStore? Files { get; }

    public IStoreTransfer Transfer { get; }

    public StoreStatus Status => _store.Status;

    public event Action<StoreStatus>? StatusChanged
    {
        add => _store.StatusChanged += value;
        remove => _store.StatusChanged -= value;
    }

    public ValueTask<byte[]> GetOrCreateSecretAsync(string name, int bytes, CancellationToken cancellationToken) =>
        _store.GetOrCreateSecretAsync(name, bytes, cancellationToken);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private T Guard<T>(T store) where T : class
    {
        var proxy = DispatchProxy.Create<T, StoreProxy>();
        ((StoreProxy)(object)proxy).Attach(this, store);
        return proxy;
    }
}
