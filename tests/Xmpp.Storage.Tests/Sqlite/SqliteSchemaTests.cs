using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteSchemaTests : IDisposable
{
    private static readonly string[] Steps =
    [
        "CREATE TABLE fruit(name TEXT NOT NULL)",
        "ALTER TABLE fruit ADD COLUMN colour TEXT; UPDATE fruit SET colour = 'unknown'",
        "CREATE TABLE tree(fruit TEXT NOT NULL)",
    ];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_file_of_version_1_opens_with_its_data()
    {
        // Written out, so that nobody edits the released step.
        Sql("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE account(id INTEGER PRIMARY KEY, host TEXT NOT NULL, name TEXT NOT NULL, enabled INTEGER NOT NULL,
                created INTEGER NOT NULL, last_login INTEGER, UNIQUE(host, name)) STRICT;
            CREATE TABLE account_key(account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE, hash TEXT NOT NULL, salt BLOB NOT NULL,
                iterations INTEGER NOT NULL, stored_key BLOB NOT NULL, server_key BLOB NOT NULL, PRIMARY KEY(account, hash)) STRICT, WITHOUT ROWID;
            CREATE TABLE secret(name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO account VALUES (7, 'capulet.example', 'juliet', 1, 1700000000123, NULL);
            INSERT INTO account_key VALUES (7, 'SHA-256', x'01', 4096, x'02', x'03');
            INSERT INTO secret VALUES ('decoy', x'0405');
            PRAGMA application_id = 1481461840;
            PRAGMA user_version = 1;
            """);

        await using var store = SqliteStore.Open(_directory.Database);

        var juliet = await store.Accounts.FindAsync(Jid.Parse("juliet@capulet.example"), CancellationToken.None);
        Assert.NotNull(juliet);
        Assert.True(juliet.Enabled);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1700000000123), juliet.Created);
        Assert.Equal([3], Assert.Single(juliet.Keys).ServerKey.ToArray());
        Assert.Equal([4, 5], await store.GetOrCreateSecretAsync("decoy", 32, CancellationToken.None));
        Assert.Equal(SqliteSchema.Migrations.Count, store.Status.SchemaVersion);

        // What the later steps added is there, for old accounts as for new ones.
        var roster = await store.Rosters.LoadAsync(juliet.Jid, CancellationToken.None);
        Assert.Equal((1700000000123, 1700000000123), (roster!.Version, roster.Floor));
        Assert.Equal(OfflineOutcome.Kept, await store.Offline.AddAsync(juliet.Jid, juliet.Created, default, 1, CancellationToken.None));
    }

    [Fact]
    public void An_old_file_is_brought_up_to_date_step_by_step()
    {
        Open(Steps[..1]);
        Sql("INSERT INTO fruit(name) VALUES ('quince')");

        Open(Steps);

        Assert.Equal("unknown", Read("SELECT colour FROM fruit WHERE name = 'quince'"));
        Assert.Equal(0L, Read("SELECT count(*) FROM tree"));
        Assert.Equal(3L, Read("PRAGMA user_version"));
    }

    [Fact]
    public void Opening_an_up_to_date_file_changes_nothing()
    {
        Open(Steps);
        var version = Read("PRAGMA schema_version");

        Open(Steps);

        Assert.Equal(version, Read("PRAGMA schema_version"));
    }

    [Fact]
    public void A_step_that_fails_leaves_the_file_at_the_step_before()
    {
        string[] broken = [Steps[0], Steps[1] + "; SELECT nonsense FROM nowhere"];

        Assert.Throws<StoreException>(() => Open(broken));

        Assert.Equal(1L, Read("PRAGMA user_version"));
        Assert.Equal(0L, Read("SELECT count(*) FROM pragma_table_info('fruit') WHERE name = 'colour'"));
        Open(Steps);
        Assert.Equal(3L, Read("PRAGMA user_version"));
    }

    [Fact]
    public void A_file_of_a_newer_version_is_refused_and_left_alone()
    {
        Open(Steps);

        var refusal = Assert.Throws<StoreException>(() => Open(Steps[..2]));

        Assert.Contains("schema version 3", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("up to 2", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(StanzaErrorCondition.InternalServerError, refusal.Condition);
        Assert.Equal(3L, Read("PRAGMA user_version"));
    }

    [Fact]
    public void The_file_of_another_program_is_refused_and_left_alone()
    {
        Sql("CREATE TABLE bookmark(url TEXT)");

        var refusal = Assert.Throws<StoreException>(() => SqliteStore.Open(_directory.Database));

        Assert.Contains("another program", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("delete", Read("PRAGMA journal_mode"));
        Assert.Equal(1L, Read("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public async Task Processes_that_open_a_new_file_at_once_all_get_it()
    {
        // Connections of one process exclude each other as those of several do.
        using var start = new ManualResetEventSlim();
        var opened = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() =>
        {
            start.Wait();
            return SqliteStore.Open(_directory.Database);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        start.Set();
        var stores = await Task.WhenAll(opened);

        var secrets = await Task.WhenAll(stores.Select(store => store.GetOrCreateSecretAsync("decoy", 16, CancellationToken.None).AsTask()));
        Assert.All(secrets, secret => Assert.Equal(secrets[0], secret));
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    private void Open(IReadOnlyList<string> migrations) =>
        SqliteFile.Open(_directory.Database, new SqliteStoreOptions(), migrations).Dispose();

    private void Sql(string sql) => Read(sql);

    private object? Read(string sql)
    {
        SqliteLibrary.Load();
        using var connection = new SqliteConnection($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
