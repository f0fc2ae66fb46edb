using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteAccountsTests() : AccountStoreContract(new SqliteDatabase());

public sealed class SqliteRostersTests() : RosterStoreContract(new SqliteDatabase());

public sealed class SqliteOfflineTests() : OfflineStoreContract(new SqliteDatabase());

public sealed class SqliteBlockListsTests() : BlockListStoreContract(new SqliteDatabase());

public sealed class SqliteAccountDataTests() : AccountDataStoreContract(new SqliteDatabase());

public sealed class SqliteLastSeenTests() : LastSeenStoreContract(new SqliteDatabase());

public sealed class SqliteInvitationsTests() : InvitationStoreContract(new SqliteDatabase());

public sealed class SqliteSettingsTests() : SettingStoreContract(new SqliteDatabase());

public sealed class SqliteArchiveContractTests() : ArchiveStoreContract(new SqliteDatabase());

public sealed class SqliteRoomArchiveTests() : ArchiveStoreContract(new SqliteDatabase(), isOfRooms: true);

public sealed class SqliteArchiveModelTests() : ArchiveModelContract(new SqliteDatabase());

/// <summary>With an index that is worked on all the time.</summary>
public sealed class SqliteArchiveIndexTests() : ArchiveModelContract(new SqliteDatabase(new SqliteStoreOptions { UnindexedLimit = 5 }));

public sealed class SqliteConversationsTests() : ConversationsContract(new SqliteDatabase());

public sealed class SqliteRoomsTests() : RoomStoreContract(new SqliteDatabase());

public sealed class SqlitePubSubTests() : PubSubStoreContract(new SqliteDatabase());

public sealed class SqliteAccountLifeTests() : AccountLifeContract(new SqliteDatabase());

public sealed class SqliteTransferTests() : StoreTransferContract(new SqliteDatabase());

public sealed class SqliteMoverTests() : StoreMoverContract(new SqliteDatabase(), new SqliteDatabase());

internal sealed class SqliteDatabase(SqliteStoreOptions? options = null) : TestDatabase
{
    private readonly TemporaryDirectory _directory = new();

    public override string Address => _directory.Database;

    public override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(_directory.Database, null, options ?? new SqliteStoreOptions()));

    public override ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
