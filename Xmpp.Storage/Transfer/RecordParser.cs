using System.Text;
using System.Text.Json;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Storage.Transfer;

/// <summary>Reads the lines that <see cref="RecordWriter"/> writes. The parts of an account, room or node follow its line.</summary>
internal sealed class RecordParser
{
    private Jid? _account;
    private Jid? _room;
    private (Jid Owner, string Name)? _node;

    /// <exception cref="FormatException">It is no such record.</exception>
    public StoreRecord Parse(JsonElement line)
    {
        var kind = RecordNames.KindOf(line.GetProperty("kind").GetString());
        StoreRecord record = kind switch
        {
            RecordKind.Account => ParseAccount(line),
            RecordKind.Contact => new ContactRecord(Owner, ParseContact(line)),
            RecordKind.Removal => new RemovalRecord(Owner, JidOf(line, "jid"), line.GetProperty("version").GetInt64()),
            RecordKind.Blocked => new BlockedRecord(Owner, JidOf(line, "jid")),
            RecordKind.Data => new DataRecord(Owner, TextOf(line, "of"), TextOf(line, "key"), OctetsOf(line)),
            RecordKind.LastSeen => new LastSeenRecord(Owner, new(TimeOf(line, "at"), OctetsOf(line))),
            RecordKind.Message => new MessageRecord(Owner, TimeOf(line, "at"), OctetsOf(line)),
            RecordKind.Archived => new ArchivedRecord(ParseArchived(line, Owner)),
            RecordKind.ReadMark => new ReadMarkRecord(Owner, JidOf(line, "jid"), IdOf(line, "upTo")),
            RecordKind.Room => new RoomRecord(ParseRoom(line)),
            RecordKind.RoomMember => new RoomMemberRecord(Room, ParseMember(line)),
            RecordKind.RoomArchived => new RoomArchivedRecord(ParseArchived(line, Room)),
            RecordKind.Node => new NodeRecord(ParseNode(line)),
            RecordKind.NodeMember => new NodeMemberRecord(Node.Owner, Node.Name, ParseNodeMember(line)),
            RecordKind.NodeItem => new NodeItemRecord(Node.Owner, Node.Name, ParseItem(line)),
            RecordKind.Invitation => new InvitationRecord(ParseInvitation(line)),
            RecordKind.Setting => new SettingRecord(HostOf(line), TextOf(line, "name"), TextOf(line, "value")),
            RecordKind.Secret => new SecretRecord(TextOf(line, "name"), line.GetProperty("base64").GetBytesFromBase64()),
            _ => new RetiredRosterVersionRecord(line.GetProperty("version").GetInt64()),
        };
        _account = record switch
        {
            AccountRecord account => account.Account.Jid,
            AccountPart => _account,
            _ => null,
        };
        _room = record switch
        {
            RoomRecord room => room.Room.Room,
            RoomPart => _room,
            _ => null,
        };
        _node = record switch
        {
            NodeRecord { Node: var node } => (node.Owner, node.Name),
            NodePart => _node,
            _ => null,
        };
        return record;
    }

    private Jid Owner => _account ?? throw new FormatException("it belongs to an account, and there is none before it");

    private Jid Room => _room ?? throw new FormatException("it belongs to a room, and there is none before it");

    private (Jid Owner, string Name) Node => _node ?? throw new FormatException("it belongs to a node, and there is none before it");

    private static AccountRecord ParseAccount(JsonElement line)
    {
        var account = new Account(
            OwnerOf(line, "an account"),
            [.. line.GetProperty("keys").EnumerateArray().Select(ParseKeys)],
            line.GetProperty("enabled").GetBoolean(),
            TimeOf(line, "created"),
            line.TryGetProperty("lastLogin", out _) ? TimeOf(line, "lastLogin") : null);
        return new(account, line.GetProperty("rosterVersion").GetInt64(), line.GetProperty("rosterFloor").GetInt64());
    }

    private static ScramKeys ParseKeys(JsonElement keys) => new(
        TextOf(keys, "hash"),
        keys.GetProperty("salt").GetBytesFromBase64(),
        keys.GetProperty("iterations").GetInt32(),
        keys.GetProperty("storedKey").GetBytesFromBase64(),
        keys.GetProperty("serverKey").GetBytesFromBase64());

    private static RosterEntry ParseContact(JsonElement line) => new(JidOf(line, "jid"))
    {
        Version = line.GetProperty("version").GetInt64(),
        IsListed = line.GetProperty("listed").GetBoolean(),
        Subscription = RecordNames.SubscriptionOf(TextOf(line, "subscription")),
        IsAsking = IsTrue(line, "asking"),
        IsApproved = IsTrue(line, "approved"),
        Name = OptionalTextOf(line, "name"),
        Groups = line.TryGetProperty("groups", out var groups) ? [.. groups.EnumerateArray().Select(TextOf)] : [],
        Request = OptionalTextOf(line, "request") is { } request ? Element.Parse(request) : null,
    };

