using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Puts one batch of records into the collections: first the accounts and rooms, then at once what belongs to them, each collection in one
/// go, then the rest. So what is there in part belongs to accounts or rooms, and a setting comes last.
/// </summary>
/// <param name="forgetNotes">Forgets what is on its way to the database for an account of that name.</param>
internal sealed class MongoRestore(
    MongoCollections collections, AccountIds ids, AccountIds roomIds, MongoOffline offline, TimeProvider time, Action<Jid> forgetNotes)
{
    private readonly Dictionary<Jid, AccountId> _accounts = [];
    private readonly Dictionary<Jid, AccountId> _rooms = [];
    private readonly MongoBulk _members = new();
    private readonly Dictionary<(Jid, string), AccountId> _nodes = [];
    private readonly MongoBulk _nodeMembers = new();
    private readonly MongoBulk _items = new();
    private readonly MongoBulk _entries = new();
    private readonly MongoBulk _removals = new();
    private readonly MongoBulk _blocked = new();
    private readonly MongoBulk _data = new();
    private readonly MongoBulk _seen = new();
    private readonly MongoBulk _messages = new();
    private readonly MongoBulk _archived = new();
    private readonly MongoBulk _readMarks = new();
    private readonly Dictionary<(AccountId, Jid), (UInt128, UInt128)> _conversations = [];
    private readonly MongoBulk _invitations = new();
    private readonly MongoBulk _settings = new();
    private readonly MongoBulk _secrets = new();
    private readonly MongoBulk _counters = new();

    /// <exception cref="StoreException">A record can't be added.</exception>
    public async ValueTask AddAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await InsertAsync(collections.Accounts, NewAccounts(batch), cancellationToken);
        foreach (var account in _accounts.Keys)
            ids.Forget(account);
        await InsertAsync(collections.Rooms, NewRooms(batch), cancellationToken);
        foreach (var room in _rooms.Keys)
            roomIds.Forget(room);
        await InsertAsync(collections.Nodes, await NewNodesAsync(batch, cancellationToken), cancellationToken);
        foreach (var record in batch)
            await PrepareAsync(record, cancellationToken);

        await Task.WhenAll(
            InsertRosterAsync(),
            InsertAsync(collections.Blocked, _blocked, cancellationToken),
            InsertAsync(collections.AccountData, _data, cancellationToken),
            InsertAsync(collections.LastSeen, _seen, cancellationToken),
            InsertAsync(collections.OfflineMessages, _messages, cancellationToken),
            InsertArchiveAsync(),
            InsertAsync(collections.RoomMembers, _members, cancellationToken),
            InsertAsync(collections.NodeMembers, _nodeMembers, cancellationToken),
            InsertAsync(collections.NodeItems, _items, cancellationToken),
            collections.Invitations.PutAsync(_invitations, cancellationToken).AsTask());
        await collections.Secrets.PutAsync(_secrets, cancellationToken);
        await collections.Counters.PutAsync(_counters, cancellationToken);
        await collections.Settings.PutAsync(_settings, cancellationToken);

        // A contact who was removed and has sent a request since is one document.
        async Task InsertRosterAsync()
        {
            await InsertAsync(collections.RosterEntries, _entries, cancellationToken);
            await InsertAsync(collections.RosterEntries, _removals, cancellationToken);
        }

        async Task InsertArchiveAsync()
        {
            await collections.ArchiveConversations.PutAsync(ConversationMoves.Write(_conversations), cancellationToken);
            await collections.ArchiveConversations.PutAsync(_readMarks, cancellationToken);
            await InsertAsync(collections.ArchiveMessages, _archived, cancellationToken);
        }
    }

    private static async Task InsertAsync(MongoCollection collection, MongoBulk bulk, CancellationToken cancellationToken)
    {
        foreach (var part in bulk.Split())
        {
            if ((await collection.BulkAsync(part, cancellationToken)).IsDuplicate)
                throw Refuse($"The collection {collection.Name} has one of the records already.");
        }
    }

    private static StoreException Refuse(string message) => new(StanzaErrorCondition.InternalServerError, message);

    private MongoBulk NewAccounts(IReadOnlyList<StoreRecord> batch)
    {
        var bulk = new MongoBulk();
        foreach (var record in batch.OfType<AccountRecord>())
        {
            var account = record.Account.Jid;
            var id = AccountId.New(time.GetUtcNow());
            forgetNotes(account);
            bulk.Insert(MongoAccounts.Write(record.Account, id, record.RosterVersion, record.RosterFloor));
            _accounts.Add(account, id);
        }

        return bulk;
    }

    private MongoBulk NewRooms(IReadOnlyList<StoreRecord> batch)
    {
        var bulk = new MongoBulk();
        foreach (var record in batch.OfType<RoomRecord>())
        {
            var id = AccountId.New(time.GetUtcNow());
            bulk.Insert(RoomDocument.Write(id, record.Room, MemberStep<RoomMember>.Nothing));
            _rooms.Add(record.Room.Room, id);
        }

        return bulk;
    }

    private async ValueTask<MongoBulk> NewNodesAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
    {
        var bulk = new MongoBulk();
        foreach (var node in batch.OfType<NodeRecord>().Select(record => record.Node))
        {
            var id = AccountId.New(time.GetUtcNow());
            var owner = await MongoPubSub.FindOwnerAsync(ids, node.Owner, cancellationToken)
                ?? throw Refuse($"There is no account {node.Owner}.");
            // Whether it has members will be seen.
            bulk.Insert(NodeDocument.Write(id, owner, node, MemberStep<NodeMember>.Nothing, hasMembers: true));
            _nodes.Add((node.Owner, node.Name), id);
        }

        return bulk;
    }

    private async ValueTask PrepareAsync(StoreRecord record, CancellationToken cancellationToken)
    {
        switch (record)
        {
            case AccountRecord or RoomRecord or NodeRecord:
                break;
            case RoomMemberRecord member:
                _members.Insert(RoomDocument.Members.Write(await FindRoomAsync(member.Room, cancellationToken), member.Member));
                break;
            case RoomArchivedRecord { Message: var message }:
                Prepare(message, await FindRoomAsync(message.Account, cancellationToken));
                break;
            case NodeMemberRecord member:
                _nodeMembers.Insert(NodeDocument.Members.Write(await FindNodeAsync(member, cancellationToken), member.Member));
                break;
            case NodeItemRecord item:
                _items.Insert(NodeDocument.WriteItem(await FindNodeAsync(item, cancellationToken), item.Item));
                break;
            case AccountPart part:
                Prepare(part, await FindAsync(part.Account, cancellationToken));
                break;
            case InvitationRecord { Invitation: var invitation }:
                AccountId? inviter = invitation.Inviter is { } jid ? await FindAsync(jid, cancellationToken) : null;
                _invitations.Replace(MongoInvitations.ById(invitation.Token), MongoInvitations.Write(invitation, inviter), upsert: true);
                break;
            case SettingRecord setting:
                var id = MongoSettings.ById(setting.Host, setting.Name);
                _settings.Replace(id, MongoSettings.Write(id, setting.Value), upsert: true);
                break;
            case SecretRecord secret:
                _secrets.Replace(MongoSecrets.ById(secret.Name), MongoSecrets.Write(secret.Name, secret.Value.Span), upsert: true);
                break;
            case RetiredRosterVersionRecord retired:
                _counters.Update(MongoRosters.RetiredVersionId, MongoRosters.SetRetiredVersion(retired.Version), upsert: true);
                break;
            default:
                throw new ArgumentException($"There is no collection for {record.Kind}.");
        }
    }

    private void Prepare(AccountPart record, AccountId account)
    {
        switch (record)
        {
            case ContactRecord contact:
                _entries.Insert(MongoRosterEntry.Write(account, contact.Entry, removed: null));
                break;
            case RemovalRecord removal:
                // Where there is one already none is matched, and none can be made.
                _removals.Update(
                    MongoRosterEntry.NotRemoved(account, removal.Contact), MongoRosterEntry.SetRemoved(removal.Version), upsert: true);
                break;
            case BlockedRecord blocked:
                _blocked.Insert(MongoBlockLists.Document(account, blocked.Blocked));
                break;
            case DataRecord data:
                _data.Insert(MongoAccountData.Write(account, data.DataKind, data.Key, data.Value));
                break;
            case LastSeenRecord { Seen: var seen }:
                _seen.Insert(MongoLastSeen.Write(account, seen.At, seen.Presence));
                break;
            case MessageRecord message:
                _messages.Insert(offline.Restore(account, message.At, message.Stanza));
                break;
            case ArchivedRecord { Message: var message }:
                Prepare(message, account);
                break;
            case ReadMarkRecord mark:
                _readMarks.Update(ConversationMoves.ById(account, mark.With), MongoArchive.SetRead(mark.UpTo), upsert: true);
                break;
            default:
                throw new ArgumentException($"There is no collection for {record.Kind}.");
        }
    }

    private void Prepare(ArchiveEntry message, AccountId owner)
    {
        _archived.Insert(ArchiveDocument.Write(owner, message, message.Text is { } text ? Encoding.UTF8.GetBytes(text) : null));
        if (message.IsShown)
            ConversationMoves.Note(_conversations, owner, message.With.Bare, message.Id.Value, message.IsIncoming);
    }

    private async ValueTask<AccountId> FindRoomAsync(Jid room, CancellationToken cancellationToken)
    {
        if (!_rooms.TryGetValue(room, out var id))
            _rooms[room] = id = await roomIds.FindAsync(room, cancellationToken) ?? throw Refuse($"There is no room {room}.");
        return id;
    }

    private async ValueTask<AccountId> FindNodeAsync(NodePart part, CancellationToken cancellationToken)
    {
        if (!_nodes.TryGetValue((part.Owner, part.Node), out var id))
        {
            var owner = await MongoPubSub.FindOwnerAsync(ids, part.Owner, cancellationToken);
            _nodes[(part.Owner, part.Node)] = id = (owner is { } known
                ? await collections.Nodes.FindOneAsync<AccountId?>(
                    MongoPubSub.ByKey(known, part.Node), static document => AccountIds.ReadId(document), AccountIds.IdOnly,
                    cancellationToken)
                : null) ?? throw Refuse($"There is no node {part.Node} of {part.Owner}.");
        }

        return id;
    }

    private async ValueTask<AccountId> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        if (!_accounts.TryGetValue(account, out var id))
            _accounts[account] = id = await ids.FindAsync(account, cancellationToken) ?? throw Refuse($"There is no account {account}.");
        return id;
    }
}
