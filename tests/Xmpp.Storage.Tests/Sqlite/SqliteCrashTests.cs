using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Storage.Crash;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class SqliteCrashTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Everything_acknowledged_survives_kill_9_in_the_middle_of_writes()
    {
        const int Rounds = 5;
        const int Acknowledgements = 400;

        var acknowledged = new Dictionary<string, string>();
        for (var round = 1; round <= Rounds; round++)
        {
            using var child = new ChildProcess("write", _directory.Database);
            // Killed at another place of the batch each time.
            for (var i = 0; i < Acknowledgements + 7 * round; i++)
                Acknowledge(await child.ReadLineAsync());
            await child.KillAsync();
            // What it had printed before it died counts as well.
            while (await child.ReadLineAsync() is { } line && IsWhole(line))
                Acknowledge(line);

            await using var store = SqliteStore.Open(_directory.Database);
            foreach (var (name, key) in acknowledged)
            {
                var account = await store.Accounts.FindAsync(Jid.Parse($"{name}@{Accounts.Host}"), CancellationToken.None);
                Assert.Equal(key, Convert.ToHexString(account!.Keys[^1].ServerKey.Span));
            }

            // Acknowledged or not, nothing is there by halves.
            foreach (var account in await store.Accounts.ListAsync(Accounts.Host, null, int.MaxValue, CancellationToken.None))
                Assert.Equal(Accounts.Hashes, account.Keys.Select(keys => keys.Hash));
            Assert.Equal("ok", IntegrityCheck());
        }

        void Acknowledge(string? line)
        {
            var parts = Assert.IsType<string>(line).Split(' ');
            acknowledged.Add(parts[0], parts[1]);
        }
    }

    // The last line may have been cut off: 32 octets in hexadecimal make it whole.
    private static bool IsWhole(string line) => line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space && line.Length == space + 1 + 64;

    private object? IntegrityCheck()
    {
        using var connection = new SqliteConnection($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        return command.ExecuteScalar();
    }
}
