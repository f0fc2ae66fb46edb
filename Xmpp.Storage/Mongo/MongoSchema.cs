using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The indexes, as the list of steps that made them. The document of <c>schema</c> has the number of steps that a database has had.
/// A step that was released is never edited: a change is a new step. Each may be done again, and by several nodes at once; what nodes
/// of the version before do meanwhile must stay right.
/// </summary>
internal static class MongoSchema
{
    // The server's clock may be ahead of ours.
    private static readonly TimeSpan KeepExpired = TimeSpan.FromDays(1);

    private static readonly BsonDocument Id = BsonDocument.Build(w => w.String("_id", "schema"));

    /// <summary>docs/storage.md says which query each index serves.</summary>
    public static IReadOnlyList<Func<MongoCollections, CancellationToken, ValueTask>> Migrations { get; } =
    [
        async (collections, cancellationToken) =>
        {
            await collections.Accounts.CreateIndexAsync(
                Keys("host", "name"), "account_name", unique: true, cancellationToken: cancellationToken);
            await collections.RosterEntries.CreateIndexAsync(
                Keys("_id.a", "removed"), "roster_entry_removed", partialFilter: Exists("removed"), cancellationToken: cancellationToken);
            await collections.Invitations.CreateIndexAsync(
                Keys("host", "expires", "_id"), "invitation_host", cancellationToken: cancellationToken);
            await collections.Invitations.CreateIndexAsync(
                Keys("inviter", "expires"), "invitation_inviter", cancellationToken: cancellationToken);
            await collections.Invitations.CreateIndexAsync(
                Keys("host", "username"), "invitation_username", cancellationToken: cancellationToken);
            await collections.Invitations.CreateIndexAsync(
                Keys("expires"), "invitation_expires", expireAfter: KeepExpired, cancellationToken: cancellationToken);
        },
        async (collections, cancellationToken) =>
        {
            await collections.ArchiveMessages.CreateIndexAsync(
                Keys("_id.a", "c", "_id.i", "u"), "archive_message_peer", cancellationToken: cancellationToken);
            await collections.ArchiveConversations.CreateIndexAsync(
                BsonDocument.Build(w => w.Int32("_id.a", 1).Int32("last", -1)), "archive_conversation_last",
                cancellationToken: cancellationToken);
        },
        async (collections, cancellationToken) =>
        {
            await collections.Rooms.CreateIndexAsync(Keys("host", "name"), "room_name", unique: true, cancellationToken: cancellationToken);
            await collections.Rooms.CreateIndexAsync(
                Keys("host", "listed", "name"), "room_listed", cancellationToken: cancellationToken);
            await collections.Rooms.CreateIndexAsync(
                Keys("host", "persistent", "name"), "room_persistent", cancellationToken: cancellationToken);
            await collections.RoomMembers.CreateIndexAsync(Keys("_id.j"), "room_member_jid", cancellationToken: cancellationToken);
        },
        async (collections, cancellationToken) =>
        {
            await collections.Nodes.CreateIndexAsync(
                Keys("a", "name"), "pubsub_node_name", unique: true, cancellationToken: cancellationToken);
            await collections.NodeMembers.CreateIndexAsync(Keys("p"), "pubsub_member_person", cancellationToken: cancellationToken);
            await collections.NodeItems.CreateIndexAsync(
                Keys("_id.a", "p"), "pubsub_item_position", cancellationToken: cancellationToken);
        },
        async (collections, cancellationToken) =>
        {
            await collections.Files.CreateIndexAsync(
                Keys("filename"), "upload_filename", unique: true, cancellationToken: cancellationToken);
            // Named as other programs name it: to them another one of the same keys would be a conflict.
            await collections.FileChunks.CreateIndexAsync(
                Keys("files_id", "n"), "files_id_1_n_1", unique: true, cancellationToken: cancellationToken);
        },
    ];

    /// <summary>Refuses a database that is not ours or is newer than this program, and brings an older one up to date.</summary>
    /// <exception cref="StoreException">The message says what to do.</exception>
    public static async Task OpenAsync(
        MongoCollections collections, string location, IReadOnlyList<Func<MongoCollections, CancellationToken, ValueTask>> migrations,
        CancellationToken cancellationToken)
    {
        var version = await CheckAsync(collections, location, migrations.Count, cancellationToken);
        for (var step = version ?? 0; step < migrations.Count; step++)
        {
            await migrations[step](collections, cancellationToken);
            await RaiseAsync(collections, step + 1, cancellationToken);
        }
    }

    /// <summary>Refuses a database that is not ours or is newer than this program, and changes nothing.</summary>
    /// <returns>The version; null when there is nothing of ours in it yet.</returns>
    /// <exception cref="StoreException">The message says what to do.</exception>
    public static async Task<int?> CheckAsync(
        MongoCollections collections, string location, int newest, CancellationToken cancellationToken)
    {
        var version = await collections.Schema.FindOneAsync<int?>(
            Id, static document => document.Get("version"u8).Int32, null, cancellationToken);
        if (version > newest)
        {
            throw Refuse($"{location} has schema version {version}, and this XmppChat knows versions up to {newest}. " +
                "Start the newer XmppChat that wrote it, or restore the backup from before the upgrade.");
        }

        return version is null && await collections.Accounts.CountAsync(default, 1, cancellationToken) > 0
            ? throw Refuse($"{location} is the database of another program.")
            : version;
    }

    // Never down: another node may be further.
    private static ValueTask RaiseAsync(MongoCollections collections, int version, CancellationToken cancellationToken)
    {
        var raise = BsonDocument.Build(version, static (w, version) => w.Begin("$max").Int32("version", version).End());
        return collections.Schema.PutAsync(new MongoBulk().Update(Id, raise, upsert: true), cancellationToken);
    }

    private static BsonDocument Keys(params string[] fields) => BsonDocument.Build(fields, static (w, fields) =>
    {
        foreach (var field in fields)
            w.Int32(field, 1);
    });

    private static BsonDocument Exists(string field) => BsonDocument.Build(field, static (w, field) =>
        w.Begin(field).Bool("$exists", true).End());

    private static StoreException Refuse(string message) => new(StanzaErrorCondition.InternalServerError, message);
}
