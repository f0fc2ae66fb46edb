using Xmpp.Core;

namespace Xmpp.Storage.Sqlite;

/// <summary>An account's or a room's archive, and whom it has messages with.</summary>
internal sealed class ArchiveOwner(long archive)
{
    public long Archive => archive;

    /// <summary>The ids of peers, by bare JID.</summary>
    public Dictionary<Jid, long> Peers { get; } = [];
}

/// <summary>
/// Finds, or makes, what the rows of messages refer to. It is remembered, or each message would ask for four ids. Belongs to the writer's
/// thread, so that what is remembered is in step with its transactions; when one fails everything is forgotten.
/// </summary>
internal sealed class ArchiveOwners
{
    private const int MaxOwners = 10_000;
    private const int MaxPeers = 1_000;

    // An archive's number is never used again, as an account's may be.
    private const string FindSql =
        "SELECT a.id, r.id FROM account a LEFT JOIN archive r ON r.account = a.id WHERE a.host = ? AND a.name = ?";

    private const string FindOfRoomSql =
        "SELECT o.id, r.id FROM room o LEFT JOIN archive r ON r.room = o.id WHERE o.service = ? AND o.name = ?";

    private const string AddSql = "INSERT INTO archive(account, messages, bytes) VALUES (?, 0, 0)";
    private const string AddOfRoomSql = "INSERT INTO archive(room, messages, bytes) VALUES (?, 0, 0)";
    private const string FindPeerSql = "SELECT id FROM archive_peer WHERE archive = ? AND jid = ?";
    private const string AddPeerSql = "INSERT INTO archive_peer(archive, jid) VALUES (?, ?)";

    private readonly Dictionary<Jid, ArchiveOwner> _owners = [];

    /// <summary>Null when there is no such account or room.</summary>
    public ArchiveOwner? Find(SqliteSession session, Jid account)
    {
        if (_owners.TryGetValue(account, out var owner))
            return owner;
        if ((FindOrAdd(session, account, FindSql, AddSql) ?? FindOrAdd(session, account, FindOfRoomSql, AddOfRoomSql)) is not { } archive)
            return null;

        owner = new ArchiveOwner(archive);
        if (_owners.Count >= MaxOwners)
            _owners.Clear();
        _owners.Add(account, owner);
        return owner;
    }

    private static long? FindOrAdd(SqliteSession session, Jid account, string findSql, string addSql)
    {
        var (host, name) = AccountKey.Of(account);
        var statement = session.Statement(findSql).Text(host).Text(name);
        if (!statement.Step())
            return null;

        var id = statement.GetInteger(0);
        long? archive = statement.IsNull(1) ? null : statement.GetInteger(1);
        statement.Begin();
        return archive ?? session.Statement(addSql).Integer(id).Insert();
    }

    /// <param name="peer">A bare JID.</param>
    public static long FindPeer(SqliteSession session, ArchiveOwner owner, Jid peer)
    {
        if (owner.Peers.TryGetValue(peer, out var id))
            return id;

        id = FindPeer(session, owner.Archive, peer) ?? session.Statement(AddPeerSql).Integer(owner.Archive).Text(peer.Utf8.Span).Insert();
        if (owner.Peers.Count >= MaxPeers)
            owner.Peers.Clear();
        owner.Peers.Add(peer, id);
        return id;
    }

    /// <summary>Null when the archive has had no message with that bare JID.</summary>
    public static long? FindPeer(SqliteSession session, long archive, Jid peer) =>
        session.Statement(FindPeerSql).Integer(archive).Text(peer.Utf8.Span).FindInteger();

    public void Forget(Jid account) => _owners.Remove(account);

    public void Clear() => _owners.Clear();
}
