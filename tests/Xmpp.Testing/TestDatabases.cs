using System.Collections.Concurrent;
using Xmpp.Storage;
using Xmpp.Storage.Mongo;

namespace Xmpp.Testing;

/// <summary>
/// The databases of a run in MongoDB. Making one with all of its indexes takes longer than most tests do, so a test gets one that another
/// has left, emptied; they are dropped when the process ends.
/// </summary>
internal static class TestDatabases
{
    private static readonly ConcurrentBag<MongoStoreOptions> Free = [];

    static TestDatabases() => AppDomain.CurrentDomain.ProcessExit += static (_, _) => DropAsync().GetAwaiter().GetResult();

    /// <returns>The name of one that nobody else uses until it is returned.</returns>
    public static string Take() => Free.TryTake(out var free) ? free.Database! : $"xmppchat_test_{Guid.NewGuid():n}";

    public static async Task ReturnAsync(MongoStoreOptions options)
    {
        await using (var connection = Open(options))
        {
            foreach (var collection in await connection.CommandAsync(
                BsonDocument.Build(w => w.Int32("listCollections", 1).Bool("nameOnly", true)), ReadNames, CancellationToken.None))
            {
                if (collection != "schema")
                    await connection.Collection(collection).DeleteAsync(default, many: true);
            }
        }

        Free.Add(options);
    }

    private static MongoConnection Open(MongoStoreOptions options) => MongoConnection.Open(options, new StoreHealth(() => { }));

    private static List<string> ReadNames(BsonReader reply)
    {
        var names = new List<string>();
        var batch = reply.Get("cursor"u8).Document.Get("firstBatch"u8).Array;
        while (batch.Next())
            names.Add(batch.Document.Get("name"u8).String);
        return names;
    }

    private static async Task DropAsync()
    {
        while (Free.TryTake(out var options))
        {
            await using var connection = Open(options);
            await connection.CommandAsync(BsonDocument.Build(w => w.Int32("dropDatabase", 1)), static _ => true, CancellationToken.None);
        }
    }
}
