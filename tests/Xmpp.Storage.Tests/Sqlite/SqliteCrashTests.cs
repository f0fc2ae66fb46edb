using System.Text;
using Microsoft.Data.Sqlite;
using Xmpp.Core;
using Xmpp.Core.Storage;
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
        const int Acknowledgements = 600;

        var acknowledged = new List<string>();
        for (var round = 1; round <= Rounds; round++)
        {
            using var child = new ChildProcess("write", _directory.Database);
            // Killed at another place of the batch each time.
            for (var i = 0; i < Acknowledgements + 7 * round; i++)
                acknowledged.Add(Assert.IsType<string>(await child.ReadLineAsync()));
            await child.KillAsync();
            // What it had printed before it died counts as well; the last line may have been cut off.
            while (await child.ReadLineAsync() is { } line && line.EndsWith('.'))
                acknowledged.Add(line);

            await using var store = SqliteStore.Open(_directory.Database);
            foreach (var line in acknowledged)
                Assert.Equal(line, await FindAsync(store, line));
            foreach (var account in await store.Accounts.ListAsync(Samples.Host, null, int.MaxValue, CancellationToken.None))
                await AssertWholeAsync(store, account);
            Assert.Equal("ok", IntegrityCheck());
        }
    }

    // What is stored, in the words in which it was acknowledged.
    private static async Task<string> FindAsync(SqliteStore store, string line)
    {
        var (what, name) = (line.Split(' ')[0], line.Split(' ')[1]);
        var jid = Jid.Parse($"{name}@{Samples.Host}");
        var value = what switch
        {
            "account" => Convert.ToHexString((await store.Accounts.FindAsync(jid, CancellationToken.None))!.Keys[^1].ServerKey.Span),
            "roster" => $"{(await store.Rosters.LoadAsync(jid, CancellationToken.None))!.Version}",
            _ => Body(Assert.Single(await store.Offline.ReadAsync(jid, 0, 10, CancellationToken.None))),
        };
        return $"{what} {name} {value}.";
    }

    // Acknowledged or not, nothing is there by halves.
    private static async Task AssertWholeAsync(SqliteStore store, Account account)
    {
        Assert.Equal(Samples.Hashes, account.Keys.Select(keys => keys.Hash));
        var roster = await store.Rosters.LoadAsync(account.Jid, CancellationToken.None);
        Assert.Contains(roster!.Entries.Count, (int[])[0, 3]);
        Assert.All(roster.Entries, entry => Assert.Equal(roster.Version, entry.Version));
    }

    private static string Body(OfflineMessage message)
    {
        var text = Encoding.UTF8.GetString(message.Stanza.Span);
        return text[(text.IndexOf("<body>", StringComparison.Ordinal) + 6)..text.IndexOf("</body>", StringComparison.Ordinal)];
    }

    private object? IntegrityCheck()
    {
        using var connection = new SqliteConnection($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        return command.ExecuteScalar();
    }
}
