using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// The conversations, which are rows of <c>archive_peer</c>. What is unread is counted when somebody asks, so that nothing that happens to
/// messages can make it wrong.
/// </summary>
internal sealed partial class SqliteArchive
{
    internal const string ListConversationsSql =
        """
        SELECT id, jid, last, received, read FROM archive_peer WHERE archive = ?1 AND last < ?2 AND last > x''
        ORDER BY last DESC LIMIT ?3
        """;

    internal const string ListUnreadSql =
        """
        SELECT id, jid, last, received, read FROM archive_peer WHERE archive = ?1 AND last < ?2 AND last > x''
        AND received > ifnull(read, x'') ORDER BY last DESC LIMIT ?3
        """;

    internal const string CountConversationsSql = "SELECT count(*) FROM archive_peer WHERE archive = ? AND last > x''";
    internal const string EachUnreadSql =
        "SELECT id, read FROM archive_peer WHERE archive = ? AND last > x'' AND received > ifnull(read, x'')";

    // Of a conversation that somebody never reads, but writes in, not all is looked at.
    internal const string UnreadSql =
        """
        SELECT count(*) FROM (
            SELECT 1 FROM (SELECT flags FROM archive_by_peer WHERE peer = ?1 AND id > ?2 ORDER BY id DESC LIMIT ?3)
            WHERE flags & 3 = 3 LIMIT ?4)
        """;

    internal const string FindConversationSql =
        "SELECT id, jid, last, received, read FROM archive_peer WHERE archive = ?1 AND jid = ?2 AND last > x''";

    internal const string SpeakersSql = "SELECT id, last FROM archive_peer WHERE archive = ?1 AND last > ?2 ORDER BY last DESC";
    internal const string LastShownSql = "SELECT max(last) FROM archive_peer WHERE archive = ?1 AND last > x''";
    internal const string LastOfSpeakerSql = "SELECT last FROM archive_peer WHERE archive = ?1 AND jid = ?2";

    private const string ReadUpToSql =
        "UPDATE archive_peer SET read = max(ifnull(read, x''), ?1) WHERE archive = ?2 AND jid = ?3 AND last > x''";

    public async ValueTask<IReadOnlyList<Conversation>> ListConversationsAsync(
        Jid account, SortableId? after, bool isUnreadOnly, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        await BringUpToDateAsync(account, cancellationToken);
        return await ReadAsync<IReadOnlyList<Conversation>>(account, session =>
        {
            var page = new List<Conversation>();
            if (FindArchive(session, account) is not { } archive)
                return page;

            var rows = session.Statement(isUnreadOnly ? ListUnreadSql : ListConversationsSql)
                .Integer(archive).Id(after?.Value ?? UInt128.MaxValue).Integer(count);
            while (rows.Step())
                page.Add(ReadConversation(session, rows));
            return page;
        }, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Conversation>> FindConversationsAsync(
        Jid account, IReadOnlyCollection<Jid> with, CancellationToken cancellationToken)
    {
        await BringUpToDateAsync(account, cancellationToken);
        return await ReadAsync<IReadOnlyList<Conversation>>(account, session =>
        {
            var found = new List<Conversation>();
            if (FindArchive(session, account) is not { } archive)
                return found;

            foreach (var peer in with)
            {
                var row = session.Statement(FindConversationSql).Integer(archive).Text(peer.Utf8.Span);
                while (row.Step())
                    found.Add(ReadConversation(session, row));
            }

            return found;
        }, cancellationToken);
    }

    public async ValueTask<Conversation?> FindRoomConversationAsync(
        Jid room, Jid reader, SortableId? readUpTo, CancellationToken cancellationToken)
    {
        await BringUpToDateAsync(room, cancellationToken);
        return await ReadAsync(room, session =>
        {
            if (FindArchive(session, room) is not { } archive || session.Statement(LastShownSql).Integer(archive).FindId() is not { } last)
                return null;

            var own = session.Statement(LastOfSpeakerSql).Integer(archive).Text(reader.Utf8.Span).FindId() ?? 0;
            var read = UInt128.Max(own, readUpTo?.Value ?? 0);
            var unread = 0;
            var speakers = session.Statement(SpeakersSql).Integer(archive).Id(read);
            while (speakers.Step())
                unread += unread < ArchiveLimits.MaxUnread ? CountUnread(session, speakers.GetInteger(0), read) : 0;
            return new Conversation(
                room, new(last), Math.Min(unread, ArchiveLimits.MaxUnread), read == 0 ? null : new SortableId(read));
        }, cancellationToken);
    }

    public async ValueTask<(int Conversations, int Unread, int Messages)> CountConversationsAsync(
        Jid account, CancellationToken cancellationToken)
    {
        await BringUpToDateAsync(account, cancellationToken);
        return await ReadAsync(account, session =>
        {
            if (FindArchive(session, account) is not { } archive)
                return default;

            var (unread, messages) = (0, 0);
            var conversations = session.Statement(CountConversationsSql).Integer(archive).FindInteger() ?? 0;
            var rows = session.Statement(EachUnreadSql).Integer(archive);
            for (; rows.Step(); unread++)
                messages += CountUnread(session, rows.GetInteger(0), rows.GetId(1));
            return ((int)conversations, unread, messages);
        }, cancellationToken);
    }

    public ValueTask<bool> MarkReadAsync(Jid account, Jid with, SortableId upTo, CancellationToken cancellationToken) =>
        ChangeAsync(account, (session, archive) =>
            session.Statement(ReadUpToSql).Id(upTo.Value).Integer(archive).Text(with.Bare.Utf8.Span).Run() > 0, cancellationToken);

    private static Conversation ReadConversation(SqliteSession session, SqliteStatement row)
    {
        var with = Jid.TryParse(row.GetOctets(1), out var jid)
            ? jid
            : throw new StoreException(StanzaErrorCondition.InternalServerError, "A stored address is not a JID.");
        var (received, read) = (row.GetId(3), row.GetId(4));
        var unread = received is { } last && last > (read ?? 0) ? CountUnread(session, row.GetInteger(0), read) : 0;
        return new(with, new SortableId(row.GetId(2) ?? default), unread, read is { } upTo ? new SortableId(upTo) : null);
    }

    private static int CountUnread(SqliteSession session, long peer, UInt128? read) => (int)(session.Statement(UnreadSql)
        .Integer(peer).Id(read ?? 0).Integer(ArchiveScan.StepSize).Integer(ArchiveLimits.MaxUnread).FindInteger() ?? 0);
}
