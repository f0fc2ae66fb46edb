using Microsoft.Data.Sqlite;
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
            foreach (var (name, secret) in acknowledged)
                Assert.Equal(secret, Convert.ToHexString(await store.GetOrCreateSecretAsync(name, 1, CancellationToken.None)));
            Assert.Equal("ok", IntegrityCheck());
        }

        void Acknowledge(string? line)
        {
            var parts = Assert.IsType<string>(line).Split(' ');
            acknowledged.Add(parts[0], parts[1]);
        }
    }

    // The last line may have been cut off: 200 octets in hexadecimal make it whole.
    private static bool IsWhole(string line) => line.Length - line.IndexOf(' ', StringComparison.Ordinal) - 1 == 2 * 200;

    private object? IntegrityCheck()
    {
        using var connection = new SqliteConnection($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        return command.ExecuteScalar();
    }
}
