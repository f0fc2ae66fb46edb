using Xmpp.Core.Stanzas;
using Xmpp.Storage.Mongo;
using Xunit;
using static Xmpp.Storage.Tests.Mongo.FakeClients;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>The threads and the queue, against a <see cref="FakeMongod"/>.</summary>
public sealed class MongoConnectionTests : IAsyncDisposable
{
    private readonly FakeMongod _mongod = new();
    private readonly ManualTimers _timers = new();

    public ValueTask DisposeAsync() => _mongod.DisposeAsync();

    [Fact]
    public async Task A_document_that_was_inserted_is_there()
    {
        await using var connection = Open();

        Assert.True(await connection.AddAsync(1));

        Assert.Equal([1], await connection.ListAsync());
        Assert.Equal([1], _mongod.Database.Things());
    }

    [Fact]
    public async Task A_key_that_is_there_already_is_a_value()
    {
        await using var connection = Open();
        await connection.AddAsync(1);

        Assert.False(await connection.AddAsync(1));
        Assert.False(await connection.Things().InsertBatchedAsync(Thing(1), None));
    }

    [Fact]
    public async Task Callers_go_on_on_the_thread_pool()
    {
        await using var connection = Open();

        await connection.AddAsync(1);

        Assert.True(Thread.CurrentThread.IsThreadPoolThread);
        Assert.NotEqual("MongoDB", Thread.CurrentThread.Name);
    }

    [Fact]
    public async Task Nobody_else_waits_for_operations_that_wait_for_the_database()
    {
        var gate = new FakeGate(_mongod, "find");
        await using var connection = Open();
        var before = ThreadPool.ThreadCount;

        var reads = Enumerable.Range(0, 200).Select(_ => connection.ListAsync().AsTask()).ToArray();
        await gate.ArrivedAsync();

        // Were threads of the pool blocked, this would wait until the pool, twice a second, had added as many.
        for (var i = 0; i < 1_000; i++)
            await Task.Run(static () => { }, None);
        Assert.InRange(ThreadPool.ThreadCount, 0, before + Environment.ProcessorCount);
        Assert.DoesNotContain(reads, read => read.IsCompleted);
        gate.Open();
        await Task.WhenAll(reads);
    }

    [Fact]
    public async Task As_many_operations_run_at_the_same_time_as_there_are_threads_and_connections()
    {
        var gate = new FakeGate(_mongod, "find");
        await using var connection = Open(threads: 4, uri: "?maxPoolSize=3");

        var reads = Enumerable.Range(0, 5).Select(_ => connection.ListAsync().AsTask()).ToArray();
        for (var i = 0; i < 3; i++)
            await gate.ArrivedAsync();

        Assert.Equal(2, connection.Queued);
        gate.Open();
        await Task.WhenAll(reads);
        Assert.Equal(0, connection.Queued);
    }

    [Fact]
    public async Task What_does_not_fit_into_the_queue_is_refused_at_once()
    {
        var gate = new FakeGate(_mongod, "find");
        await using var connection = Open(queueLimit: 2, queueBytes: 100);
        var running = connection.ListAsync().AsTask();
        await gate.ArrivedAsync();
        var waiting = connection.AddAsync(1).AsTask();

        var big = BsonDocument.Build(thing => thing.Int32("_id", 2).Bytes("bytes", new byte[100]));
        Assert.Contains("too many", await RefusedAsync(
            connection.Things().InsertAsync(big, None), StanzaErrorCondition.ResourceConstraint), StringComparison.Ordinal);
        var batched = connection.Things().InsertBatchedAsync(Thing(3), None).AsTask();
        foreach (var refused in new[] { connection.AddAsync(4).AsTask(), connection.Things().InsertBatchedAsync(Thing(5), None).AsTask() })
        {
            Assert.True(refused.IsFaulted);
            await RefusedAsync(new ValueTask<bool>(refused), StanzaErrorCondition.ResourceConstraint);
        }

        gate.Open();
        await Task.WhenAll(running, waiting, batched);
        Assert.Equal([1, 3], _mongod.Database.Things().Order());
    }

    [Fact]
    public async Task What_waits_for_too_long_is_refused_and_not_done()
    {
        var gate = new FakeGate(_mongod, "find");
        await using var connection = Open(deadline: TimeSpan.Zero);
        var running = connection.ListAsync().AsTask();
        await gate.ArrivedAsync();
        var waiting = connection.AddAsync(1);
        var batched = connection.Things().InsertBatchedAsync(Thing(2), None);

        _timers.Fire();

        Assert.Contains("too slow", await RefusedAsync(waiting, StanzaErrorCondition.ResourceConstraint), StringComparison.Ordinal);
        await RefusedAsync(batched, StanzaErrorCondition.ResourceConstraint);
        gate.Open();
        Assert.Empty(await running);
        Assert.Empty(_mongod.Database.Things());
    }

