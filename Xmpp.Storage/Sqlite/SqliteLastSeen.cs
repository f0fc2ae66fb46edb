using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>The table <c>last_seen</c>, and what is on its way there.</summary>
internal sealed class SqliteLastSeen(SqliteReaders readers, AccountNotes<LastSeenNote> notes) : ILastSeenStore
{
    private const string FindSql =
        """
        SELECT s.at, s.presence FROM account a LEFT JOIN last_seen s ON s.account = a.id WHERE a.host = $host AND a.name = $name
        """;

    private const string SetSql =
        """
        INSERT OR REPLACE INTO last_seen(account, at, presence)
        SELECT id, $at, $presence FROM account WHERE host = $host AND name = $name
        """;

    public ValueTask<LastSeen?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        var (host, name) = AccountKey.Of(account);
        return readers.ReadAsync(session =>
        {
            var noted = notes.Find(account);
            using var row = session.Query(FindSql, ("$host", host), ("$name", name));
            if (!row.Read())
                return null;
            if (noted is { } note)
                return new LastSeen(note.At, note.Presence);
            return row.IsNull(0) ? null : new LastSeen(row.GetTime(0), row.GetOctets(1).ToArray());
        }, cancellationToken);
    }

    public ValueTask SetAsync(Jid account, LastSeen seen, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);

        notes.Note(account, new LastSeenNote(seen.At, seen.Presence.ToArray()));
        return ValueTask.CompletedTask;
    }

    internal static void Write(SqliteSession session, Jid account, LastSeenNote note) => session.Execute(SetSql,
        ("$at", note.At.ToUnixTimeMilliseconds()), ("$presence", note.Presence), ("$host", account.Domain), ("$name", account.Local));
}
