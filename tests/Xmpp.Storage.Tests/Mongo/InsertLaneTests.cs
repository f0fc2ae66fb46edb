using Xmpp.Core.Stanzas;
using Xmpp.Storage.Mongo;
using Xunit;
using static Xmpp.Storage.Tests.Mongo.FakeClients;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>Documents that go to the database together.</summary>
public sealed class InsertLaneTests : IAsyncDisposable
{
    private readonly FakeMongod _mongod = new();

    public ValueTask DisposeAsync() => _mongod.DisposeAsync();

    [Fact]
    public async Task What_gathers_while_a_batch_is_on_its_way_goes_together_in_order()
    {
        var gate = new FakeGate(_mongod, "insert");
        await using var connection = Open();
        var inserts = new List<Task<bool>> { InsertAsync(connection, Thing(0)) };
        await gate.ArrivedAsync();

        inserts.AddRange(Enumerable.Range(1, 2_500).Select(i => InsertAsync(connection, Thing(i))));
        Assert.Equal(2_500, connection.Queued);
        gate.Open();

        Assert.All(await Task.WhenAll(inserts), Assert.True);
        Assert.Equal([1, 1_000, 1_000, 500], Batches());
        Assert.Equal(Enumerable.Range(0, 2_501), _mongod.Database.Things());
    }

    [Fact]
    public async Task A_batch_has_no_more_than_16_megabytes()
    {
        var gate = new FakeGate(_mongod, "insert");
        await using var connection = Open();
        var inserts = new List<Task<bool>> { InsertAsync(connection, Thing(0)) };
        await gate.ArrivedAsync();

        inserts.AddRange(Enumerable.Range(1, 5).Select(i => InsertAsync(
            connection, BsonDocument.Build(thing => thing.Int32("_id", i).Bytes("bytes", new byte[7 << 20])))));
        gate.Open();

        await Task.WhenAll(inserts);
        Assert.Equal([1, 2, 2, 1], Batches());
    }

    [Fact]
    public async Task A_document_that_is_refused_fails_alone()
    {
        var gate = new FakeGate(_mongod, "insert");
        await using var connection = Open();
        var first = InsertAsync(connection, Thing(0));
        await gate.ArrivedAsync();

        var inserts = new[] { 1, 2, 1, 3, 0, 4 }.Select(id => InsertAsync(connection, Thing(id))).ToArray();
        // The driver itself refuses a name that is empty.
        var unfit = InsertAsync(connection, BsonDocument.Build(thing => thing.Int32("_id", 9).Int32("", 1)));
        var last = InsertAsync(connection, Thing(5));
        gate.Open();

        var isNew = await Task.WhenAll(inserts);
        Assert.Equal([true, true, false, true, false, true], isNew);
        Assert.True(await first && await last);
        await RefusedAsync(new ValueTask<bool>(unfit), StanzaErrorCondition.InternalServerError);
        Assert.Equal(Enumerable.Range(0, 6), _mongod.Database.Things());
    }

    [Fact]
    public async Task Each_collection_has_its_own_batches()
    {
        var gate = new FakeGate(_mongod, "insert");
        await using var connection = Open();
        var first = InsertAsync(connection, Thing(0));
        await gate.ArrivedAsync();

        var other = connection.Collection("others").InsertBatchedAsync(Thing(0), None).AsTask();
        await gate.ArrivedAsync();
        gate.Open();

        Assert.True(await first && await other);
    }

    [Fact]
    public async Task Reads_get_their_turn_between_batches_even_with_one_thread()
    {
        var gate = new FakeGate(_mongod, "insert");
        await using var connection = Open(threads: 1);
        var inserts = new List<Task<bool>> { InsertAsync(connection, Thing(0)) };
        await gate.ArrivedAsync();
        inserts.AddRange(Enumerable.Range(1, 3_000).Select(i => InsertAsync(connection, Thing(i))));
        var read = connection.ListAsync().AsTask();
        gate.Open();

        await Task.WhenAll([read, .. inserts]);
        Assert.Equal("find", _mongod.Commands.Select(command => command.Name).Where(name => name is "insert" or "find").ElementAt(1));
    }

    private static Task<bool> InsertAsync(MongoConnection connection, BsonDocument document) =>
        connection.Things().InsertBatchedAsync(document, None).AsTask();

    private IEnumerable<int> Batches() =>
        _mongod.Commands.Where(command => command.Name == "insert").Select(command => command.Documents.Count);

    private MongoConnection Open(int threads = 4) =>
        MongoConnection.Open(
            new() { Uri = $"mongodb://{_mongod.Address}", Threads = threads, QueueDeadline = TimeSpan.FromMinutes(1) },
            new StoreHealth(() => { }));
}