    [Fact]
    public async Task What_was_cancelled_before_it_began_has_not_happened()
    {
        var gate = new FakeGate(_mongod, "find");
        await using var connection = Open();
        var running = connection.ListAsync().AsTask();
        await gate.ArrivedAsync();
        using var cancellation = new CancellationTokenSource();
        var single = connection.Things().InsertAsync(Thing(1), cancellation.Token).AsTask();
        var batched = connection.Things().InsertBatchedAsync(Thing(2), cancellation.Token).AsTask();
        var other = connection.Things().InsertBatchedAsync(Thing(3), None).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => single);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batched);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await connection.Things().InsertAsync(Thing(4), cancellation.Token));
        gate.Open();
        await Task.WhenAll(running, other);
        Assert.Equal([3], _mongod.Database.Things());
    }

    [Fact]
    public async Task What_was_cancelled_after_it_began_has_the_outcome_that_the_database_gave_it()
    {
        var gate = new FakeGate(_mongod, "insert");
        await using var connection = Open();
        using var cancellation = new CancellationTokenSource();
        var insert = connection.Things().InsertAsync(Thing(1), cancellation.Token).AsTask();
        await gate.ArrivedAsync();

        await cancellation.CancelAsync();
        gate.Open();

        Assert.True(await insert);
        Assert.Equal([1], _mongod.Database.Things());
    }

    [Fact]
    public async Task What_was_queued_is_done_before_the_connection_is_closed_and_nothing_after()
    {
        var gate = new FakeGate(_mongod, "insert");
        var connection = Open();
        var first = connection.AddAsync(1).AsTask();
        await gate.ArrivedAsync();
        var second = connection.AddAsync(2).AsTask();
        var third = connection.Things().InsertBatchedAsync(Thing(3), None).AsTask();

        var closing = connection.DisposeAsync().AsTask();
        Assert.Contains(
            "being closed", await RefusedAsync(connection.AddAsync(4), StanzaErrorCondition.ResourceConstraint), StringComparison.Ordinal);
        Assert.False(closing.IsCompleted);
        gate.Open();

        await closing;
        Assert.All([first, second, third], insert => Assert.True(insert.IsCompletedSuccessfully));
        Assert.Equal([1, 2, 3], _mongod.Database.Things().Order());
    }

    [Fact]
    public async Task A_document_that_is_not_as_expected_fails_its_reader_alone()
    {
        await using var connection = Open();
        await connection.AddAsync(1);

        var read = connection.Things().FindAsync(default, static thing => thing.Get("_id"u8).String, null, None);

        Assert.Contains("_id", await RefusedAsync(read, StanzaErrorCondition.InternalServerError), StringComparison.Ordinal);
        Assert.Equal([1], await connection.ListAsync());
    }

    [Fact]
    public async Task A_mistake_of_the_callers_function_is_the_callers()
    {
        await using var connection = Open();
        await connection.AddAsync(1);

        await Assert.ThrowsAsync<NotSupportedException>(
            async () => await connection.Things().FindAsync<int>(default, static _ => throw new NotSupportedException(), null, None));
        Assert.Equal([1], await connection.ListAsync());
    }

    [Fact]
    public async Task A_document_that_mongodb_does_not_store_is_refused()
    {
        await using var connection = Open(queueBytes: 1L << 30);
        var huge = BsonDocument.Build(thing => thing.Int32("_id", 1).Bytes("bytes", new byte[MongoWorker.MaxDocumentBytes]));

        await RefusedAsync(connection.Things().InsertAsync(huge, None), StanzaErrorCondition.InternalServerError);
        await RefusedAsync(connection.Things().InsertBatchedAsync(huge, None), StanzaErrorCondition.InternalServerError);
    }

    private MongoConnection Open(
        int threads = 1, string uri = "", int queueLimit = 10_000, long queueBytes = 1 << 20, TimeSpan? deadline = null)
    {
        var options = new MongoStoreOptions
        {
            Uri = $"mongodb://{_mongod.Address}/{uri}",
            Threads = threads,
            QueueLimit = queueLimit,
            QueueBytes = queueBytes,
            QueueDeadline = deadline ?? TimeSpan.FromMinutes(1),
        };
        return MongoConnection.Open(options, new StoreHealth(() => { }), _timers);
    }
}
