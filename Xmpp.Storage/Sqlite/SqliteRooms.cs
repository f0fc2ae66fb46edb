using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The tables <c>room</c> and <c>room_member</c>.</summary>
internal sealed class SqliteRooms(SqliteReaders readers, SqliteWriter writer, SqliteArchive archive) : IRoomStore
{
    private const string FindIdSql = "SELECT id FROM room WHERE service = $service AND name = $name";

    // One row for each member, or one without.
    private const string FindSql =
        """
        SELECT r.created, r.title, r.listed, r.persistent, r.settings, r.subject, r.subject_nick, r.subject_by, r.subject_at,
            m.jid, m.affiliation, m.reason, m.nick, m.version, m.notifications
        FROM room r LEFT JOIN room_member m ON m.room = r.id WHERE r.service = $service AND r.name = $name
        """;

    private const string AddSql =
        """
        INSERT INTO room(service, name, created, title, listed, persistent, settings)
        VALUES ($service, $name, $created, $title, $listed, $persistent, $settings) ON CONFLICT DO NOTHING RETURNING id
        """;

    private const string SetSettingsSql =
        "UPDATE room SET title = $title, listed = $listed, persistent = $persistent, settings = $settings WHERE id = $room";

    private const string SetSubjectSql =
        "UPDATE room SET subject = $subject, subject_nick = $nick, subject_by = $by, subject_at = $at WHERE id = $room";

    private const string AddMemberSql = $"INSERT {IntoMemberSql}";
    private const string SaveMemberSql = $"INSERT OR REPLACE {IntoMemberSql}";
    private const string IntoMemberSql =
        """
        INTO room_member(room, jid, affiliation, reason, nick, version, notifications)
        VALUES ($room, $jid, $affiliation, $reason, $nick, $version, $notifications)
        """;

    private const string DeleteMemberSql = "DELETE FROM room_member WHERE room = $room AND jid = $jid";
    private const string DeleteSql = "DELETE FROM room WHERE service = $service AND name = $name";

    private const string RoomsOfSql =
        """
        SELECT r.service, r.name, m.jid, m.affiliation, m.reason, m.nick, m.version, m.notifications
        FROM room_member m CROSS JOIN room r ON r.id = m.room
        WHERE m.jid = $jid AND (r.service, r.name) > ($service, $name) ORDER BY r.service, r.name LIMIT $count
        """;

    public ValueTask<StoredRoom?> FindAsync(Jid room, CancellationToken cancellationToken)
    {
        var (service, name) = RoomKey.Of(room);
        return readers.ReadAsync(session =>
        {
            using var rows = session.Query(FindSql, ("$service", service), ("$name", name));
            return rows.Read() ? Read(rows, room) : null;
        }, cancellationToken);
    }

    public ValueTask<bool> AddAsync(StoredRoom room, CancellationToken cancellationToken)
    {
        RoomKey.Of(room.Room);
        return writer.WriteAsync(session => Add(session, room) is not null, cancellationToken);
    }

    public ValueTask<bool> ApplyAsync(Jid room, RoomChange change, CancellationToken cancellationToken)
    {
        var key = RoomKey.Of(room);
        return writer.WriteAsync(session =>
        {
            if (FindId(session, key) is not { } id)
                return false;

            if (change.Settings is { } settings)
            {
                session.Execute(SetSettingsSql, ("$title", settings.Name), ("$listed", settings.IsListed),
                    ("$persistent", settings.IsPersistent), ("$settings", NamedValues.Write(settings.Values)), ("$room", id));
            }

            if (change.Subject is { } subject)
                SetSubject(session, id, subject);
            foreach (var jid in change.Deleted)
                session.Execute(DeleteMemberSql, ("$room", id), ("$jid", jid.ToString()));
            foreach (var member in change.Saved)
                Write(session, SaveMemberSql, id, member);
            return true;
        }, cancellationToken);
    }

    public async ValueTask<bool> RemoveAsync(Jid room, CancellationToken cancellationToken)
    {
        var (service, name) = RoomKey.Of(room);
        var isRemoved = await writer.WriteAsync(session =>
        {
            archive.Forget(room);
            return session.Execute(DeleteSql, ("$service", service), ("$name", name)) > 0;
        }, cancellationToken);
        if (isRemoved)
            archive.Orphans.Start();
        return isRemoved;
    }

    public ValueTask<IReadOnlyList<RoomEntry>> ListAsync(
        string service, RoomQuery query, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var sql = ListSql(query.Filter, query.IsFromEnd, query.WithValues);
        return readers.ReadAsync<IReadOnlyList<RoomEntry>>(session =>
        {
            var page = new List<RoomEntry>();
            using var rows = session.Query(sql, ("$service", service), ("$after", query.After ?? ""),
                ("$before", query.Before ?? RoomKey.LastName), ("$count", count));
            while (rows.Read())
            {
                page.Add(new(RoomKey.ToJid(rows.GetText(0)!, service), rows.GetText(1), rows.GetBoolean(2), rows.GetBoolean(3),
                    rows.GetTime(4))
                {
                    Values = query.WithValues ? NamedValues.Read(rows.GetOctets(5)) : null,
                });
            }

            if (query.IsFromEnd)
                page.Reverse();
            return page;
        }, cancellationToken);
    }

