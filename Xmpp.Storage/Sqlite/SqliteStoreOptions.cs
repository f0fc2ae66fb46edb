namespace Xmpp.Storage.Sqlite;

/// <summary>What the tests change; a server runs with the defaults.</summary>
internal sealed record SqliteStoreOptions
{
    /// <summary>How long an operation waits for another process that has the file locked.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Writes that may wait for a commit; one more is refused.</summary>
    public int WriteQueueLimit { get; init; } = 10_000;

    /// <summary>Reads that may wait for a connection; one more is refused.</summary>
    public int ReadQueueLimit { get; init; } = 10_000;

    /// <summary>Archived messages that may wait to be indexed.</summary>
    public int UnindexedLimit { get; init; } = 32 * 1024;

    /// <summary>Reads that run at the same time.</summary>
    public int Readers { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 8);
}
