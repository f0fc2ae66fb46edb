using Xmpp.Core.Xml;
using Xmpp.Modules.Tests.PubSub;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.Bookmarks;

/// <summary>XEP-0402, 0048, 0411: one list of bookmarks, seen in three ways.</summary>
public sealed class BookmarksTests
{
    private const string Node = "urn:xmpp:bookmarks:1";
    private const string ListNode = "storage:bookmarks";
    private const string Play = "theplay@conference.shakespeare.lit";
    private const string Orchard = "orchard@conference.shakespeare.lit";

    private const string PlayItem =
        $"<conference xmlns='{Node}' name='The Play&apos;s the Thing' autojoin='true'><nick>JC</nick>"
        + "<extensions><state xmlns='http://myclient.example/bookmark/state' minimized='true'/></extensions></conference>";

    private const string PlayListed =
        $"<conference jid='{Play}' name='The Play&apos;s the Thing' autojoin='true'><nick>JC</nick></conference>";

    private const string OrchardListed = $"<conference jid='{Orchard}' name='The Orchard' autojoin='1'><nick>JC</nick></conference>";

    /// <summary>As XEP-0402 §4.2 wants clients to ask for it.</summary>
    private static readonly string _options =
        Options(("persist_items", "true"), ("max_items", "max"), ("send_last_published_item", "never"), ("access_model", "whitelist"));

    [Fact]
    public async Task What_is_published_shows_in_all_lists()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");

        await juliet.DoAsync("set", null, Publish(Node, Play, PlayItem, _options));

        Assert.Equal([Play], Rooms(await juliet.PrivateAsync()));
        Assert.Equal(Element.Parse(List(PlayListed)), await juliet.PrivateAsync());
        Assert.Equal(Element.Parse(List(PlayListed)), await juliet.ListAsync());
        await juliet.DoAsync("set", null, $"<retract node='{Node}' notify='1'><item id='{Play}'/></retract>");
        Assert.Empty(Rooms(await juliet.PrivateAsync()));
        Assert.Empty(Rooms(await juliet.ListAsync()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_list_that_is_written_changes_what_differs(bool isPrivate)
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var phone = await server.ConnectAsync("juliet", "phone");
        await juliet.DoAsync("set", null, Publish(Node, Play, PlayItem, _options));
        await phone.WantAsync(server, Node);

        await juliet.WriteAsync(isPrivate, PlayListed + OrchardListed + "<url name='Works' url='http://shakespeare.lit/'/>");

        // What is as it was nobody is told.
        Assert.Equal([$"juliet@localhost {Node} {Orchard}"], (await phone.PassAsync()).Events());
        var items = (await juliet.DoAsync("get", null, $"<items node='{Node}'/>"))!.Elements.ToDictionary(item => item["id"]!);
        Assert.Equal(Element.Parse(PlayItem), items[Play].Elements.Single());
        Assert.Equal(
            Element.Parse($"<conference xmlns='{Node}' name='The Orchard' autojoin='true'><nick>JC</nick></conference>"),
            items[Orchard].Elements.Single());
        foreach (var list in (Element[])[await juliet.PrivateAsync(), await juliet.ListAsync()])
        {
            Assert.Equal([Play, Orchard], Rooms(list));
            Assert.Equal("http://shakespeare.lit/", list.Child(ListNode, "url")!["url"]);
        }

        // What only items have stays when somebody changes the rest.
        await juliet.WriteAsync(isPrivate, $"<conference jid='{Play}' name='Another name'/>");
        Assert.Equal(
            [$"juliet@localhost {Node} {Play}", $"juliet@localhost {Node} -{Orchard}"], (await phone.PassAsync()).Events());
        var left = Assert.Single((await juliet.DoAsync("get", null, $"<items node='{Node}'/>"))!.Elements).Elements.Single();
        Assert.Equal("Another name", left["name"]);
        Assert.Null(left["autojoin"]);
        Assert.Equal("true", left.Child(Node, "extensions")!.Elements.Single()["minimized"]);
    }

    [Fact]
    public async Task Clients_that_know_the_list_hear_of_it()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var old = await server.ConnectAsync("juliet", "old");
        await juliet.DoAsync("set", null, Publish(Node, Play, PlayItem, _options));

        Assert.Equal([$"juliet@localhost {ListNode} current"], (await old.WantAsync(server, ListNode)).Events());
        await juliet.DoAsync("set", null, Publish(Node, Orchard, $"<conference xmlns='{Node}'/>", _options));
        var told = Assert.Single(await old.PassAsync());
        Assert.Equal([Play, Orchard], Rooms(told.Elements.First().Elements.Single().Elements.Single().Elements.Single()));
        await juliet.DoAsync("set", null, $"<delete node='{Node}'/>", OwnerNs);
        Assert.Equal([$"juliet@localhost {ListNode} current"], (await old.PassAsync()).Events());
    }

