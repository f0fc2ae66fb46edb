namespace Xmpp.Storage.Tests.Mongo;

public sealed class MongoAccountsTests() : AccountStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoRostersTests() : RosterStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoOfflineTests() : OfflineStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoBlockListsTests() : BlockListStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoAccountDataTests() : AccountDataStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoLastSeenTests() : LastSeenStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoInvitationsTests() : InvitationStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoSettingsTests() : SettingStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoArchiveContractTests() : ArchiveStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoRoomArchiveTests() : ArchiveStoreContract(new MongoDatabase(isNew: false), isOfRooms: true);

public sealed class MongoArchiveModelTests() : ArchiveModelContract(new MongoDatabase(isNew: false));

public sealed class MongoConversationsTests() : ConversationsContract(new MongoDatabase(isNew: false));

public sealed class MongoRoomsTests() : RoomStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoPubSubTests() : PubSubStoreContract(new MongoDatabase(isNew: false));

public sealed class MongoAccountLifeTests() : AccountLifeContract(new MongoDatabase(isNew: false));

public sealed class MongoCrashTests() : StoreCrashContract(new MongoDatabase())
{
    protected override bool HasPartsOfChanges => true;
}

public sealed class MongoTransferTests() : StoreTransferContract(new MongoDatabase(isNew: false));

public sealed class MongoMoverTests() : StoreMoverContract(new MongoDatabase(isNew: false), new MongoDatabase(isNew: false));
