using Xmpp.Core.Storage;
using Xmpp.Storage;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Testing;

/// <summary>
/// The store of one test server, gone with it: an SQLite file, or, when XMPPCHAT_TEST_STORE is "mongodb", a database of its own in the
/// MongoDB of XMPPCHAT_TEST_MONGODB.
/// </summary>
internal sealed class TestStore : IAsyncDisposable
{
    private const string StoreVariable = "XMPPCHAT_TEST_STORE";
    private const string MongodbVariable = "XMPPCHAT_TEST_MONGODB";

    private readonly IStore _store;
    private readonly MongoStoreOptions? _mongodb;

    private TestStore(IStore store, MongoStoreOptions? mongodb)
    {
        (_store, _mongodb) = (store, mongodb);
        Faulty = new FaultyStore(store);
    }

    /// <summary>It, failing when a test wants it to.</summary>
    public FaultyStore Faulty { get; }

    /// <param name="directory">Where a file may be.</param>
    public static async Task<TestStore> OpenAsync(string directory, TimeProvider time)
    {
        switch (Environment.GetEnvironmentVariable(StoreVariable))
        {
            case null or "" or "sqlite":
                return new(SqliteStore.Open(Path.Combine(directory, "test.db"), time), null);
            case "mongodb" when Environment.GetEnvironmentVariable(MongodbVariable) is { Length: > 0 } uri:
                // Its patience runs on the test's clock, and a test that moves that clock doesn't mean the operations which happen to wait.
                var options = new MongoStoreOptions
                {
                    Uri = uri,
                    Database = $"xmppchat_test_{Guid.NewGuid():n}",
                    Threads = 4,
                    QueueDeadline = TimeSpan.FromDays(365),
                };
                return new(await MongoStore.OpenAsync(options, time), options);
            case var other:
                throw new InvalidOperationException(
                    $"{StoreVariable} is '{other}'; if that is mongodb, {MongodbVariable} has to name a server.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        if (_mongodb is null)
            return;
        await using var connection = MongoConnection.Open(_mongodb, new StoreHealth(() => { }));
        await connection.CommandAsync(BsonDocument.Build(w => w.Int32("dropDatabase", 1)), static _ => true, CancellationToken.None);
    }
}