    [Fact]
    public async Task Changes_at_the_same_time_lose_nothing()
    {
        await using var server = await StartAsync();
        var clients = new List<TestClient>();
        for (var i = 0; i < 4; i++)
            clients.Add(await server.ConnectAsync("juliet", $"r{i}"));
        await clients[0].DoAsync("set", null, Publish(Node, Play, PlayItem, _options));

        await Task.WhenAll(clients.Select((client, i) => Task.Run(async () =>
        {
            for (var n = 0; n < 20; n++)
            {
                if (i == 3)
                    Assert.Contains(Play, Rooms(await client.PrivateAsync()));
                else
                    await client.DoAsync("set", null, Publish(Node, $"room{i}-{n}@conference.localhost", $"<conference xmlns='{Node}'/>", _options));
            }
        })));

        var items = (await clients[0].DoAsync("get", null, $"<items node='{Node}'/>"))!.Elements.Select(item => item["id"]!).Order();
        Assert.Equal(61, items.Count());
        Assert.Equal(items, Rooms(await clients[1].PrivateAsync()).Order());
        Assert.Equal(items, Rooms(await clients[2].ListAsync()).Order());
    }

    /// <summary>What lists write at the same time is one of them, whole, in every view.</summary>
    [Fact]
    public async Task Lists_that_are_written_at_the_same_time_are_one_or_the_other()
    {
        await using var server = await StartAsync();
        var (one, other) = (await server.ConnectAsync("juliet", "one"), await server.ConnectAsync("juliet", "other"));
        string[] ofOne = [Play], ofOther = [Orchard, "a@b.lit"];
        for (var i = 0; i < 10; i++)
        {
            await Task.WhenAll(
                one.WriteAsync(isPrivate: true, string.Concat(ofOne.Select(room => $"<conference jid='{room}'/>"))),
                other.WriteAsync(isPrivate: false, string.Concat(ofOther.Select(room => $"<conference jid='{room}'/>"))));
            var rooms = Rooms(await one.PrivateAsync()).Order().ToList();
            Assert.True(rooms.SequenceEqual(ofOne) || rooms.SequenceEqual(ofOther.Order()), string.Join(' ', rooms));
            Assert.Equal(rooms, Rooms(await other.ListAsync()).Order());
        }
    }

    [Fact]
    public async Task A_list_from_before_becomes_bookmarks()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var list = $"<query xmlns='jabber:iq:private'><storage xmlns='{ListNode}'>{PlayListed}<url url='http://a/'/></storage></query>";
        await server.Store.AccountData.SetAsync(
            juliet.Jid.Bare, "private", ListNode, System.Text.Encoding.UTF8.GetBytes(list), new(10, 10_000), CancellationToken.None);

