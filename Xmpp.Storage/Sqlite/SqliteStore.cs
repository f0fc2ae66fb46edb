using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// The store in one SQLite file. Writes are queued, committed in groups by one thread and durable when their task completes; reads run
/// beside them. The file may be open in several processes at once.
/// </summary>
public sealed class SqliteStore : IStore
{
    private const string FindSecretSql = "SELECT value FROM secret WHERE name = $name";
    private const string AddSecretSql = "INSERT INTO secret(name, value) VALUES ($name, $value) ON CONFLICT DO NOTHING";

    private readonly SqliteFile _file;
    private readonly StoreHealth _health;
    private readonly SqliteWriter _writer;
    private readonly SqliteReaders _readers;
    private readonly SqliteArchive _archive;
    private readonly SqlitePubSub _pubSub;

    private SqliteStore(SqliteFile file, TimeProvider time, SqliteStoreOptions options)
    {
        _file = file;
        _health = new StoreHealth(() => StatusChanged?.Invoke(Status));
        _writer = new SqliteWriter(file, _health, options.WriteQueueLimit);
        _readers = new SqliteReaders(file, _health, options.Readers, options.ReadQueueLimit);
        LastLogins = new AccountNotes<DateTimeOffset>(time, WriteEach<DateTimeOffset>(SqliteAccounts.WriteLastLogin), _ => 0);
        LastSeenNotes = new AccountNotes<LastSeenNote>(
            time, WriteEach<LastSeenNote>(SqliteLastSeen.Write), note => note.Presence.Length);
        _archive = new SqliteArchive(_readers, _writer, options.UnindexedLimit);
        _pubSub = new SqlitePubSub(_readers, _writer);
        // Another process works on the file only while this one doesn't run: what is remembered stays right.
        Accounts = new RecentAccounts(
            new SqliteAccounts(_readers, _writer, _archive, _pubSub, LastLogins, LastSeenNotes),
            new RecentlyFound<Account>(RecentAccounts.Capacity, time, Timeout.InfiniteTimeSpan));
        Rosters = new SqliteRosters(_readers, _writer);
        Offline = new SqliteOffline(_readers, _writer);
        BlockLists = new SqliteBlockLists(_readers, _writer);
        AccountData = new SqliteAccountData(_readers, _writer);
        LastSeen = new SqliteLastSeen(_readers, LastSeenNotes);
        Invitations = new SqliteInvitations(_readers, _writer);
        Settings = new SqliteSettings(_readers, _writer);
        Rooms = new SqliteRooms(_readers, _writer, _archive);
        Transfer = new SqliteTransfer(_readers, _archive, _pubSub, account =>
        {
            LastLogins.Forget(account);
            LastSeenNotes.Forget(account);
        });
        _archive.Orphans.Start();
        _pubSub.Orphans.Start();
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

    public IPubSubStore PubSub => _pubSub;

    public IFileStore? Files => null;

    public IStoreTransfer Transfer { get; }

    public StoreStatus Status
    {
        get
        {
            var problem = _health.Problem;
            return new("sqlite", _file.Path, problem is null, problem, SqliteSchema.Migrations.Count, _writer.Queued);
        }
    }

    internal AccountNotes<DateTimeOffset> LastLogins { get; }

    internal AccountNotes<LastSeenNote> LastSeenNotes { get; }

    /// <summary>Opens the file, and makes it (0600) and its directory (0700) when they are missing. Blocks for a few milliseconds.</summary>
    /// <param name="path">Relative to the working directory.</param>
    /// <param name="time">The system's when null.</param>
    /// <exception cref="StoreException">
    /// SQLite is not installed, or the file can't be created or written, is not ours, damaged, or of a newer version: the message says which.
    /// </exception>
    public static SqliteStore Open(string path, TimeProvider? time = null) => Open(path, time, new SqliteStoreOptions());

    internal static SqliteStore Open(string path, TimeProvider? time, SqliteStoreOptions options) =>
        new(SqliteFile.Open(path, options, SqliteSchema.Migrations), time ?? TimeProvider.System, options);

    /// <summary>Whether anybody has the file open just now, in whichever process. False when there is no such file.</summary>
    /// <exception cref="StoreException">It can't be opened.</exception>
    public static bool IsInUse(string path) => SqliteFile.IsInUse(path);

    public async ValueTask<byte[]> GetOrCreateSecretAsync(string name, int bytes, CancellationToken cancellationToken) =>
        await _readers.ReadAsync(session => FindSecret(session, name), cancellationToken)
        ?? await _writer.WriteAsync(session =>
        {
            session.Execute(AddSecretSql, ("$name", name), ("$value", RandomNumberGenerator.GetBytes(bytes)));
            return FindSecret(session, name)!;
        }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await LastLogins.DisposeAsync();
        await LastSeenNotes.DisposeAsync();
        await _archive.Orphans.CloseAsync();
        await _pubSub.Orphans.CloseAsync();
        await _writer.DisposeAsync();
        await _readers.DisposeAsync();
        _file.Dispose();
    }

    // The notes are looked at inside the transaction, as accounts are added and deleted in one.
    private WriteNotes<T> WriteEach<T>(Action<SqliteSession, Jid, T> write) where T : struct =>
        (_, latest) => _writer.WriteAsync(session =>
        {
            var notes = latest();
            foreach (var (account, note) in notes)
                write(session, account, note);
            return notes;
        }, CancellationToken.None);

    private static byte[]? FindSecret(SqliteSession session, string name) => (byte[]?)session.Scalar(FindSecretSql, ("$name", name));
}
