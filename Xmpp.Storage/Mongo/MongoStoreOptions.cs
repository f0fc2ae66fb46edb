namespace Xmpp.Storage.Mongo;

/// <summary>Which database, and how much of us it has to bear. No record, since a record would print the connection string.</summary>
public sealed class MongoStoreOptions
{
    /// <summary>A connection string (https://www.mongodb.com/docs/manual/reference/connection-string/): a secret.</summary>
    public required string Uri { get; init; }

    /// <summary>The database's name; null: the one in the connection string's path, else "xmppchat".</summary>
    public string? Database { get; init; }

    /// <summary>Operations that run at the same time, each on its own thread and connection; <c>maxPoolSize</c> may say less.</summary>
    public int Threads { get; init; } = 16;

    /// <summary>Told what the driver warns of, on any thread. Must neither block nor throw.</summary>
    public Action<string>? Warned { get; init; }

    /// <summary>Operations that may wait for a thread; one more is refused.</summary>
    internal int QueueLimit { get; init; } = 10_000;

    /// <summary>What the documents of those may take.</summary>
    internal long QueueBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long one waits for a thread before it is refused.</summary>
    internal TimeSpan QueueDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>During an outage, the time between two attempts to find the database working again.</summary>
    internal TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an index may take to be built, say.</summary>
    internal TimeSpan LongTimeout { get; init; } = TimeSpan.FromHours(1);
}
