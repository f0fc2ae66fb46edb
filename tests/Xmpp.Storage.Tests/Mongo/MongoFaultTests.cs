using System.Collections.Concurrent;
using System.Threading.Channels;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;
using static Xmpp.Storage.Tests.Mongo.FakeClients;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>The database goes away, steps down, is slow: what callers see, what health says, and that it is over by itself.</summary>
public sealed class MongoFaultTests : IAsyncDisposable
{
    private static readonly Func<Task<BsonDocument?>> Never = () => new TaskCompletionSource<BsonDocument?>().Task;

    private readonly FakeDatabase _set = new() { SetName = "rs" };
    private readonly FakeMongod _first;
    private readonly FakeMongod _second;
    private readonly HealthLog _log = new();

    public MongoFaultTests()
    {
        (_first, _second) = (new(_set), new(_set));
        _set.Primary = _first.Address;
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_goes_away_is_told_of_once_refused_at_once_and_found_again_by_itself()
    {
        await using var connection = Open();
        await connection.AddAsync(1);

        await _first.StopAsync();
        await _second.StopAsync();
        await RefusedAsync(connection.AddAsync(2), StanzaErrorCondition.ResourceConstraint);
        Assert.Contains("no primary can be reached", await _log.NextAsync(), StringComparison.Ordinal);
        for (var i = 0; i < 100; i++)
        {
            var refused = connection.AddAsync(2);
            Assert.True(refused.IsFaulted);
            await RefusedAsync(refused, StanzaErrorCondition.ResourceConstraint);
        }

        _first.Start();
        _second.Start();
        // Nobody asks for anything.
        Assert.Null(await _log.NextAsync());
        Assert.True(await connection.AddAsync(3));
        Assert.Equal([1, 3], _set.Things());
        Assert.Equal(0, _log.Waiting);
    }

    [Fact]
    public async Task Who_waits_when_the_database_goes_away_is_refused_with_it()
    {
        var gate = new FakeGate(_first, "insert");
        await using var connection = Open(threads: 1);
        var running = connection.AddAsync(1);
        await gate.ArrivedAsync();
        var waiting = Enumerable.Range(2, 50).Select(id => connection.AddAsync(id)).ToArray();
        var batched = connection.Things().InsertBatchedAsync(Thing(100), None);

        await _second.StopAsync();
        await _first.StopAsync();

        await RefusedAsync(running, StanzaErrorCondition.ResourceConstraint);
        foreach (var insert in waiting)
            await RefusedAsync(insert, StanzaErrorCondition.ResourceConstraint);
        await RefusedAsync(batched, StanzaErrorCondition.ResourceConstraint);
        Assert.Equal(0, connection.Queued);
    }

    [Fact]
    public async Task A_primary_that_steps_down_under_load_loses_nothing_and_doubles_nothing()
    {
        await using var connection = Open("serverSelectionTimeoutMS=20000", threads: 8);
        var attempted = new ConcurrentBag<int>();
        var acknowledged = new ConcurrentBag<int>();
        using var progress = new SemaphoreSlim(0);
        var id = 0;
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(async writer =>
        {
            while (!enough.IsCancellationRequested)
            {
                var mine = Interlocked.Increment(ref id);
                attempted.Add(mine);
                try
                {
                    Assert.True(writer % 2 == 0
                        ? await connection.AddAsync(mine)
                        : await connection.Things().InsertBatchedAsync(Thing(mine), None));
                    acknowledged.Add(mine);
                    progress.Release();
                }
                catch (StoreException refusal) when (refusal.Condition is StanzaErrorCondition.ResourceConstraint)
                {
                    // The driver repeats once only; its caller may try again.
                }
            }
        }).ToArray();
        var anyFailed = Task.WhenAny(writers);

        foreach (var (from, to) in new[] { (_first, _second), (_second, _first), (_first, _second) })
        {
            await AcknowledgedAsync(100);
            // Some replies are lost of what was done already.
            var lost = 0;
            from.After = command => command.Name == "insert" && Interlocked.Increment(ref lost) <= 3
                ? throw new IOException("cut")
                : Task.CompletedTask;
            _set.Primary = null;
            await _set.AskedAsync();
            _set.Primary = to.Address;
            await AcknowledgedAsync(100);
            from.After = null;
        }

        await enough.CancelAsync();
        await Task.WhenAll(writers);
        var things = _set.Things();
        Assert.Equal(things.Distinct().Count(), things.Length);
        Assert.Subset(things.ToHashSet(), acknowledged.ToHashSet());
        Assert.Subset(attempted.ToHashSet(), things.ToHashSet());

        async Task AcknowledgedAsync(int count)
        {
            for (; count > 0; count--)
            {
                if (await Task.WhenAny(progress.WaitAsync(None), anyFailed) == anyFailed)
                    await await anyFailed;
            }
        }
    }

    [Fact]
    public async Task A_write_whose_reply_was_lost_is_not_done_twice()
    {
        var cuts = 0;
        _first.After = command => command.Name == "insert" && cuts++ == 0 ? throw new IOException("cut") : Task.CompletedTask;
        await using var connection = Open();

        Assert.True(await connection.AddAsync(1));

        Assert.Equal([1], _set.Things());
        Assert.Equal(2, _first.Commands.Count(command => command.Name == "insert"));
    }

    [Fact]
    public async Task A_write_that_fails_twice_is_said_to_have_failed_and_the_database_looked_at()
    {
        _first.After = command => command.Name == "insert" ? throw new IOException("cut") : Task.CompletedTask;
        await using var connection = Open();

        Assert.Contains("the connection failed", await RefusedAsync(
            connection.AddAsync(1), StanzaErrorCondition.ResourceConstraint), StringComparison.Ordinal);

        // It answers, so there is no outage.
        _first.After = null;
        Assert.True(await connection.AddAsync(2));
        Assert.Equal(0, _log.Waiting);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_in_time_is_given_up_and_found_again()
    {
        _first.Before = command => command.Name is "find" ? Never() : Task.FromResult<BsonDocument?>(null);
        await using var connection = Open("socketTimeoutMS=1000");
        await RefusedAsync(connection.ListAsync(), StanzaErrorCondition.ResourceConstraint);
        Assert.Equal(0, _log.Waiting);

        // Now nothing is answered.
        _first.Before = _ => Never();
        await RefusedAsync(connection.ListAsync(), StanzaErrorCondition.ResourceConstraint);
        Assert.Contains("the connection failed", await _log.NextAsync(), StringComparison.Ordinal);

        _first.Before = null;
        Assert.Null(await _log.NextAsync());
        Assert.Empty(await connection.ListAsync());
    }

    [Fact]
    public async Task A_write_that_no_majority_confirms_fails_and_reads_go_on()
    {
        var confirms = false;
        _first.Before = command => Task.FromResult(command.Name is "insert" or "delete" && !Volatile.Read(ref confirms)
            ? FakeReply.Ok(reply => reply.Int32("n", 0).Begin("writeConcernError")
                .Int32("code", 64).String("errmsg", "waiting for replication timed out").End())
            : default(BsonDocument?));
        Volatile.Write(ref confirms, true);
        await using var connection = Open();
        Volatile.Write(ref confirms, false);

        Assert.Contains("waiting for replication", await RefusedAsync(
            connection.AddAsync(1), StanzaErrorCondition.ResourceConstraint), StringComparison.Ordinal);
        Assert.Contains("write concern", await _log.NextAsync(), StringComparison.Ordinal);
        await RefusedAsync(connection.Things().InsertBatchedAsync(Thing(2), None), StanzaErrorCondition.ResourceConstraint);
        Assert.Empty(await connection.ListAsync());

        Volatile.Write(ref confirms, true);
        // Found out without anybody's writing.
        Assert.Null(await _log.NextAsync());
    }

    [Fact]
    public async Task Credentials_that_are_no_longer_right_are_an_outage()
    {
        _first.Credentials = _second.Credentials = ("juliet", "secret");
        await using var connection = Open("authSource=admin", user: "juliet:secret@");
        _first.Credentials = _second.Credentials = ("juliet", "changed");
        await _first.StopAsync();
        _first.Start();

        // The connections that there were are gone; new ones aren't let in.
        await Assert.ThrowsAsync<StoreException>(async () => await connection.AddAsync(1));
        Assert.Contains("credentials", await _log.NextAsync(), StringComparison.Ordinal);
        var message = await RefusedAsync(connection.AddAsync(1), StanzaErrorCondition.InternalServerError);
        Assert.Contains("credentials", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        _first.Credentials = _second.Credentials = ("juliet", "secret");
        Assert.Null(await _log.NextAsync());
    }

    [Theory]
    [InlineData(2, "BadValue", "internal-server-error", "no value \"secret\" here", "no value …")]
    [InlineData(13, "Unauthorized", "internal-server-error", "not authorized", "readWrite")]
    [InlineData(50, "MaxTimeMSExpired", "resource-constraint", "exceeded time limit", "too busy")]
    [InlineData(112, "WriteConflict", "resource-constraint", "conflict", "too busy")]
    [InlineData(14031, "OutOfDiskSpace", "resource-constraint", "full", "no space")]
    public async Task A_refusal_concerns_the_operation_alone(int code, string name, string condition, string text, string expected)
    {
        _first.Before = command => Task.FromResult<BsonDocument?>(
            command.Name == "find" ? FakeReply.Error(code, $"{text} ({name})") : null);
        await using var connection = Open();

        var message = await RefusedAsync(
            connection.ListAsync(),
            condition == "resource-constraint" ? StanzaErrorCondition.ResourceConstraint : StanzaErrorCondition.InternalServerError);

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        Assert.True(await connection.AddAsync(1));
        Assert.Equal(0, _log.Waiting);
    }

    [Fact]
    public async Task A_connection_can_be_closed_during_an_outage()
    {
        var connection = Open();
        await _first.StopAsync();
        await _second.StopAsync();
        await RefusedAsync(connection.AddAsync(1), StanzaErrorCondition.ResourceConstraint);

        await connection.DisposeAsync();

        await RefusedAsync(connection.AddAsync(2), StanzaErrorCondition.ResourceConstraint);
    }

    private MongoConnection Open(string options = "", int threads = 4, string user = "")
    {
        var connection = MongoConnection.Open(
            new()
            {
                Uri = $"mongodb://{user}{_first.Address},{_second.Address}/?replicaSet=rs&{Defaults(options)}{options}",
                Threads = threads,
                QueueDeadline = TimeSpan.FromMinutes(1),
                ProbeInterval = TimeSpan.FromMilliseconds(20),
            },
            _log.Health);
        return connection;
    }

    private static string Defaults(string options) =>
        options.Contains("serverSelectionTimeoutMS", StringComparison.Ordinal) ? "" : "serverSelectionTimeoutMS=2000&";

    /// <summary>What health told, in turn: the problem when an outage began, null when it was over.</summary>
    private sealed class HealthLog
    {
        private readonly Channel<string?> _changes = Channel.CreateUnbounded<string?>();

        public HealthLog() => Health = new StoreHealth(() => _changes.Writer.TryWrite(Health!.Problem));

        public StoreHealth Health { get; }

        public int Waiting => _changes.Reader.Count;

        public ValueTask<string?> NextAsync() => _changes.Reader.ReadAsync(TestContext.Current.CancellationToken);
    }
}