        // Whoever asks first, and in whichever way.
        var items = await juliet.DoAsync("get", null, $"<items node='{Node}'/>");
        Assert.Equal(Play, items!.Elements.Single()["id"]);
        await juliet.DoAsync("set", null, Publish(Node, Orchard, $"<conference xmlns='{Node}'/>", _options));
        Assert.Equal([Play, Orchard], Rooms(await juliet.PrivateAsync()));
        Assert.NotNull((await juliet.PrivateAsync()).Child(ListNode, "url"));
    }

    [Fact]
    public async Task The_list_s_node_is_for_nobody_else_and_has_one_item()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.FailAsync("get", null, $"<items node='{ListNode}'/>", "item-not-found", "cancel");
        await juliet.WriteAsync(isPrivate: false, "");
        Assert.Empty((await juliet.ListAsync()).Elements);
        await juliet.WriteAsync(isPrivate: false, PlayListed);

        await romeo.FailAsync("get", "juliet@localhost", $"<items node='{ListNode}'/>", "not-allowed closed-node", "cancel");
        await romeo.FailAsync("set", "juliet@localhost", Publish(ListNode, "current", List("")), "forbidden", "auth");
        Assert.Empty((await juliet.DoAsync("get", null, $"<items node='{ListNode}'><item id='other'/></items>"))!.Elements);
        await juliet.FailAsync("set", null, Publish(ListNode, "current", "<other xmlns='a'/>"), "bad-request invalid-payload");
        await juliet.FailAsync(
            "set", null, Publish(ListNode, "current", List(""), Options(("access_model", "open"))), "conflict precondition-not-met");
        await juliet.FailAsync("set", null, $"<create node='{ListNode}'/>", "conflict");
        await juliet.ConfigureAsync(null, ListNode, ("access_model", "whitelist"), ("max_items", "1"));
        await juliet.FailAsync(
            "set", null, $"<configure node='{ListNode}'>{Form("node_config", ("access_model", "open"))}</configure>", "not-acceptable", ns: OwnerNs);
        await juliet.FailAsync(
            "set", null, $"<subscribe node='{ListNode}' jid='juliet@localhost'/>", "feature-not-implemented unsupported subscribe");
        Assert.Equal([Play], Rooms(await juliet.ListAsync()));
        await juliet.DoAsync("set", null, $"<retract node='{ListNode}'><item id='current'/></retract>");
        Assert.Empty(Rooms(await juliet.PrivateAsync()));
    }

    [Fact]
    public async Task The_account_says_that_it_does_so()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");

        var info = Discovery.Parse(await juliet.InfoAsync("juliet@localhost"));

        foreach (var feature in (string[])[$"{Node}#compat", $"{Node}#compat-pep", "urn:xmpp:bookmarks-conversion:0"])
            Assert.Contains(feature, info.Features);
    }

    internal static string List(string content) => $"<storage xmlns='{ListNode}'>{content}</storage>";

    internal static IEnumerable<string> Rooms(Element list) =>
        list.Elements.Where(child => child.Name.Local == "conference").Select(child => child["jid"]!);
}

file static class Views
{
    public static async Task<Element> PrivateAsync(this TestClient client)
    {
        var answer = await client.AskAsync(
            "get", null, $"<query xmlns='jabber:iq:private'>{BookmarksTests.List("")}</query>");
        return answer.Elements.Single().Elements.Single();
    }

    public static async Task<Element> ListAsync(this TestClient client) =>
        (await client.DoAsync("get", null, "<items node='storage:bookmarks'/>"))!.Elements.Single().Elements.Single();

    public static async Task WriteAsync(this TestClient client, bool isPrivate, string content)
    {
        if (isPrivate)
        {
            var answer = await client.AskAsync("set", null, $"<query xmlns='jabber:iq:private'>{BookmarksTests.List(content)}</query>");
            Assert.Equal("result", answer["type"]);
        }
        else
        {
            await client.DoAsync("set", null, Publish("storage:bookmarks", "current", BookmarksTests.List(content), Options(("access_model", "whitelist"))));
        }
    }
}
