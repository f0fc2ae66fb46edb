using Xmpp.Modules.Strangers;
using Xunit;

namespace Xmpp.Modules.Tests;

public sealed class RecentSetTests
{
    [Fact]
    public void The_last_ones_are_there_and_no_more_than_may_be()
    {
        var set = new RecentSet<int>(10);
        for (var i = 0; i < 1000; i++)
        {
            set.Add(i);
            for (var last = Math.Max(0, i - 4); last <= i; last++)
                Assert.True(set.Contains(last));
        }
        Assert.InRange(Enumerable.Range(0, 1000).Count(set.Contains), 5, 10);
    }

    [Fact]
    public void What_is_asked_for_stays()
    {
        var set = new RecentSet<int>(10);
        set.Add(-1);
        for (var i = 0; i < 1000; i++)
        {
            set.Add(i);
            Assert.True(set.Contains(-1));
        }
    }
}
