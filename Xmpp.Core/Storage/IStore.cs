namespace Xmpp.Core.Storage;

/// <summary>One database with all the stores in it. Disposing it commits what is in flight and closes it.</summary>
public interface IStore : IAsyncDisposable
{
    IAccountStore Accounts { get; }

    IRosterStore Rosters { get; }

    IOfflineStore Offline { get; }

    IBlockListStore BlockLists { get; }

    IAccountDataStore AccountData { get; }

    ILastSeenStore LastSeen { get; }

    IInvitationStore Invitations { get; }

    ISettingStore Settings { get; }

    IArchiveStore Archive { get; }

    IRoomStore Rooms { get; }

    IPubSubStore PubSub { get; }

    /// <summary>Null when this kind of store keeps no files.</summary>
    IFileStore? Files { get; }

    /// <summary>For moving all that the store keeps to another one, but for files.</summary>
    IStoreTransfer Transfer { get; }

    /// <summary>For <c>xmppctl status</c>: what it is, where, and whether it works.</summary>
    StoreStatus Status { get; }

    /// <summary>
    /// Raised once when <see cref="Status"/> turns unhealthy and once when it is healthy again, however many operations fail in
    /// between: for the log. Handlers run on a thread of the store and must neither block nor throw.
    /// </summary>
    event Action<StoreStatus>? StatusChanged;

    /// <summary>
    /// A secret of the server's own that outlives restarts: random octets, made by the first call with this name (in whichever process)
    /// and the same ever after.
    /// </summary>
    /// <param name="name">What it is for.</param>
    /// <param name="bytes">The length, when it has to be made.</param>
    /// <exception cref="StoreException">It could not be read or stored.</exception>
    ValueTask<byte[]> GetOrCreateSecretAsync(string name, int bytes, CancellationToken cancellationToken);
}

/// <param name="Kind">"sqlite", "mongodb".</param>
/// <param name="Location">File or address, without credentials.</param>
/// <param name="Healthy">False from a failed write until the next one that succeeds.</param>
/// <param name="Problem">The last failure in words, or null.</param>
/// <param name="SchemaVersion">Of the data.</param>
/// <param name="QueuedWrites">Operations that wait for a commit.</param>
public sealed record StoreStatus(string Kind, string Location, bool Healthy, string? Problem, int SchemaVersion, int QueuedWrites);
