using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Storage.Crash;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What is there after a process was killed while it wrote, for every store.</summary>
public abstract class StoreCrashContract(TestDatabase database) : IAsyncDisposable
{
    /// <summary>Whether of a roster's change that was not acknowledged a part may be there.</summary>
    protected virtual bool HasPartsOfChanges => false;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Everything_acknowledged_survives_kill_9_in_the_middle_of_writes()
    {
        const int Rounds = 5;
        const int Acknowledgements = 600;

        var acknowledged = new List<string>();
        for (var round = 1; round <= Rounds; round++)
        {
            using var child = new ChildProcess("write", database.Address);
            // Killed at another place of the batch each time.
            for (var i = 0; i < Acknowledgements + 7 * round; i++)
                acknowledged.Add(Assert.IsType<string>(await child.ReadLineAsync()));
            await child.KillAsync();
            // What it had printed before it died counts as well; the last line may have been cut off.
            while (await child.ReadLineAsync() is { } line && line.EndsWith('.'))
                acknowledged.Add(line);

            await using var store = await database.OpenAsync();
            foreach (var line in acknowledged)
                Assert.Equal(line, await FindAsync(store, line));
            foreach (var account in await store.Accounts.ListAsync(Samples.Host, null, int.MaxValue, CancellationToken.None))
                await AssertWholeAsync(store, account);
            AssertUndamaged();
        }
    }

    /// <summary>Looks behind the store.</summary>
    protected virtual void AssertUndamaged()
    {
    }

    // What is stored, in the words in which it was acknowledged.
    private static async Task<string> FindAsync(IStore store, string line)
    {
        var (what, name) = (line.Split(' ')[0], line.Split(' ')[1]);
        var jid = Jid.Parse($"{name}@{Samples.Host}");
        var value = what switch
        {
            "account" => Convert.ToHexString((await store.Accounts.FindAsync(jid, CancellationToken.None))!.Keys[^1].ServerKey.Span),
            "roster" => await DescribeRosterAsync(store, jid),
            "archived" => Body(Assert.Single(await ReadArchiveAsync(store, jid)).Stanza),
            _ => Body(Assert.Single(await store.Offline.ReadAsync(jid, 0, 10, CancellationToken.None)).Stanza),
        };
        return $"{what} {name} {value}.";
    }

    private static async Task<string> DescribeRosterAsync(IStore store, Jid jid)
    {
        var roster = (await store.Rosters.LoadAsync(jid, CancellationToken.None))!;
        Assert.Equal(Samples.Contacts, roster.Entries.Count);
        return $"{roster.Version}";
    }

    // Acknowledged or not, nothing is there by halves or twice.
    private async Task AssertWholeAsync(IStore store, Account account)
    {
        Assert.Equal(Samples.Hashes, account.Keys.Select(keys => keys.Hash));
        var roster = (await store.Rosters.LoadAsync(account.Jid, CancellationToken.None))!;
        Assert.True(roster.Entries.Count is 0 or Samples.Contacts || (HasPartsOfChanges && roster.Entries.Count < Samples.Contacts));
        Assert.All(roster.Entries, entry => Assert.Equal(roster.Version, entry.Version));
        Assert.True(await store.Offline.CountAsync(account.Jid, CancellationToken.None) <= 1);
        Assert.Equal(
            (await ReadArchiveAsync(store, account.Jid)).Select(message => (message.With.Bare, message.Id, 1)),
            (await store.Archive.ListConversationsAsync(account.Jid, null, false, 10, CancellationToken.None))
                .Select(conversation => (conversation.With, conversation.Last, conversation.Unread)));
    }

    private static async Task<IReadOnlyList<ArchiveEntry>> ReadArchiveAsync(IStore store, Jid jid) =>
        (await store.Archive.ReadAsync(jid, new() { With = Jid.Parse($"romeo@{Samples.Host}") }, 10, false, CancellationToken.None))!.Messages;

    private static string Body(ReadOnlyMemory<byte> stanza)
    {
        var text = Encoding.UTF8.GetString(stanza.Span);
        return text[(text.IndexOf("<body>", StringComparison.Ordinal) + 6)..text.IndexOf("</body>", StringComparison.Ordinal)];
    }
}
