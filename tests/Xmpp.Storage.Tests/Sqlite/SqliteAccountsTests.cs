using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteAccountsTests : AccountStoreContract
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(_directory.Database));

    protected override ValueTask DeleteAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
