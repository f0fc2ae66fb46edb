namespace Xmpp.MongoGateway;

/// <summary>
/// What commands with several writes were answered, should they come again: a table of the gateway's beside the engine's, so that it
/// survives with what was written, and other members know of it.
/// </summary>
internal static class RepeatedWrites
{
    private const string Table = "gateway_write";

    public const string Begin = $"INSERT INTO {Table} (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING key";

    public const string Find = $"SELECT reply FROM {Table} WHERE key = $1";

    public const string Keep = $"UPDATE {Table} SET reply = $2 WHERE key = $1";

    // One gateway makes it, the others wait.
    public const string Create = $"""
        DO $$ BEGIN
          PERFORM pg_advisory_xact_lock(20261127);
          CREATE TABLE IF NOT EXISTS {Table} (key text PRIMARY KEY, reply bytea, at timestamptz NOT NULL DEFAULT now());
        END $$
        """;

    /// <summary>Drivers repeat a write within their session, which lasts half an hour.</summary>
    public const string Forget = $"DELETE FROM {Table} WHERE at < now() - interval '30 minutes'";
}