    public ValueTask<long> CountAsync(string service, RoomFilter filter, CancellationToken cancellationToken) => readers.ReadAsync(
        session => (long)session.Scalar(CountSql(filter), ("$service", service))!, cancellationToken);

    public ValueTask<IReadOnlyList<(Jid Room, RoomMember Member)>> ListRoomsOfAsync(
        Jid person, Jid? after, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var (service, name) = after is null ? ("", "") : RoomKey.Of(after);
        return readers.ReadAsync<IReadOnlyList<(Jid, RoomMember)>>(session =>
        {
            var page = new List<(Jid, RoomMember)>();
            using var rows = session.Query(RoomsOfSql,
                ("$jid", person.ToString()), ("$service", service), ("$name", name), ("$count", count));
            while (rows.Read())
                page.Add((RoomKey.ToJid(rows.GetText(1)!, rows.GetText(0)!), ReadMember(rows, 2)));
            return page;
        }, cancellationToken);
    }

    /// <summary>A page of rooms.</summary>
    internal static string ListSql(RoomFilter filter, bool isFromEnd, bool withValues = false) =>
        $"SELECT name, title, listed, persistent, created{(withValues ? ", settings" : "")} FROM room " +
        $"WHERE service = $service AND name > $after AND name < $before{Condition(filter)} " +
        $"ORDER BY name{(isFromEnd ? " DESC" : "")} LIMIT $count";

    internal static string CountSql(RoomFilter filter) => $"SELECT count(*) FROM room WHERE service = $service{Condition(filter)}";

    /// <summary>Adds a room; null when there is one of that name.</summary>
    internal static long? Add(SqliteSession session, StoredRoom room)
    {
        var (service, name) = RoomKey.Of(room.Room);
        var settings = room.Settings;
        if (session.Scalar(AddSql, ("$service", service), ("$name", name), ("$created", room.Created.ToUnixTimeMilliseconds()),
            ("$title", settings.Name), ("$listed", settings.IsListed), ("$persistent", settings.IsPersistent),
            ("$settings", NamedValues.Write(settings.Values))) is not long id)
            return null;

        if (room.Subject is { } subject)
            SetSubject(session, id, subject);
        foreach (var member in room.Members)
            AddMember(session, id, member);
        return id;
    }

    /// <summary>The room's id, or null when there is no such room.</summary>
    internal static long? FindId(SqliteSession session, (string Service, string Name) key) =>
        session.Scalar(FindIdSql, ("$service", key.Service), ("$name", key.Name)) as long?;

    /// <summary>Adds somebody who isn't there.</summary>
    internal static void AddMember(SqliteSession session, long room, RoomMember member) => Write(session, AddMemberSql, room, member);

    private static void Write(SqliteSession session, string sql, long room, RoomMember member) => session.Execute(sql,
        ("$room", room), ("$jid", member.Jid.ToString()), ("$affiliation", (int)member.Affiliation), ("$reason", member.Reason),
        ("$nick", member.Nick), ("$version", member.Version), ("$notifications", (int?)member.Notifications));

    private static void SetSubject(SqliteSession session, long room, RoomSubject subject) => session.Execute(SetSubjectSql,
        ("$subject", subject.Text), ("$nick", subject.Nick), ("$by", subject.By?.ToString()),
        ("$at", subject.At.ToUnixTimeMilliseconds()), ("$room", room));

    // As the partial indexes have them.
    private static string Condition(RoomFilter filter) => filter switch
    {
        RoomFilter.Listed => " AND listed = 1",
        RoomFilter.Temporary => " AND persistent = 0",
        _ => "",
    };

    private static StoredRoom Read(SqliteDataReader rows, Jid room)
    {
        var created = rows.GetTime(0);
        var settings = new RoomSettings(rows.GetText(1), rows.GetBoolean(2), rows.GetBoolean(3), NamedValues.Read(rows.GetOctets(4)));
        var subject = rows.IsNull(5)
            ? null
            : new RoomSubject(rows.GetText(5)!, rows.GetText(6), rows.IsNull(7) ? null : rows.GetJid(7), rows.GetTime(8));
        var members = new List<RoomMember>();
        do
        {
            if (!rows.IsNull(9))
                members.Add(ReadMember(rows, 9));
        }
        while (rows.Read());

        return new(room, created, settings, subject, members);
    }

    private static RoomMember ReadMember(SqliteDataReader row, int column) =>
        new(row.GetJid(column), (Affiliation)row.GetInteger(column + 1))
        {
            Reason = row.GetText(column + 2),
            Nick = row.GetText(column + 3),
            Version = row.GetInteger(column + 4),
            Notifications = row.IsNull(column + 5) ? null : (RoomNotifications)row.GetInteger(column + 5),
        };
}
