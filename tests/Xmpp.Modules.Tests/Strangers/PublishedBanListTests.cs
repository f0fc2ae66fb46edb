using Xmpp.Core;
using Xmpp.Modules.Strangers;
using Xunit;

namespace Xmpp.Modules.Tests.Strangers;

/// <summary>What is heard of a list while it is being read, page by page.</summary>
public sealed class PublishedBanListTests
{
    private readonly PublishedBanList _list = new(Jid.Parse("pubsub.montague.example"), maxEntries: 10);

    [Fact]
    public void What_is_heard_goes_before_what_is_read()
    {
        _list.BeginReading();
        _list.Set("later", isBanned: true);
        _list.Set("earlier", isBanned: false);
        _list.Replace(["earlier", "always"]);
        Assert.Equal((true, false, true), (_list.Contains("later"), _list.Contains("earlier"), _list.Contains("always")));
    }

    [Fact]
    public void A_purge_undoes_the_pages_from_before_and_not_what_was_published_since()
    {
        _list.BeginReading();
        _list.Set("before", isBanned: true);
        _list.Clear();
        _list.Set("since", isBanned: true);
        _list.Replace(["old", "before"]);
        Assert.Equal((false, false, true), (_list.Contains("old"), _list.Contains("before"), _list.Contains("since")));

        // The next reading begins anew.
        _list.BeginReading();
        _list.Replace(["old"]);
        Assert.Equal((true, false), (_list.Contains("old"), _list.Contains("since")));
    }

    [Fact]
    public void A_purge_empties_a_list_that_nobody_reads_and_is_over_with_that()
    {
        _list.Replace(["old"]);
        _list.Clear();
        Assert.False(_list.Contains("old"));
        _list.Replace(["new"]);
        Assert.True(_list.Contains("new"));
    }
}
