using System.Text;
using Microsoft.Data.Sqlite;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteFaultTests : IDisposable
{
    private static readonly SqliteStoreOptions Impatient = new() { BusyTimeout = TimeSpan.FromMilliseconds(20) };

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_locked_file_refuses_writes_and_recovers_with_one_report_of_each()
    {
        await using var store = SqliteStore.Open(_directory.Database, null, Impatient);
        var reports = Reports(store);
        await WriteAsync(store, "before");

        using (var other = Connect(_directory.Database))
        {
            Execute(other, "BEGIN IMMEDIATE");
            for (var i = 0; i < 3; i++)
            {
                var fault = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, $"locked {i}"));
                Assert.Equal(StanzaErrorCondition.ResourceConstraint, fault.Condition);
            }

            await ReadAsync(store, "before");
            Assert.False(store.Status.Healthy);
            Assert.Contains("locked", store.Status.Problem, StringComparison.Ordinal);
        }

        await WriteAsync(store, "after");
        Assert.True(store.Status.Healthy);
        Assert.Equal([false, true], reports);
    }

    [Fact]
    public async Task A_file_size_limit_refuses_writes_until_it_is_lifted()
    {
        using var child = new ChildProcess("fill", _directory.Database);
        Assert.Equal("ready", await child.ReadLineAsync());

        child.LimitFileSize("1000000");
        await child.WriteLineAsync("fill");
        Assert.Equal("unhealthy", await child.ReadLineAsync());
        Assert.Equal("refused ResourceConstraint", await child.ReadLineAsync());

        child.LimitFileSize("unlimited");
        await child.WriteLineAsync("fill");
        Assert.Equal("healthy", await child.ReadLineAsync());
        Assert.Equal("accepted", await child.ReadLineAsync());
    }

    [Fact]
    public async Task A_full_disk_refuses_writes_and_keeps_what_it_acknowledged()
    {
        var disk = Path.Combine(_directory.Path, "disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(ChildProcess.TryRun("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk), "mounting a small disk takes root");
        try
        {
            var ballast = Path.Combine(disk, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[1_000_000], TestContext.Current.CancellationToken);
            await using (var store = SqliteStore.Open(Path.Combine(disk, "xmppchat.db")))
            {
                var reports = Reports(store);
                var written = 0;
                var fault = await Assert.ThrowsAsync<StoreException>(async () =>
                {
                    for (; written < 100; written++)
                        await WriteAsync(store, $"{written}", 50_000);
                });
                Assert.Equal(StanzaErrorCondition.ResourceConstraint, fault.Condition);
                Assert.Contains("no space", fault.Message, StringComparison.Ordinal);
                // More than there can be room for, whatever the log gives back.
                await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, "still full", 2_000_000));
                Assert.False(store.Status.Healthy);

                File.Delete(ballast);
                await WriteAsync(store, "after", 50_000);
                Assert.True(store.Status.Healthy);
                Assert.Equal([false, true], reports);
                for (var i = 0; i < written; i++)
                    await ReadAsync(store, $"{i}");
            }
        }
        finally
        {
            ChildProcess.Run("umount", disk);
        }
    }

    [Fact]
    public async Task A_read_only_file_is_refused_when_it_is_opened()
    {
        await SqliteStore.Open(_directory.Database).DisposeAsync();
        File.SetUnixFileMode(_directory.Database, UnixFileMode.UserRead);

        using var child = new ChildProcess("open", _directory.Database, WithoutOverride());

        Assert.Equal($"refused InternalServerError {_directory.Database} is read-only for the server's user.", await child.ReadLineAsync());
    }

    [Fact]
    public async Task A_read_only_directory_is_refused_when_the_file_is_opened()
    {
        var data = Path.Combine(_directory.Path, "data");
        var database = Path.Combine(data, "xmppchat.db");
        await SqliteStore.Open(database).DisposeAsync();
        File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            using var existing = new ChildProcess("open", database, WithoutOverride());
            using var missing = new ChildProcess("open", Path.Combine(data, "other.db"), WithoutOverride());

            Assert.Contains("not writable for the server's user", await existing.ReadLineAsync(), StringComparison.Ordinal);
            Assert.Contains("can't be created", await missing.ReadLineAsync(), StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task A_file_moved_away_refuses_writes_until_it_is_back()
    {
        await using var store = SqliteStore.Open(_directory.Database);
        var reports = Reports(store);
        await WriteAsync(store, "before");
        var elsewhere = _directory.Database + ".moved";

        File.Move(_directory.Database, elsewhere);
        var fault = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, "moved"));
        Assert.Equal(StanzaErrorCondition.InternalServerError, fault.Condition);
        Assert.Contains("deleted or replaced", store.Status.Problem, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory.Database));

        File.Move(elsewhere, _directory.Database);
        await WriteAsync(store, "after");
        Assert.Equal([false, true], reports);
    }

    [Fact]
    public async Task A_file_put_in_place_of_the_open_one_is_left_alone_until_the_restart()
    {
        var other = Path.Combine(_directory.Path, "other.db");
        await using (var store = SqliteStore.Open(other))
            await WriteAsync(store, "other");
        var content = await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken);

        await using (var store = SqliteStore.Open(_directory.Database))
        {
            // It looks at the start for what deleted accounts have left; nobody is to be opening the file just now.
            await ((SqliteArchive)store.Archive).Orphans.Running;
            await ((SqlitePubSub)store.PubSub).Orphans.Running;
            File.Move(other, _directory.Database, overwrite: true);
            await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, "replaced"));
            await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, "replaced"));
        }

        Assert.Equal(content, await File.ReadAllBytesAsync(_directory.Database, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_alone()
    {
        var content = Encoding.UTF8.GetBytes(new string('x', 10_000));
        await File.WriteAllBytesAsync(_directory.Database, content, TestContext.Current.CancellationToken);

        var fault = Assert.Throws<StoreException>(() => SqliteStore.Open(_directory.Database));

        Assert.Equal(StanzaErrorCondition.InternalServerError, fault.Condition);
        Assert.Contains("damaged", fault.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllBytesAsync(_directory.Database, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_damaged_page_fails_what_needs_it_and_is_reported_once()
    {
        await using (var store = SqliteStore.Open(_directory.Database))
            await WriteAsync(store, "before");
        DamageTable("secret");

        await using (var store = SqliteStore.Open(_directory.Database))
        {
            var reports = Reports(store);
            for (var i = 0; i < 3; i++)
            {
                var fault = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, "before"));
                Assert.Equal(StanzaErrorCondition.InternalServerError, fault.Condition);
                Assert.Equal(0, await store.Accounts.CountAsync("capulet.example", CancellationToken.None));
            }

            Assert.Contains("damaged", store.Status.Problem, StringComparison.Ordinal);
            Assert.Equal([false], reports);
        }
    }

    [Fact]
    public void A_missing_library_is_named_with_the_command_that_installs_it()
    {
        var fault = Assert.Throws<StoreException>(() => SqliteLibrary.Find("libsqlite3-that-nobody-has.so.0"));

        Assert.Contains("sudo apt-get install libsqlite3-0", fault.Message, StringComparison.Ordinal);
    }

    private static List<bool> Reports(SqliteStore store)
    {
        var reports = new List<bool>();
        store.StatusChanged += status => reports.Add(status.Healthy);
        return reports;
    }

    private static Task<byte[]> WriteAsync(SqliteStore store, string name, int bytes = 16) =>
        store.GetOrCreateSecretAsync(name, bytes, CancellationToken.None).AsTask();

    // What is there is read without the writer.
    private static Task<byte[]> ReadAsync(SqliteStore store, string name) => WriteAsync(store, name);

    // Root may write everywhere; without these capabilities it may not.
    private static string[] WithoutOverride()
    {
        if (!Environment.IsPrivilegedProcess)
            return [];

        string[] launcher = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search", "--"];
        Assert.SkipUnless(ChildProcess.TryRun(launcher[0], [.. launcher[1..], "true"]), "root may not give up capabilities here");
        return launcher;
    }

    private void DamageTable(string table)
    {
        long page;
        using (var connection = Connect(_directory.Database))
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT (rootpage - 1) * (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = '{table}'";
            page = (long)command.ExecuteScalar()!;
        }

        using var file = File.OpenHandle(_directory.Database, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, Enumerable.Repeat((byte)0xEE, 64).ToArray(), page);
    }

    private static SqliteConnection Connect(string path)
    {
        SqliteLibrary.Load();
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
