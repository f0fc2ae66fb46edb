using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>The threads, the queue and the batches, against a <see cref="FakeMongod"/>.</summary>
public sealed class MongoConnectionTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly FakeMongod _mongod = new();

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync() => _mongod.DisposeAsync();

    [Fact]
    public async Task A_document_that_was_inserted_is_there()
    {
        await using var connection = Open();

        Assert.True(await connection.Collection("things").InsertAsync(Thing(1), None));

        Assert.Equal([1], await Things(connection));
    }

    [Fact]
    public async Task A_key_that_is_there_already_is_a_value()
    {
        await using var connection = Open();
        await connection.Collection("things").InsertAsync(Thing(1), None);

        Assert.False(await connection.Collection("things").InsertAsync(Thing(1), None));
        Assert.False(await connection.Collection("things").InsertBatchedAsync(Thing(1), None));
    }

    private MongoConnection Open() => MongoConnection.Open(new() { Uri = $"mongodb://{_mongod.Address}" }, new StoreHealth(() => { }));

    private static BsonDocument Thing(int id) => BsonDocument.Build(thing => thing.Int32("_id", id));

    private static ValueTask<List<int>> Things(MongoConnection connection) =>
        connection.Collection("things").FindAsync(default, static thing => thing.Get("_id"u8).Int32, null, None);
}
