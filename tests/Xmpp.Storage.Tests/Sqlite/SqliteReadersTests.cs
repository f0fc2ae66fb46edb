using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteReadersTests : IDisposable
{
    private const int QueueLimit = 3;

    private readonly TemporaryDirectory _directory = new();
    private readonly SqliteFile _file;

    public SqliteReadersTests() => _file = SqliteFile.Open(_directory.Database, new SqliteStoreOptions(), []);

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Reads_run_beside_each_other()
    {
        await using var readers = NewReaders(2);
        using var both = new Barrier(2);

        var reads = Enumerable.Range(0, 2).Select(_ => readers.ReadAsync(_ =>
        {
            Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(60)));
            return 0;
        }, CancellationToken.None).AsTask());

        await Task.WhenAll(reads);
    }

    [Fact]
    public async Task Too_many_waiting_reads_are_refused()
    {
        await using var readers = NewReaders(1);
        using var open = new ManualResetEventSlim();
        var accepted = Enumerable.Range(0, QueueLimit).Select(_ => ReadBehind(readers, open, CancellationToken.None)).ToArray();

        var fault = await Assert.ThrowsAsync<StoreException>(() => ReadBehind(readers, open, CancellationToken.None));

        Assert.Equal(StanzaErrorCondition.ResourceConstraint, fault.Condition);
        open.Set();
        await Task.WhenAll(accepted);
        await ReadBehind(readers, open, CancellationToken.None);
    }

    [Fact]
    public async Task A_waiting_read_can_be_cancelled()
    {
        await using var readers = NewReaders(1);
        using var open = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var running = ReadBehind(readers, open, CancellationToken.None);

        var waiting = ReadBehind(readers, open, cancellation.Token);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        open.Set();
        await running;
    }

    [Fact]
    public async Task Disposal_waits_for_the_running_read_and_refuses_the_next()
    {
        var readers = NewReaders(1);
        using var entered = new ManualResetEventSlim();
        using var open = new ManualResetEventSlim();
        var running = readers.ReadAsync(_ =>
        {
            entered.Set();
            open.Wait(CancellationToken.None);
            return 1;
        }, CancellationToken.None);
        entered.Wait(CancellationToken.None);

        var disposal = readers.DisposeAsync();
        Assert.False(disposal.IsCompleted);
        open.Set();
        await disposal;

        Assert.Equal(1, await running);
        await Assert.ThrowsAsync<StoreException>(() => ReadBehind(readers, open, CancellationToken.None));
    }

    private static Task<long> ReadBehind(SqliteReaders readers, ManualResetEventSlim open, CancellationToken cancellationToken) =>
        readers.ReadAsync(session =>
        {
            open.Wait(CancellationToken.None);
            return (long)session.Scalar("SELECT 1")!;
        }, cancellationToken).AsTask();

    private SqliteReaders NewReaders(int count) => new(_file, new StoreHealth(() => { }), count, QueueLimit);
}
