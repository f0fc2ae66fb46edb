using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Testing;

/// <summary>
/// The store of one test server, gone with it: an SQLite file, or, when XMPPCHAT_TEST_STORE is "mongodb", a database in the MongoDB of
/// XMPPCHAT_TEST_MONGODB that nobody else uses meanwhile.
/// </summary>
internal sealed class TestStore : IAsyncDisposable
{
    private const string StoreVariable = "XMPPCHAT_TEST_STORE";
    private const string MongodbVariable = "XMPPCHAT_TEST_MONGODB";

    /// <summary>Where servers have what people upload: with the rest, where the store keeps files.</summary>
    public static string UploadStore => Environment.GetEnvironmentVariable(StoreVariable) == "mongodb" ? "mongodb" : "disk";

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
                var options = new MongoStoreOptions
                {
                    Uri = uri,
                    Database = TestDatabases.Take(),
                    Threads = 4,
                    // Its patience runs on the test's clock, and a test that moves that clock doesn't mean the operations which happen to wait.
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
        if (_mongodb is not null)
            await TestDatabases.ReturnAsync(_mongodb);
    }
}
