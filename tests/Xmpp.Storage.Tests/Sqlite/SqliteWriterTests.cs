using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteWriterTests : IDisposable
{
    private const int QueueLimit = 20;

    private static readonly string[] Schema = ["CREATE TABLE item(name TEXT NOT NULL PRIMARY KEY) STRICT"];

    private readonly TemporaryDirectory _directory = new();
    private readonly SqliteFile _file;

    public SqliteWriterTests() => _file = SqliteFile.Open(_directory.Database, new SqliteStoreOptions(), Schema);

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_write_that_completed_is_committed()
    {
        await using var writer = NewWriter();

        await writer.WriteAsync(session => Add(session, "pear"), CancellationToken.None);

        Assert.Equal(["pear"], Items());
    }

    [Fact]
    public async Task What_queues_up_behind_a_commit_is_committed_together()
    {
        await using var writer = NewWriter();
        using var gate = new Gate(writer);
        var seen = new List<string[]>();

        // Each looks through another connection: none of the batch is visible to it before the last has run.
        var writes = Enumerable.Range(0, 5).Select(i => writer.WriteAsync(session =>
        {
            Add(session, $"{i}");
            seen.Add(Items());
            return i;
        }, CancellationToken.None).AsTask()).ToArray();
        gate.Open();

        await Task.WhenAll(writes);
        Assert.All(seen, Assert.Empty);
        Assert.Equal(["0", "1", "2", "3", "4"], Items());
    }

    [Fact]
    public async Task An_operation_that_fails_is_undone_alone()
    {
        await using var writer = NewWriter();
        using var gate = new Gate(writer);

        var before = writer.WriteAsync(session => Add(session, "pear"), CancellationToken.None);
        var bug = writer.WriteAsync<int>(session =>
        {
            Add(session, "worm");
            throw new InvalidOperationException("a bug");
        }, CancellationToken.None);
        var duplicate = writer.WriteAsync(session => Add(session, "fig") + Add(session, "pear"), CancellationToken.None);
        var behind = writer.WriteAsync(session => Add(session, "apple"), CancellationToken.None);
        gate.Open();

        await before;
        await Assert.ThrowsAsync<InvalidOperationException>(bug.AsTask);
        var fault = await Assert.ThrowsAsync<StoreException>(duplicate.AsTask);
        await behind;
        Assert.Equal(StanzaErrorCondition.InternalServerError, fault.Condition);
        Assert.Equal(["apple", "pear"], Items());
    }

    [Fact]
    public async Task A_cancelled_operation_is_never_executed()
    {
        await using var writer = NewWriter();
        using var gate = new Gate(writer);
        using var cancellation = new CancellationTokenSource();

        var cancelled = writer.WriteAsync(session => Add(session, "worm"), cancellation.Token).AsTask();
        var behind = writer.WriteAsync(session => Add(session, "pear"), CancellationToken.None);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        gate.Open();

        await behind;
        Assert.Equal(["pear"], Items());
    }

    [Fact]
    public async Task An_operation_that_has_begun_is_not_cancelled()
    {
        await using var writer = NewWriter();
        using var cancellation = new CancellationTokenSource();

        await writer.WriteAsync(session =>
        {
            cancellation.Cancel();
            return Add(session, "pear");
        }, cancellation.Token);

        Assert.Equal(["pear"], Items());
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once()
    {
        await using var writer = NewWriter();
        using var gate = new Gate(writer);
        var waiting = Enumerable.Range(0, QueueLimit)
            .Select(i => writer.WriteAsync(session => Add(session, $"{i}"), CancellationToken.None).AsTask()).ToArray();

        var refused = writer.WriteAsync(session => Add(session, "one more"), CancellationToken.None);

        Assert.True(refused.IsFaulted);
        var fault = await Assert.ThrowsAsync<StoreException>(refused.AsTask);
        Assert.Equal(StanzaErrorCondition.ResourceConstraint, fault.Condition);
        Assert.Equal(QueueLimit, writer.Queued);
        gate.Open();
        await Task.WhenAll(waiting);
        Assert.Equal(QueueLimit, Items().Length);
    }

    [Fact]
    public async Task Disposal_commits_what_is_queued_and_refuses_more()
    {
        var writer = NewWriter();
        using var gate = new Gate(writer);
        var queued = writer.WriteAsync(session => Add(session, "pear"), CancellationToken.None);

        var disposal = writer.DisposeAsync();
        var late = writer.WriteAsync(session => Add(session, "worm"), CancellationToken.None);
        gate.Open();
        await disposal;

        await queued;
        await Assert.ThrowsAsync<StoreException>(late.AsTask);
        Assert.Equal(["pear"], Items());
    }

    [Fact]
    public async Task Disposal_in_an_outage_tries_once_and_refuses_the_rest()
    {
        const int Writes = 250;
        var elsewhere = _directory.Database + ".moved";
        // With the report of the outage it is over: a second attempt would succeed.
        var writer = new SqliteWriter(_file, new StoreHealth(() => File.Move(elsewhere, _directory.Database)), Writes);
        using var gate = new Gate(writer);
        var queued = Enumerable.Range(0, Writes)
            .Select(i => writer.WriteAsync(session => Add(session, $"{i}"), CancellationToken.None).AsTask()).ToArray();

        var disposal = writer.DisposeAsync();
        File.Move(_directory.Database, elsewhere);
        gate.Open();
        await disposal;

        foreach (var write in queued)
            await Assert.ThrowsAsync<StoreException>(() => write);
        Assert.Empty(Items());
    }

    [Fact]
    public async Task Completions_leave_the_writers_thread()
    {
        await using var writer = NewWriter();

        var writerThread = await writer.WriteAsync(_ => Environment.CurrentManagedThreadId, CancellationToken.None);

        Assert.NotEqual(writerThread, Environment.CurrentManagedThreadId);
    }

    private SqliteWriter NewWriter() => new(_file, new StoreHealth(() => { }), QueueLimit);

    private static int Add(SqliteSession session, string name) => session.Execute("INSERT INTO item(name) VALUES ($name)", ("$name", name));

    private string[] Items()
    {
        using var session = _file.OpenSession();
        using var rows = session.Query("SELECT name FROM item ORDER BY name");
        var names = new List<string>();
        while (rows.Read())
            names.Add(rows.GetString(0));
        return [.. names];
    }

    /// <summary>Holds the writer in an operation until it is opened.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();

        public Gate(SqliteWriter writer)
        {
            using var entered = new ManualResetEventSlim();
            writer.WriteAsync(_ =>
            {
                entered.Set();
                _open.Wait();
                return 0;
            }, CancellationToken.None).AsTask();
            entered.Wait();
        }

        public void Open() => _open.Set();

        // Not disposed itself: the writer may still be on its way out of the wait.
        public void Dispose() => Open();
    }
}
