namespace Xmpp.Storage.Mongo;

/// <summary>The collections of the database; docs/storage.md says what is in them.</summary>
internal sealed class MongoCollections(MongoConnection connection)
{
    public MongoCollection Schema { get; } = connection.Collection("schema");

    public MongoCollection Accounts { get; } = connection.Collection("account");

    public MongoCollection DeletedAccounts { get; } = connection.Collection("deleted_account");

    public MongoCollection Rooms { get; } = connection.Collection("room");

    public MongoCollection RoomMembers { get; } = connection.Collection("room_member");

    public MongoCollection DeletedRooms { get; } = connection.Collection("deleted_room");

    public MongoCollection Nodes { get; } = connection.Collection("pubsub_node");

    public MongoCollection NodeMembers { get; } = connection.Collection("pubsub_member");

    public MongoCollection NodeItems { get; } = connection.Collection("pubsub_item");

    public MongoCollection DeletedNodes { get; } = connection.Collection("deleted_node");

    public MongoCollection Counters { get; } = connection.Collection("counter");

    public MongoCollection RosterEntries { get; } = connection.Collection("roster_entry");

    public MongoCollection OfflineMessages { get; } = connection.Collection("offline_message");

    public MongoCollection ArchiveMessages { get; } = connection.Collection("archive_message");

    public MongoCollection ArchiveConversations { get; } = connection.Collection("archive_conversation");

    public MongoCollection Blocked { get; } = connection.Collection("blocked");

    public MongoCollection AccountData { get; } = connection.Collection("account_data");

    public MongoCollection LastSeen { get; } = connection.Collection("last_seen");

    public MongoCollection Invitations { get; } = connection.Collection("invitation");

    public MongoCollection Settings { get; } = connection.Collection("setting");

    public MongoCollection Secrets { get; } = connection.Collection("secret");

    /// <summary>GridFS, and so named by it.</summary>
    public MongoCollection Files { get; } = connection.Collection("upload.files");

    public MongoCollection FileChunks { get; } = connection.Collection("upload.chunks");

    /// <summary>Where accounts have data, and which documents there are an account's; but for archived messages, which are many.</summary>
    public IReadOnlyList<(MongoCollection Collection, Func<AccountId, BsonDocument> Of)> DataOfAccounts =>
    [
        (RosterEntries, AccountDocuments.Of),
        (OfflineMessages, AccountDocuments.Of),
        (Blocked, AccountDocuments.Of),
        (AccountData, AccountDocuments.Of),
        (LastSeen, AccountDocuments.ById),
        (Invitations, MongoInvitations.Of),
        (ArchiveConversations, AccountDocuments.Of),
    ];

    /// <summary>The same for rooms.</summary>
    public IReadOnlyList<(MongoCollection Collection, Func<AccountId, BsonDocument> Of)> DataOfRooms =>
    [
        (RoomMembers, AccountDocuments.Of),
        (ArchiveConversations, AccountDocuments.Of),
    ];

    /// <summary>The same for nodes; but for items, which are many.</summary>
    public IReadOnlyList<(MongoCollection Collection, Func<AccountId, BsonDocument> Of)> DataOfNodes =>
    [
        (NodeMembers, AccountDocuments.Of),
    ];
}