    private static StoredRoom ParseRoom(JsonElement line) => new(
        OwnerOf(line, "a room"),
        TimeOf(line, "created"),
        new(
            OptionalTextOf(line, "name"), line.GetProperty("listed").GetBoolean(), line.GetProperty("persistent").GetBoolean(),
            ValuesOf(line, "settings")),
        line.TryGetProperty("subject", out var subject) ? ParseSubject(subject) : null,
        []);

    private static RoomSubject ParseSubject(JsonElement subject) => new(
        TextOf(subject, "text"), OptionalTextOf(subject, "nick"), subject.TryGetProperty("by", out _) ? JidOf(subject, "by") : null,
        TimeOf(subject, "at"));

    private static RoomMember ParseMember(JsonElement line) =>
        new(JidOf(line, "jid"), RecordNames.AffiliationOf(TextOf(line, "affiliation")))
        {
            Reason = OptionalTextOf(line, "reason"),
            Nick = OptionalTextOf(line, "nick"),
            Notifications = OptionalTextOf(line, "notifications") is { } name ? RecordNames.NotificationsOf(name) : null,
            Version = line.GetProperty("version").GetInt64(),
        };

    private static StoredNode ParseNode(JsonElement line) => new(
        JidOf(line, "jid") is { IsBare: true } jid ? jid : throw new FormatException($"{TextOf(line, "jid")} has no nodes"),
        TextOf(line, "node"), TimeOf(line, "created"), ValuesOf(line, "settings"), []);

    private static NodeMember ParseNodeMember(JsonElement line) => new(
        JidOf(line, "jid"), RecordNames.NodeAffiliationOf(TextOf(line, "affiliation")),
        RecordNames.NodeSubscriptionOf(TextOf(line, "subscription")))
    {
        Options = ValuesOf(line, "options"),
    };

    private static StoredItem ParseItem(JsonElement line) => new(
        TextOf(line, "id"), IdOf(line, "position"), line.TryGetProperty("by", out _) ? JidOf(line, "by") : null, OctetsOf(line));

    private static Dictionary<string, string> ValuesOf(JsonElement line, string name) =>
        line.GetProperty(name).EnumerateObject().ToDictionary(value => value.Name, value => TextOf(value.Value));

    private static ArchiveEntry ParseArchived(JsonElement line, Jid owner) => new(
        owner, IdOf(line, "id"), JidOf(line, "with"), IsTrue(line, "incoming"), OctetsOf(line), OptionalTextOf(line, "text"),
        IsTrue(line, "shown"));

    private static Invitation ParseInvitation(JsonElement line) => new(
        TextOf(line, "token"),
        HostOf(line),
        line.TryGetProperty("inviter", out _) ? JidOf(line, "inviter") : null,
        line.GetProperty("allowsAccount").GetBoolean(),
        OptionalTextOf(line, "username"),
        TimeOf(line, "expires"),
        line.GetProperty("uses").GetInt32());

    private static ReadOnlyMemory<byte> OctetsOf(JsonElement line) => line.TryGetProperty("base64", out var octets)
        ? octets.GetBytesFromBase64()
        : Encoding.UTF8.GetBytes(TextOf(line, "value"));

    private static bool IsTrue(JsonElement line, string name) => line.TryGetProperty(name, out var value) && value.GetBoolean();

    private static string? OptionalTextOf(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? TextOf(value) : null;

    private static string TextOf(JsonElement line, string name) => TextOf(line.GetProperty(name));

    private static string TextOf(JsonElement value) => value.GetString() ?? throw new FormatException("text was expected, not null");

    private static string HostOf(JsonElement line) => TextOf(line, "host") is { Length: > 0 } host
        ? host
        : throw new FormatException("the host is missing");

    // In UTC, as stores give them.
    private static DateTimeOffset TimeOf(JsonElement line, string name) => line.GetProperty(name).GetDateTimeOffset().ToUniversalTime();

    private static SortableId IdOf(JsonElement line, string name) => SortableId.TryParse(TextOf(line, name), out var id)
        ? id
        : throw new FormatException($"'{TextOf(line, name)}' is no id of a message");

    private static Jid OwnerOf(JsonElement line, string what) => JidOf(line, "jid") is { Local: not null, IsBare: true } jid
        ? jid
        : throw new FormatException($"{TextOf(line, "jid")} is no address of {what}");

    private static Jid JidOf(JsonElement line, string name) => Jid.TryParse(TextOf(line, name), out var jid)
        ? jid
        : throw new FormatException($"'{TextOf(line, name)}' is no JID");
}
