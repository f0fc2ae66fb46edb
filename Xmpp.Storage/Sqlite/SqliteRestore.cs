using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>Puts records into the tables, within one transaction.</summary>
internal sealed class SqliteRestore(SqliteSession session, ArchiveIndex archive, Action<Jid> forgetNotes)
{
    private const string AddAccountSql =
        """
        INSERT INTO account(host, name, enabled, created, last_login, roster_version, roster_floor)
        VALUES ($host, $name, $enabled, $created, $last_login, $version, $floor) ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string AddRemovalSql = "INSERT INTO roster_removed(account, contact, version) VALUES ($account, $contact, $version)";
    private const string AddBlockedSql = "INSERT INTO blocked(account, jid) VALUES ($account, $jid)";
    private const string AddDataSql = "INSERT INTO account_data(account, kind, key, value) VALUES ($account, $kind, $key, $value)";
    private const string AddSeenSql = "INSERT INTO last_seen(account, at, presence) VALUES ($account, $at, $presence)";
    private const string ReplaceSecretSql = "INSERT OR REPLACE INTO secret(name, value) VALUES ($name, $value)";
    private const string SetRetiredSql = "UPDATE deleted_roster SET version = $version";

    private const string MarkReadSql =
        "UPDATE archive_peer SET read = ? WHERE archive = (SELECT id FROM archive WHERE account = ?) AND jid = ? AND read IS NULL";

    private readonly List<ArchiveRow> _archived = [];
    private Jid? _account;
    private long _id;
    private Jid? _room;
    private long _roomId;
    private (Jid, string) _node;
    private long _nodeId;

    /// <exception cref="StoreException">A record can't be added.</exception>
    public void Add(IReadOnlyList<StoreRecord> batch)
    {
        foreach (var record in batch)
            Add(record);
        IndexArchived();
    }

    private void Add(StoreRecord record)
    {
        switch (record)
        {
            case AccountRecord account:
                AddAccount(account);
                break;
            case AccountPart part:
                AddPart(part, IdOf(part.Account));
                break;
            case RoomRecord { Room: var room }:
                _roomId = SqliteRooms.Add(session, room) ?? throw Refuse($"There is a room {room.Room} already.");
                _room = room.Room;
                break;
            case RoomMemberRecord member:
                SqliteRooms.AddMember(session, RoomIdOf(member.Room), member.Member);
                break;
            case RoomArchivedRecord { Message: var message }:
                RoomIdOf(message.Account);
                _archived.Add(archive.Restore(session, message));
                break;
            case NodeRecord { Node: var node }:
                _nodeId = SqlitePubSub.Add(session, node) ?? throw Refuse($"There is a node {node.Name} of {node.Owner} already.");
                _node = (node.Owner, node.Name);
                break;
            case NodeMemberRecord member:
                SqlitePubSub.AddMember(session, NodeIdOf(member), member.Member);
                break;
            case NodeItemRecord item:
                SqlitePubSub.AddItem(session, NodeIdOf(item), item.Item);
                break;
            case InvitationRecord { Invitation: var invitation }:
                SqliteInvitations.Replace(session, invitation, invitation.Inviter is { } inviter ? IdOf(inviter) : null);
                break;
            case SettingRecord setting:
                session.Execute(SqliteSettings.SetSql, ("$host", setting.Host), ("$name", setting.Name), ("$value", setting.Value));
                break;
            case SecretRecord secret:
                session.Execute(ReplaceSecretSql, ("$name", secret.Name), ("$value", secret.Value.ToArray()));
                break;
            case RetiredRosterVersionRecord retired:
                session.Execute(SetRetiredSql, ("$version", retired.Version));
                break;
            default:
                throw new ArgumentException($"There is no table for {record.Kind}.");
        }
    }

    private void AddAccount(AccountRecord record)
    {
        var account = record.Account;
        var (host, name) = AccountKey.Of(account.Jid);
        var id = session.Scalar(AddAccountSql, ("$host", host), ("$name", name), ("$enabled", account.Enabled),
            ("$created", account.Created.ToUnixTimeMilliseconds()), ("$last_login", account.LastLogin?.ToUnixTimeMilliseconds()),
            ("$version", record.RosterVersion), ("$floor", record.RosterFloor));
        if (id is null)
            throw Refuse($"There is an account {account.Jid} already.");

        forgetNotes(account.Jid);
        (_account, _id) = (account.Jid, (long)id);
        SqliteAccounts.AddKeys(session, _id, account.Keys);
    }

    private void AddPart(AccountPart record, long account)
    {
        switch (record)
        {
            case ContactRecord contact:
                SqliteRosters.Add(session, account, contact.Entry);
                break;
            case RemovalRecord removal:
                session.Execute(AddRemovalSql,
                    ("$account", account), ("$contact", removal.Contact.ToString()), ("$version", removal.Version));
                break;
            case BlockedRecord blocked:
                session.Execute(AddBlockedSql, ("$account", account), ("$jid", blocked.Blocked.ToString()));
                break;
            case DataRecord data:
                session.Execute(AddDataSql,
                    ("$account", account), ("$kind", data.DataKind), ("$key", data.Key), ("$value", data.Value.ToArray()));
                break;
            case LastSeenRecord { Seen: var seen }:
                session.Execute(AddSeenSql,
                    ("$account", account), ("$at", seen.At.ToUnixTimeMilliseconds()), ("$presence", seen.Presence.ToArray()));
                break;
            case MessageRecord message:
                session.Execute(SqliteOffline.AddSql,
                    ("$account", account), ("$at", message.At.ToUnixTimeMilliseconds()), ("$stanza", message.Stanza.ToArray()));
                break;
            case ArchivedRecord { Message: var message }:
                _archived.Add(archive.Restore(session, message));
                break;
            case ReadMarkRecord mark:
                IndexArchived();
                if (session.Statement(MarkReadSql).Id(mark.UpTo.Value).Integer(account).Text(mark.With.Utf8.Span).Run() == 0)
                    throw Refuse("There is no such conversation, or it has such a mark already.");
                break;
            default:
                throw new ArgumentException($"There is no table for {record.Kind}.");
        }
    }

    private void IndexArchived()
    {
        if (_archived.Count > 0 && archive.Add(session, _archived) > 0)
            throw Refuse("An archive has one of the messages already.");
        _archived.Clear();
    }

    // Records of one account follow each other.
    private long IdOf(Jid account)
    {
        if (account != _account)
        {
            _id = AccountRow.FindId(session, AccountKey.Of(account)) ?? throw Refuse($"There is no account {account}.");
            _account = account;
        }

        return _id;
    }

    private long RoomIdOf(Jid room)
    {
        if (room != _room)
        {
            _roomId = SqliteRooms.FindId(session, RoomKey.Of(room)) ?? throw Refuse($"There is no room {room}.");
            _room = room;
        }

        return _roomId;
    }

    private long NodeIdOf(NodePart part)
    {
        if (_node != (part.Owner, part.Node))
        {
            _nodeId = SqlitePubSub.FindId(session, part.Owner, part.Node) ?? throw Refuse($"There is no node {part.Node} of {part.Owner}.");
            _node = (part.Owner, part.Node);
        }

        return _nodeId;
    }

    private static StoreException Refuse(string message) => new(StanzaErrorCondition.InternalServerError, message);
}
