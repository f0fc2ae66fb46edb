using Xmpp.Core;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public class ArchiveTailTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public void What_is_indexed_counts_as_missing_until_it_is_committed()
    {
        var tail = new ArchiveTail();
        tail.Trust();
        Assert.True(tail.IsBehind(Juliet));
        tail.Commit();
        Assert.False(tail.IsBehind(Juliet));

        tail.Begin(Juliet);
        tail.Add(Juliet, new ArchiveRow(1, 1, 1, 1, ArchiveFlags.Shown, 100));
        tail.Commit();
        Assert.True(tail.IsBehind(Juliet));

        Assert.Single(tail.Take(Juliet)!);
        Assert.True(tail.IsBehind(Juliet));
        tail.Commit();
        Assert.False(tail.IsBehind(Juliet));
    }

    [Fact]
    public void What_was_undone_is_doubtful()
    {
        var tail = new ArchiveTail();
        tail.Trust();
        tail.Doubt();
        Assert.True(tail.IsDoubtful);
        tail.Commit();
        Assert.True(tail.IsBehind(Juliet));
    }
}
