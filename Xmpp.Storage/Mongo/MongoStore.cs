using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The store in a MongoDB database. Writes are durable (majority, journal) when their task completes. The database may be open in
/// several processes at once, of which each looks after accounts of its own; docs/storage.md says what that means.
/// </summary>
public sealed class MongoStore : IStore
{
    private readonly MongoConnection _connection;
    private readonly StoreHealth _health;
    private readonly MongoSecrets _secrets;
    private readonly AccountIds _ids;
    private readonly MongoArchive _archive;

    private MongoStore(MongoConnection connection, MongoCollections collections, StoreHealth health, TimeProvider time)
    {
        (_connection, _health) = (connection, health);
        _ids = new AccountIds(collections.Accounts, time);
        var gates = new AccountGates();
        LastLogins = new AccountNotes<DateTimeOffset>(
            time, WriteEach<DateTimeOffset>(collections.Accounts, MongoAccounts.WriteLastLogin), _ => 0);
        LastSeenNotes = new AccountNotes<LastSeenNote>(
            time, WriteEach<LastSeenNote>(collections.LastSeen, MongoLastSeen.Write), note => note.Presence.Length);
        DeletedNodes = new DeletedOwners(
            collections.DeletedNodes, collections.Nodes, collections.DataOfNodes,
            node => MongoPubSub.EraseStepAsync(collections.NodeItems, node), time);
        Deleted = new DeletedOwners(
            collections.DeletedAccounts, collections.Accounts, collections.DataOfAccounts, EraseArchiveStep, time,
            account => MongoPubSub.EraseOfAsync(collections.Nodes, DeletedNodes, account));
        DeletedRooms = new DeletedOwners(
            collections.DeletedRooms, collections.Rooms, collections.DataOfRooms, EraseArchiveStep, time);
        var rosters = new MongoRosters(collections, _ids, gates);
        Rosters = rosters;
        Accounts = new RecentAccounts(
            new MongoAccounts(collections.Accounts, _ids, gates, rosters, Deleted, time, LastLogins, ForgetNotes),
            new RecentlyFound<Account>(RecentAccounts.Capacity, time, AccountIds.MaxAge));
        var offline = new MongoOffline(collections.OfflineMessages, _ids, gates, time);
        Offline = offline;
        BlockLists = new MongoBlockLists(collections.Blocked, _ids, gates);
        AccountData = new MongoAccountData(collections.AccountData, _ids, gates);
        LastSeen = new MongoLastSeen(collections.LastSeen, _ids, LastSeenNotes);
        var invitations = new MongoInvitations(collections.Invitations, _ids);
        Invitations = invitations;
        Settings = new MongoSettings(collections.Settings);
        var roomIds = new AccountIds(collections.Rooms, time);
        Rooms = new MongoRooms(collections.Rooms, collections.RoomMembers, roomIds, gates, DeletedRooms, time);
        PubSub = new MongoPubSub(
            collections.Nodes, collections.NodeMembers, collections.NodeItems, _ids, gates, DeletedNodes, time);
        Files = new MongoFiles(collections.Files, collections.FileChunks, time);
        _archive = new MongoArchive(collections, new ArchiveOwnerIds(_ids, roomIds), gates, time);
        Transfer = new MongoTransfer(
            collections, _ids, invitations, rosters, [Deleted, DeletedRooms, DeletedNodes],
            () => new MongoRestore(collections, _ids, roomIds, offline, time, ForgetNotes));
        _secrets = new MongoSecrets(collections.Secrets);

        ValueTask<bool> EraseArchiveStep(AccountId owner) => MongoArchive.EraseStepAsync(collections.ArchiveMessages, owner);
    }

    public event Action<StoreStatus>? StatusChanged;

    public IAccountStore Accounts { get; }

    public IRosterStore Rosters { get; }

    public IOfflineStore Offline { get; }

    public IBlockListStore BlockLists { get; }

    public IAccountDataStore AccountData { get; }

    public ILastSeenStore LastSeen { get; }

    public IInvitationStore Invitations { get; }

    public ISettingStore Settings { get; }

