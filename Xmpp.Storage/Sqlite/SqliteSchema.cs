using Microsoft.Data.Sqlite;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// The tables, as the list of steps that made them. A file's <c>user_version</c> is the number of steps it has had.
/// A step that was released is never edited: a change is a new step.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>The <c>application_id</c> of our files: "XMPP".</summary>
    public const int ApplicationId = 0x584D5050;

    /// <summary>docs/storage.md says what each table and index is for.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        CREATE TABLE account(
            id INTEGER PRIMARY KEY,
            host TEXT NOT NULL,
            name TEXT NOT NULL,
            enabled INTEGER NOT NULL,
            created INTEGER NOT NULL,
            last_login INTEGER,
            UNIQUE(host, name)
        ) STRICT;

        CREATE TABLE account_key(
            account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            hash TEXT NOT NULL,
            salt BLOB NOT NULL,
            iterations INTEGER NOT NULL,
            stored_key BLOB NOT NULL,
            server_key BLOB NOT NULL,
            PRIMARY KEY(account, hash)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE secret(
            name TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,

        """
        ALTER TABLE account ADD COLUMN roster_version INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE account ADD COLUMN roster_floor INTEGER NOT NULL DEFAULT 0;
        UPDATE account SET roster_version = max(created, 1), roster_floor = max(created, 1);

        CREATE TABLE deleted_roster(version INTEGER NOT NULL) STRICT;
        INSERT INTO deleted_roster VALUES (0);

        CREATE TABLE roster_entry(
            account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            contact TEXT NOT NULL,
            version INTEGER NOT NULL,
            listed INTEGER NOT NULL,
            subscription INTEGER NOT NULL,
            asking INTEGER NOT NULL,
            approved INTEGER NOT NULL,
            name TEXT,
            groups TEXT,
            request BLOB,
            PRIMARY KEY(account, contact)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE roster_removed(
            account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            contact TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY(account, contact)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE offline_message(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            at INTEGER NOT NULL,
            stanza BLOB NOT NULL
        ) STRICT;
        CREATE INDEX offline_message_account ON offline_message(account, id);

        CREATE TABLE blocked(
            account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            jid TEXT NOT NULL,
            PRIMARY KEY(account, jid)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE account_data(
            account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY(account, kind, key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE last_seen(
            account INTEGER PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
            at INTEGER NOT NULL,
            presence BLOB NOT NULL
        ) STRICT;

        CREATE TABLE invitation(
            token TEXT NOT NULL PRIMARY KEY,
            host TEXT NOT NULL,
            account INTEGER REFERENCES account(id) ON DELETE CASCADE,
            allows_account INTEGER NOT NULL,
            username TEXT,
            expires INTEGER NOT NULL,
            uses INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX invitation_account ON invitation(account);
        CREATE INDEX invitation_expires ON invitation(expires, host);
        CREATE INDEX invitation_username ON invitation(host, username) WHERE username IS NOT NULL;

        CREATE TABLE setting(
            host TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY(host, name)
        ) STRICT, WITHOUT ROWID;
        """,

        // Archives are too big to go with their account in one step: what is left of them belongs to nobody, and goes bit by bit.
        """
        CREATE TABLE archive(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account INTEGER UNIQUE REFERENCES account(id) ON DELETE SET NULL,
            messages INTEGER NOT NULL,
            bytes INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE archive_peer(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            archive INTEGER NOT NULL,
            jid TEXT NOT NULL,
            last BLOB,
            received BLOB,
            read BLOB,
            UNIQUE(archive, jid)
        ) STRICT;
        CREATE INDEX archive_peer_last ON archive_peer(archive, last);

        CREATE TABLE archive_message(
            row INTEGER PRIMARY KEY,
            archive INTEGER NOT NULL,
            peer INTEGER NOT NULL,
            id BLOB NOT NULL,
            flags INTEGER NOT NULL,
            resource TEXT,
            stanza BLOB NOT NULL,
            text TEXT
        ) STRICT;

        CREATE TABLE archive_by_id(
            archive INTEGER NOT NULL,
            id BLOB NOT NULL,
            row INTEGER NOT NULL,
            PRIMARY KEY(archive, id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE archive_by_peer(
            peer INTEGER NOT NULL,
            id BLOB NOT NULL,
            row INTEGER NOT NULL,
            flags INTEGER NOT NULL,
            PRIMARY KEY(peer, id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE archive_indexed(row INTEGER NOT NULL) STRICT;
        INSERT INTO archive_indexed VALUES (0);
        """,

        // An archive is an account's or a room's, or else nobody's and erased.
        """
        CREATE TABLE room(
            id INTEGER PRIMARY KEY,
            service TEXT NOT NULL,
            name TEXT NOT NULL,
            created INTEGER NOT NULL,
            title TEXT,
            listed INTEGER NOT NULL,
            persistent INTEGER NOT NULL,
            settings TEXT NOT NULL,
            subject TEXT,
            subject_nick TEXT,
            subject_by TEXT,
            subject_at INTEGER,
            UNIQUE(service, name)
        ) STRICT;
        CREATE INDEX room_listed ON room(service, name, listed) WHERE listed = 1;
        CREATE INDEX room_temporary ON room(service, name, persistent) WHERE persistent = 0;

        CREATE TABLE room_member(
            room INTEGER NOT NULL REFERENCES room(id) ON DELETE CASCADE,
            jid TEXT NOT NULL,
            affiliation INTEGER NOT NULL,
            reason TEXT,
            nick TEXT,
            version INTEGER NOT NULL,
            PRIMARY KEY(room, jid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX room_member_jid ON room_member(jid);

        ALTER TABLE archive ADD COLUMN room INTEGER REFERENCES room(id) ON DELETE SET NULL;
        CREATE UNIQUE INDEX archive_room ON archive(room) WHERE room IS NOT NULL;
        CREATE INDEX archive_orphan ON archive(id) WHERE account IS NULL AND room IS NULL;
        """,
        "ALTER TABLE room_member ADD COLUMN notifications INTEGER;",

        // A node is an account's or a service's, or else nobody's and erased. Its items are too many to go with it in one step.
        """
        CREATE TABLE pubsub_node(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account INTEGER REFERENCES account(id) ON DELETE SET NULL,
            service TEXT,
            node TEXT NOT NULL,
            created INTEGER NOT NULL,
            settings TEXT NOT NULL,
            items INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX pubsub_node_account ON pubsub_node(account, node) WHERE account IS NOT NULL;
        CREATE UNIQUE INDEX pubsub_node_service ON pubsub_node(service, node) WHERE service IS NOT NULL;
        CREATE INDEX pubsub_node_orphan ON pubsub_node(id) WHERE account IS NULL AND service IS NULL;

        CREATE TABLE pubsub_member(
            node INTEGER NOT NULL REFERENCES pubsub_node(id) ON DELETE CASCADE,
            jid TEXT NOT NULL,
            person TEXT NOT NULL,
            affiliation INTEGER NOT NULL,
            subscription INTEGER NOT NULL,
            options TEXT NOT NULL,
            PRIMARY KEY(node, jid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX pubsub_member_person ON pubsub_member(person);

        CREATE TABLE pubsub_item(
            row INTEGER PRIMARY KEY,
            node INTEGER NOT NULL,
            id TEXT NOT NULL,
            position BLOB NOT NULL,
            publisher TEXT,
            payload BLOB NOT NULL,
            UNIQUE(node, id),
            UNIQUE(node, position)
        ) STRICT;
        """,
    ];

    /// <summary>Refuses, before anything is written, a file that is not ours or is newer than this program.</summary>
    /// <returns>The steps that the file has had.</returns>
    public static int Check(SqliteConnection connection, string path, IReadOnlyList<string> migrations)
    {
        // One transaction, so that another process that migrates just now is seen either before or after.
        using var transaction = connection.BeginTransaction(deferred: true);
        var version = (int)Read(connection, "PRAGMA user_version");
        var application = Read(connection, "PRAGMA application_id");
        var isNew = version == 0 && application == 0 && Read(connection, "SELECT count(*) FROM sqlite_schema") == 0;
        if (application != ApplicationId && !isNew)
            throw Refuse($"{path} is the SQLite file of another program.");
        if (version > migrations.Count)
        {
            throw Refuse($"{path} has schema version {version}, and this XmppChat knows versions up to {migrations.Count}. " +
                "Start the newer XmppChat that wrote it, or restore the backup from before the upgrade.");
        }

        return version;
    }

    /// <summary>Brings the file up to date. Each step is one transaction, so a crash or a second process in between does no harm.</summary>
    public static void Migrate(SqliteConnection connection, string path, IReadOnlyList<string> migrations)
    {
        while (Check(connection, path, migrations) < migrations.Count)
        {
            using var transaction = connection.BeginTransaction();
            // Read again: another process may have taken the step while this one waited for the lock.
            var version = (int)Read(connection, "PRAGMA user_version");
            if (version >= migrations.Count)
                continue;

            Execute(connection, migrations[version]);
            Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {version + 1}");
            transaction.Commit();
        }
    }

    private static StoreException Refuse(string message) => new(StanzaErrorCondition.InternalServerError, message);

    private static long Read(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
