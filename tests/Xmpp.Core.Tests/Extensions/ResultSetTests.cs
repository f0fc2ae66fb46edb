using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class ResultSetTests
{
    private static readonly string[] _letters = ["a", "b", "c", "d", "e", "f", "g"];

    /// <summary>Content of the set as name=text, and what it asks for.</summary>
    public static TheoryData<string, ResultSetRequest> Requests { get; } = new()
    {
        { "", new() },
        { "max=10", new(Max: 10) },
        { "max=0", new(Max: 0) },
        { "max=\n10\n", new(Max: 10) },
        { "max=10 after=peterpan@neverland.lit", new(Max: 10, After: "peterpan@neverland.lit") },
        { "max=10 before=peter@pixyland.org", new(Max: 10, Before: "peter@pixyland.org") },
        { "max=10 before=", new(Max: 10, Before: "") },
        { "before= after=a", new(After: "a", Before: "") },
        { "max=10 index=371", new(Max: 10, Index: 371) },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_is_read(string content, ResultSetRequest expected)
    {
        Assert.True(ResultSetRequest.TryFind(Query(content), out var request, out var error));
        Assert.Equal(expected, request);
        Assert.Null(error);
    }

    [Fact]
    public void A_payload_without_a_set_asks_for_everything()
    {
        Assert.True(ResultSetRequest.TryFind(new Element("jabber:iq:search", "query"), out var request, out _));
        Assert.Null(request);
    }

    [Theory]
    [InlineData("max=-1")]
    [InlineData("max=ten")]
    [InlineData("max=")]
    [InlineData("max=1.5")]
    [InlineData("max=4294967296")]
    [InlineData("index=-1")]
    [InlineData("index=1 after=a")]
    [InlineData("index=1 before=")]
    public void A_request_that_makes_no_sense_is_a_bad_one(string content)
    {
        Assert.False(ResultSetRequest.TryFind(Query(content), out var request, out var error));
        Assert.Null(request);
        Assert.Equal((StanzaErrorCondition.BadRequest, StanzaErrorType.Modify), (error?.Condition, error?.Type));
    }

    /// <summary>Request, page limit, the page's items, first item's index and whether that was all.</summary>
    public static TheoryData<ResultSetRequest, int, string, int?, bool> Pages { get; } = new()
    {
        { new(), 10, "abcdefg", 0, true },
        { new(), 3, "abc", 0, false },
        { new(Max: 2), 3, "ab", 0, false },
        { new(Max: 5), 3, "abc", 0, false },
        { new(Max: 7), 10, "abcdefg", 0, true },
        { new(Max: 0), 3, "", null, false },
        { new(Max: 3, After: "c"), 10, "def", 3, false },
        { new(Max: 3, After: "d"), 10, "efg", 4, true },
        { new(Max: 3, After: "g"), 10, "", null, true },
        { new(Max: 3, Before: "e"), 10, "bcd", 1, false },
        { new(Max: 3, Before: "d"), 10, "abc", 0, true },
        { new(Max: 3, Before: "a"), 10, "", null, true },
        { new(Max: 3, Before: ""), 10, "efg", 4, false },
        { new(Before: ""), 10, "abcdefg", 0, true },
        { new(Max: 2, After: "b", Before: "f"), 10, "de", 3, false },
        { new(Max: 9, After: "b", Before: "f"), 10, "cde", 2, true },
        { new(Max: 9, After: "f", Before: "b"), 10, "", null, true },
        { new(Max: 3, Index: 2), 10, "cde", 2, false },
        { new(Max: 3, Index: 0), 10, "abc", 0, false },
        { new(Max: 3, Index: 6), 10, "g", 6, true },
        { new(Max: 3, Index: 7), 10, "", null, true },
        { new(Max: 3, Index: 371), 10, "", null, true },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_is_cut_out(ResultSetRequest request, int limit, string items, int? index, bool complete)
    {
        var page = ResultSet.Cut(_letters, letter => letter, request, limit);

        Assert.NotNull(page);
        Assert.Equal(items, string.Concat(page.Items));
        Assert.Equal(complete, page.IsComplete);
        Assert.Equal(
            new ResultSet(items.Length > 0 ? items[..1] : null, items.Length > 0 ? items[^1..] : null, index, 7), page.Set);
    }

    [Fact]
    public void Paging_either_way_meets_every_item_once()
    {
        var forwards = new List<string>();
        for (var page = Cut(new()); page.Count > 0; page = Cut(new(After: page[^1])))
            forwards.AddRange(page);
        var backwards = new List<string>();
        for (var page = Cut(new(Before: "")); page.Count > 0; page = Cut(new(Before: page[0])))
            backwards.InsertRange(0, page);

        Assert.Equal(_letters, forwards);
        Assert.Equal(_letters, backwards);

        static IReadOnlyList<string> Cut(ResultSetRequest request) => ResultSet.Cut(_letters, letter => letter, request, limit: 3)!.Items;
    }

    [Fact]
    public void A_page_beside_an_item_that_is_gone_cannot_be_found()
    {
        Assert.Null(ResultSet.Cut(_letters, letter => letter, new(After: "x"), 3));
        Assert.Null(ResultSet.Cut(_letters, letter => letter, new(Before: "x"), 3));
        Assert.Equal(new ResultSet(Count: 0), ResultSet.Cut<string>([], letter => letter, new(), 3)?.Set);
    }

    [Fact]
    public void A_result_tells_what_is_known()
    {
        var full = new ResultSet("stpeter@jabber.org", "peterpan@neverland.lit", 0, 800).ToElement();
        var count = new ResultSet(Count: 790).ToElement();
        var ids = new ResultSet("a", "b").ToElement();

        Assert.Equal(new(ResultSet.Ns, "set"), full.Name);
        Assert.Equal(["stpeter@jabber.org", "peterpan@neverland.lit", "800"], full.Elements.Select(child => child.Text));
        Assert.Equal("0", full.Child(ResultSet.Ns, "first")?["index"]);
        Assert.Equal("790", Assert.Single(count.Elements).Text);
        Assert.Equal(["first", "last"], ids.Elements.Select(child => child.Name.Local));
        Assert.Null(ids.Child(ResultSet.Ns, "first")?["index"]);
    }

    private static Element Query(string content) => new("jabber:iq:search", "query", new Element(ResultSetRequest.Name,
        content.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('='))
            .Where(pair => pair.Length == 2)
            .Select(pair => new Element(ResultSet.Ns, pair[0], pair[1]))));
}