    public IArchiveStore Archive => _archive;

    public IRoomStore Rooms { get; }

    public IPubSubStore PubSub { get; }

    public IFileStore Files { get; }

    public IStoreTransfer Transfer { get; }

    public StoreStatus Status
    {
        get
        {
            var problem = _health.Problem;
            return new("mongodb", _connection.Location, problem is null, problem, MongoSchema.Migrations.Count, _connection.Queued);
        }
    }

    internal AccountNotes<DateTimeOffset> LastLogins { get; }

    internal AccountNotes<LastSeenNote> LastSeenNotes { get; }

    internal DeletedOwners Deleted { get; }

    internal DeletedOwners DeletedRooms { get; }

    internal DeletedOwners DeletedNodes { get; }

    /// <summary>Opens the database and brings its indexes up to date.</summary>
    /// <param name="options">Which one.</param>
    /// <param name="time">The system's when null.</param>
    /// <exception cref="StoreException">
    /// The driver is not installed, the database can't be reached or written, is not ours or of a newer version: the message says which.
    /// </exception>
    public static Task<MongoStore> OpenAsync(
        MongoStoreOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default) =>
        OpenAsync(options, time ?? TimeProvider.System, MongoSchema.Migrations, cancellationToken);

    /// <summary>Looks whether the database could be opened, and changes nothing in it.</summary>
    /// <returns>Where it is, without credentials, and the version of its schema; null when there is none yet.</returns>
    /// <exception cref="StoreException">It could not; the message says why.</exception>
    public static async Task<(string Location, int? Version)> CheckAsync(
        MongoStoreOptions options, CancellationToken cancellationToken = default)
    {
        await using var connection = await Task.Run(
            () => MongoConnection.Open(options, new StoreHealth(() => { })), cancellationToken);
        var newest = MongoSchema.Migrations.Count;
        return (connection.Location,
            await MongoSchema.CheckAsync(new MongoCollections(connection), connection.Location, newest, cancellationToken));
    }

    internal static async Task<MongoStore> OpenAsync(
        MongoStoreOptions options, TimeProvider time, IReadOnlyList<Func<MongoCollections, CancellationToken, ValueTask>> migrations,
        CancellationToken cancellationToken)
    {
        MongoStore? store = null;
        var health = new StoreHealth(() => store?.TellStatus());
        // Blocks while it looks for the primary.
        var connection = await Task.Run(() => MongoConnection.Open(options, health, time), cancellationToken);
        try
        {
            var collections = new MongoCollections(connection);
            await MongoSchema.OpenAsync(collections, connection.Location, migrations, cancellationToken);
            store = new MongoStore(connection, collections, health, time);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        store.Deleted.StartSweep();
        store.DeletedRooms.StartSweep();
        store.DeletedNodes.StartSweep();
        return store;
    }

    public ValueTask<byte[]> GetOrCreateSecretAsync(string name, int bytes, CancellationToken cancellationToken) =>
        _secrets.GetOrCreateAsync(name, bytes, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await LastLogins.DisposeAsync();
        await LastSeenNotes.DisposeAsync();
        await _archive.CloseAsync();
        await Deleted.DisposeAsync();
        await DeletedRooms.DisposeAsync();
        await DeletedNodes.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private void TellStatus() => StatusChanged?.Invoke(Status);

    // What is on its way to the database belongs to the account before.
    private void ForgetNotes(Jid account)
    {
        LastLogins.Forget(account);
        LastSeenNotes.Forget(account);
    }

    private WriteNotes<T> WriteEach<T>(MongoCollection collection, Action<MongoBulk, AccountId, T> write) where T : struct =>
        async (accounts, latest) =>
        {
            // First the ids, then the notes: an account that is made anew in between has another id, and no note.
            var ids = await _ids.FindAsync(accounts, CancellationToken.None);
            var notes = latest();
            var bulk = new MongoBulk();
            foreach (var (account, note) in notes)
            {
                if (ids.TryGetValue(account, out var id))
                    write(bulk, id, note);
            }

            await collection.PutAsync(bulk, CancellationToken.None);
            return notes;
        };
}
