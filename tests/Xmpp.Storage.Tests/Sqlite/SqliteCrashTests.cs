using Microsoft.Data.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteCrashTests : StoreCrashContract
{
    private readonly SqliteDatabase _database;

    public SqliteCrashTests()
        : this(new SqliteDatabase())
    {
    }

    private SqliteCrashTests(SqliteDatabase database)
        : base(database) => _database = database;

    protected override void AssertUndamaged()
    {
        using var connection = new SqliteConnection($"Data Source={_database.Address};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        Assert.Equal("ok", command.ExecuteScalar());
    }
}
