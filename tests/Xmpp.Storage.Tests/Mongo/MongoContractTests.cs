namespace Xmpp.Storage.Tests.Mongo;

public sealed class MongoAccountsTests() : AccountStoreContract(new MongoDatabase());

public sealed class MongoRostersTests() : RosterStoreContract(new MongoDatabase());

public sealed class MongoOfflineTests() : OfflineStoreContract(new MongoDatabase());

public sealed class MongoBlockListsTests() : BlockListStoreContract(new MongoDatabase());

public sealed class MongoAccountDataTests() : AccountDataStoreContract(new MongoDatabase());

public sealed class MongoLastSeenTests() : LastSeenStoreContract(new MongoDatabase());

public sealed class MongoInvitationsTests() : InvitationStoreContract(new MongoDatabase());

public sealed class MongoSettingsTests() : SettingStoreContract(new MongoDatabase());

public sealed class MongoArchiveContractTests() : ArchiveStoreContract(new MongoDatabase());

public sealed class MongoRoomArchiveTests() : ArchiveStoreContract(new MongoDatabase(), isOfRooms: true);

public sealed class MongoArchiveModelTests() : ArchiveModelContract(new MongoDatabase());

public sealed class MongoConversationsTests() : ConversationsContract(new MongoDatabase());

public sealed class MongoRoomsTests() : RoomStoreContract(new MongoDatabase());

public sealed class MongoPubSubTests() : PubSubStoreContract(new MongoDatabase());

public sealed class MongoAccountLifeTests() : AccountLifeContract(new MongoDatabase());

public sealed class MongoCrashTests() : StoreCrashContract(new MongoDatabase())
{
    protected override bool HasPartsOfChanges => true;
}

public sealed class MongoTransferTests() : StoreTransferContract(new MongoDatabase());

public sealed class MongoMoverTests() : StoreMoverContract(new MongoDatabase(), new MongoDatabase());
