using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteStoreTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_new_database_and_its_directory_are_the_servers_alone()
    {
        var directory = Path.Combine(_directory.Path, "new", "data");
        var database = Path.Combine(directory, "xmppchat.db");

        await using var store = SqliteStore.Open(database);
        await store.GetOrCreateSecretAsync("decoy", 16, CancellationToken.None);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
        foreach (var file in (string[])[database, database + "-wal", database + "-shm"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Closing_leaves_one_file()
    {
        await using (var store = SqliteStore.Open(_directory.Database))
            await store.GetOrCreateSecretAsync("decoy", 16, CancellationToken.None);

        Assert.Equal([_directory.Database], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public async Task A_secret_is_random_as_long_as_asked_and_stays()
    {
        byte[] decoy;
        await using (var store = SqliteStore.Open(_directory.Database))
        {
            decoy = await store.GetOrCreateSecretAsync("decoy", 32, CancellationToken.None);
            Assert.Equal(32, decoy.Length);
            Assert.NotEqual(decoy, await store.GetOrCreateSecretAsync("other", 32, CancellationToken.None));
            Assert.Equal(decoy, await store.GetOrCreateSecretAsync("decoy", 16, CancellationToken.None));
        }

        await using var reopened = SqliteStore.Open(_directory.Database);
        Assert.Equal(decoy, await reopened.GetOrCreateSecretAsync("decoy", 32, CancellationToken.None));
    }

    [Fact]
    public async Task The_status_says_what_is_open_and_that_it_works()
    {
        await using var store = SqliteStore.Open(_directory.Database);

        var status = store.Status;

        Assert.Equal("sqlite", status.Kind);
        Assert.Equal(_directory.Database, status.Location);
        Assert.True(status.Healthy);
        Assert.Null(status.Problem);
        Assert.Equal(SqliteSchema.Migrations.Count, status.SchemaVersion);
        Assert.Equal(0, status.QueuedWrites);
    }
}
