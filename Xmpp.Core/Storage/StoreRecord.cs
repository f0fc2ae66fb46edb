using Xmpp.Core.Extensions;

namespace Xmpp.Core.Storage;

/// <summary>The kinds of records that a store consists of.</summary>
public enum RecordKind
{
    Account,
    Contact,
    Removal,
    Blocked,
    Data,
    LastSeen,
    Message,
    Archived,
    ReadMark,
    Room,
    RoomMember,
    RoomArchived,
    Node,
    NodeMember,
    NodeItem,
    Invitation,
    Setting,
    Secret,
    RetiredRosterVersion,
}

/// <summary>
/// One thing that a store keeps, by itself. A store as a whole is a sequence of them: each account, by host and name in the order of
/// their UTF-8 octets, followed by its parts kind by kind; each room in the same way; each node, those of accounts first, by owner and
/// name; then what is left, in the order of <see cref="RecordKind"/>.
/// </summary>
public abstract record StoreRecord(RecordKind Kind);

/// <summary>An account without what belongs to it.</summary>
/// <param name="Account">Its address, keys and times.</param>
/// <param name="RosterVersion">Of its <see cref="StoredRoster"/>.</param>
/// <param name="RosterFloor">Of its <see cref="StoredRoster"/>.</param>
public sealed record AccountRecord(Account Account, long RosterVersion, long RosterFloor) : StoreRecord(RecordKind.Account);

/// <summary>What belongs to an account.</summary>
public abstract record AccountPart(RecordKind Kind, Jid Account) : StoreRecord(Kind);

public sealed record ContactRecord(Jid Account, RosterEntry Entry) : AccountPart(RecordKind.Contact, Account);

/// <summary>Somebody who was in the roster, and the version that removed the item.</summary>
public sealed record RemovalRecord(Jid Account, Jid Contact, long Version) : AccountPart(RecordKind.Removal, Account);

public sealed record BlockedRecord(Jid Account, Jid Blocked) : AccountPart(RecordKind.Blocked, Account);

/// <inheritdoc cref="IAccountDataStore"/>
public sealed record DataRecord(Jid Account, string DataKind, string Key, ReadOnlyMemory<byte> Value)
    : AccountPart(RecordKind.Data, Account);

public sealed record LastSeenRecord(Jid Account, LastSeen Seen) : AccountPart(RecordKind.LastSeen, Account);

/// <summary>A message that waits for its account, behind those restored before.</summary>
public sealed record MessageRecord(Jid Account, DateTimeOffset At, ReadOnlyMemory<byte> Stanza)
    : AccountPart(RecordKind.Message, Account);

/// <summary>A message of the account's archive, by id.</summary>
/// <param name="Message">With its text as the archive has it.</param>
public sealed record ArchivedRecord(ArchiveEntry Message) : AccountPart(RecordKind.Archived, Message.Account);

/// <summary>How far the account has read a conversation; of those that there are, by the other side's bare JID.</summary>
public sealed record ReadMarkRecord(Jid Account, Jid With, SortableId UpTo) : AccountPart(RecordKind.ReadMark, Account);

/// <summary>A room without what belongs to it.</summary>
/// <param name="Room">Without members.</param>
public sealed record RoomRecord(StoredRoom Room) : StoreRecord(RecordKind.Room);

/// <summary>What belongs to a room.</summary>
public abstract record RoomPart(RecordKind Kind, Jid Room) : StoreRecord(Kind);

/// <summary>What the room keeps of somebody, by that one's address.</summary>
public sealed record RoomMemberRecord(Jid Room, RoomMember Member) : RoomPart(RecordKind.RoomMember, Room);

/// <summary>A message of the room's archive, by id.</summary>
/// <param name="Message">With its text as the archive has it.</param>
public sealed record RoomArchivedRecord(ArchiveEntry Message) : RoomPart(RecordKind.RoomArchived, Message.Account);

/// <summary>A node without what belongs to it.</summary>
/// <param name="Node">Without members.</param>
public sealed record NodeRecord(StoredNode Node) : StoreRecord(RecordKind.Node);

/// <summary>What belongs to a node.</summary>
public abstract record NodePart(RecordKind Kind, Jid Owner, string Node) : StoreRecord(Kind);

/// <summary>What the node keeps of an address, by that.</summary>
public sealed record NodeMemberRecord(Jid Owner, string Node, NodeMember Member) : NodePart(RecordKind.NodeMember, Owner, Node);

/// <summary>An item of the node, by position.</summary>
public sealed record NodeItemRecord(Jid Owner, string Node, StoredItem Item) : NodePart(RecordKind.NodeItem, Owner, Node);

public sealed record InvitationRecord(Invitation Invitation) : StoreRecord(RecordKind.Invitation);

public sealed record SettingRecord(string Host, string Name, string Value) : StoreRecord(RecordKind.Setting);

/// <summary>See <see cref="IStore.GetOrCreateSecretAsync"/>.</summary>
public sealed record SecretRecord(string Name, ReadOnlyMemory<byte> Value) : StoreRecord(RecordKind.Secret);

/// <summary>The highest version of a roster that is gone: those of accounts made later begin behind it.</summary>
public sealed record RetiredRosterVersionRecord(long Version) : StoreRecord(RecordKind.RetiredRosterVersion);
