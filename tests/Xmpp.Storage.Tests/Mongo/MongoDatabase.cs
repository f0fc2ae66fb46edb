using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>A database of its own in the MongoDB that <c>XMPPCHAT_TEST_MONGODB</c> names. Without one its tests are skipped.</summary>
/// <param name="isNew">Whether nobody may have used it before.</param>
internal sealed class MongoDatabase(bool isNew = true) : TestDatabase
{
    private const string Variable = "XMPPCHAT_TEST_MONGODB";

    public static string? Uri { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } uri ? uri : null;

    /// <summary>Of the database and of the application that its stores are.</summary>
    public string Name { get; } = isNew ? $"xmppchat_test_{Guid.NewGuid():n}" : TestDatabases.Take();

    public override string Address
    {
        get
        {
            var uri = Options.Uri;
            var (hosts, query) = (uri.IndexOf("//", StringComparison.Ordinal) + 2, uri.IndexOf('?', StringComparison.Ordinal));
            var path = uri.IndexOf('/', hosts);
            return $"{uri[..(path < 0 ? query : path)]}/{Name}{uri[query..]}";
        }
    }

    public MongoStoreOptions Options => OptionsAs(Name);

    public override async ValueTask<IStore> OpenAsync() => await MongoStore.OpenAsync(Options);

    /// <summary>For looking behind the stores.</summary>
    public MongoConnection Connect() => MongoConnection.Open(OptionsAs("tests"), new StoreHealth(() => { }));

    public override async ValueTask DisposeAsync()
    {
        if (Uri is null)
            return;
        if (!isNew)
        {
            await TestDatabases.ReturnAsync(Options);
            return;
        }

        await using var connection = Connect();
        await connection.CommandAsync(BsonDocument.Build(w => w.Int32("dropDatabase", 1)), static _ => true, CancellationToken.None);
    }

    private MongoStoreOptions OptionsAs(string application)
    {
        Assert.SkipWhen(Uri is null, $"{Variable} names no MongoDB; test.sh starts one.");
        var separator = Uri.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return new() { Uri = $"{Uri}{separator}appName={application}", Database = Name, Threads = 8, QueueDeadline = TimeSpan.FromMinutes(1) };
    }
}
