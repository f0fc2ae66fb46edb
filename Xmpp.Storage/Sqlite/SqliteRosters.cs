using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Storage.Sqlite;

/// <summary>The tables <c>roster_entry</c> and <c>roster_removed</c>; version and floor are columns of <c>account</c>.</summary>
internal sealed class SqliteRosters(SqliteReaders readers, SqliteWriter writer) : IRosterStore
{
    /// <summary>How many removals an account's roster remembers.</summary>
    internal const int MaxRemoved = 100;

    // One statement sees one state of the roster: first its header, which has no contact, then entries, then removals.
    private const string LoadSql =
        """
        WITH owner AS MATERIALIZED (SELECT id, roster_version, roster_floor FROM account WHERE host = $host AND name = $name)
        SELECT NULL, roster_version, roster_floor, NULL, NULL, NULL, NULL, NULL, NULL FROM owner
        UNION ALL
        SELECT e.contact, e.version, e.listed, e.subscription, e.asking, e.approved, e.name, e.groups, e.request
        FROM owner o JOIN roster_entry e ON e.account = o.id
        UNION ALL
        SELECT r.contact, r.version, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM owner o JOIN roster_removed r ON r.account = o.id
        """;

    private const string ValuesSql =
        """
        INTO roster_entry(account, contact, version, listed, subscription, asking, approved, name, groups, request)
        VALUES ($account, $contact, $version, $listed, $subscription, $asking, $approved, $name, $groups, $request)
        """;

    private const string AddSql = $"INSERT {ValuesSql}";
    private const string SaveSql = $"INSERT OR REPLACE {ValuesSql}";

    private const string IsListedSql = "SELECT listed FROM roster_entry WHERE account = $account AND contact = $contact";
    private const string DeleteSql = "DELETE FROM roster_entry WHERE account = $account AND contact = $contact RETURNING listed";
    private const string RememberSql =
        "INSERT OR REPLACE INTO roster_removed(account, contact, version) VALUES ($account, $contact, $version)";

    private const string ForgetSql = "DELETE FROM roster_removed WHERE account = $account AND contact = $contact";
    private const string FindTrimSql =
        "SELECT version FROM roster_removed WHERE account = $account ORDER BY version DESC LIMIT 1 OFFSET $count";

    private const string TrimSql = "DELETE FROM roster_removed WHERE account = $account AND version <= $floor";

    // A caller that still has the roster of an account deleted since must not turn the clock back.
    private const string SetVersionSql = "UPDATE account SET roster_version = max(roster_version, $version) WHERE id = $account";
    private const string SetFloorSql = "UPDATE account SET roster_floor = $floor WHERE id = $account";

    public ValueTask<StoredRoster?> LoadAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync(session =>
        {
            using var rows = session.Query(LoadSql, ("$host", host), ("$name", name));
            return rows.Read() ? ReadRoster(rows) : null;
        }, cancellationToken);
    }

    public ValueTask<bool> ApplyAsync(Jid account, RosterChange change, CancellationToken cancellationToken)
    {
        var key = AccountKey.Of(account);
        return writer.WriteAsync(session =>
        {
            if (AccountRow.FindId(session, key) is not { } id)
                return false;

            Apply(session, id, change);
            return true;
        }, cancellationToken);
    }

    /// <summary>Adds an entry as it is, of which nobody is told.</summary>
    internal static void Add(SqliteSession session, long account, RosterEntry entry) =>
        Write(session, AddSql, account, entry.Contact.ToString(), entry);

    private static StoredRoster ReadRoster(SqliteDataReader rows)
    {
        var (version, floor) = (rows.GetInteger(1), rows.GetInteger(2));
        var entries = new List<RosterEntry>();
        var removed = new List<(Jid, long)>();
        while (rows.Read())
        {
            if (rows.IsNull(2))
                removed.Add((rows.GetJid(0), rows.GetInteger(1)));
            else
                entries.Add(ReadEntry(rows));
        }

        return new StoredRoster(version, floor, entries, removed);
    }

    private static RosterEntry ReadEntry(SqliteDataReader row) => new(row.GetJid(0))
    {
        Version = row.GetInteger(1),
        IsListed = row.GetInteger(2) != 0,
        Subscription = (SubscriptionState)row.GetInteger(3),
        IsAsking = row.GetInteger(4) != 0,
        IsApproved = row.GetInteger(5) != 0,
        Name = row.GetText(6),
        Groups = RosterGroups.Read(row.GetOctets(7)),
        Request = row.IsNull(8) ? null : Element.Parse(row.GetOctets(8).ToArray()),
    };

    private static void Apply(SqliteSession session, long account, RosterChange change)
    {
        var isAnyRemoved = false;
        foreach (var contact in change.Deleted)
        {
            if (session.Scalar(DeleteSql, ("$account", account), ("$contact", contact.ToString())) is 1L)
                Remember(contact);
        }

        foreach (var entry in change.Saved)
        {
            var contact = entry.Contact.ToString();
            if (entry.IsListed)
                session.Execute(ForgetSql, ("$account", account), ("$contact", contact));
            else if (session.Scalar(IsListedSql, ("$account", account), ("$contact", contact)) is 1L)
                Remember(entry.Contact);
            Write(session, SaveSql, account, contact, entry);
        }

        session.Execute(SetVersionSql, ("$version", change.Version), ("$account", account));
        if (isAnyRemoved)
            Trim(session, account);

        void Remember(Jid contact)
        {
            session.Execute(RememberSql, ("$account", account), ("$contact", contact.ToString()), ("$version", change.Version));
            isAnyRemoved = true;
        }
    }

    private static void Write(SqliteSession session, string sql, long account, string contact, RosterEntry entry) => session.Execute(sql,
        ("$account", account), ("$contact", contact), ("$version", entry.Version), ("$listed", entry.IsListed),
        ("$subscription", (int)entry.Subscription), ("$asking", entry.IsAsking), ("$approved", entry.IsApproved),
        ("$name", entry.Name), ("$groups", RosterGroups.Write(entry.Groups)), ("$request", RosterRequest.Write(entry.Request)));

    // Whoever has the version that is forgotten last has seen that removal: from there on nothing is missing.
    private static void Trim(SqliteSession session, long account)
    {
        if (session.Scalar(FindTrimSql, ("$account", account), ("$count", MaxRemoved)) is not long floor)
            return;

        session.Execute(TrimSql, ("$account", account), ("$floor", floor));
        session.Execute(SetFloorSql, ("$floor", floor), ("$account", account));
    }
}
