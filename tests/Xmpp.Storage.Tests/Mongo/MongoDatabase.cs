using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>A database of its own in the MongoDB that <c>XMPPCHAT_TEST_MONGODB</c> names. Without one its tests are skipped.</summary>
internal sealed class MongoDatabase : TestDatabase
{
    public const string Variable = "XMPPCHAT_TEST_MONGODB";

    public static string? Uri { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } uri ? uri : null;

    public string Name { get; } = $"xmppchat_test_{Guid.NewGuid():n}";

    public MongoStoreOptions Options
    {
        get
        {
            Assert.SkipWhen(Uri is null, $"{Variable} names no MongoDB; test.sh starts one.");
            return new() { Uri = Uri, Database = Name, Threads = 8 };
        }
    }

    public override async ValueTask<IStore> OpenAsync() => await MongoStore.OpenAsync(Options);

    /// <summary>As the stores see it, for looking behind them.</summary>
    public MongoConnection Connect() => MongoConnection.Open(Options, new StoreHealth(() => { }));

    public override async ValueTask DisposeAsync()
    {
        if (Uri is null)
            return;

        await using var connection = Connect();
        await connection.CommandAsync(BsonDocument.Build(w => w.Int32("dropDatabase", 1)), static _ => true, CancellationToken.None);
    }
}
