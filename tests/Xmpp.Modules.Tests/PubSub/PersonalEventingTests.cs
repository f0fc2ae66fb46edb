using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>XEP-0163: who gets what of an account's nodes, without having subscribed.</summary>
public sealed class PersonalEventingTests
{
    private const string Juliet = "juliet@localhost";
    private const string Devices = "eu.siacs.conversations.axolotl.devicelist";

    [Fact]
    public async Task What_is_published_reaches_contacts_and_own_clients_that_want_it()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        await server.BefriendAsync("juliet", "benvolio");
        var balcony = await server.ConnectAsync("juliet", "balcony");
        var chamber = await server.ConnectAsync("juliet", "chamber");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var pda = await server.ConnectAsync("romeo", "pda");
        var benvolio = await server.ConnectAsync("benvolio", "square");
        var tybalt = await server.ConnectAsync("tybalt", "street");
        await balcony.WantAsync(server);
        await chamber.WantAsync(server, Tune);
        await romeo.WantAsync(server, Tune, "urn:other");
        await pda.WantAsync(server, "urn:other");
        await benvolio.WantAsync(server, Tune);
        await tybalt.WantAsync(server, Tune);

        var answer = await balcony.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'><artist>Gerald Finzi</artist></tune>"));

        Assert.Equal("current", answer!.Elements.Single()["id"]);
        var message = Assert.Single(await romeo.PassAsync(), stanza => stanza.Name.Local == "message");
        Assert.Equal(
            Element.Parse($"<message from='{Juliet}' to='romeo@localhost/orchard' type='headline'><event xmlns='{EventNs}'><items node='{Tune}'>" +
                $"<item id='current'><tune xmlns='{Tune}'><artist>Gerald Finzi</artist></tune></item></items></event></message>"),
            message);
        Assert.Equal([$"{Juliet} {Tune} current"], (await chamber.PassAsync()).Events());
        Assert.Equal([$"{Juliet} {Tune} current"], (await benvolio.PassAsync()).Events());
        foreach (var client in (TestClient[])[balcony, pda, tybalt])
            Assert.Empty((await client.PassAsync()).Events());
    }

    /// <summary>Each contact gets what its clients want now: nothing of what they wanted before, and at once what is new to them.</summary>
    [Fact]
    public async Task Three_contacts_change_what_they_want()
    {
        string[] names = ["romeo", "benvolio", "mercutio"];
        string[] nodes = ["urn:a", "urn:b", "urn:c"];
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var contacts = new List<TestClient>();
        foreach (var name in names)
        {
            await server.BefriendAsync("juliet", name);
            contacts.Add(await server.ConnectAsync(name, "r"));
        }
        for (var round = 0; round < 4; round++)
        {
            // Each wants one node, another one each time; in the end nobody wants any.
            var wanted = contacts.Select((_, i) => round == 3 ? [] : new[] { nodes[(i + round) % 3] }).ToList();
            for (var i = 0; i < contacts.Count; i++)
            {
                var told = (await contacts[i].WantAsync(server, wanted[i])).Events();
                Assert.Equal(round == 0 ? [] : wanted[i].Select(node => $"{Juliet} {node} {round - 1}"), told);
            }
            foreach (var node in nodes)
                await juliet.DoAsync("set", null, Publish(node, $"{round}"));
            for (var i = 0; i < contacts.Count; i++)
                Assert.Equal(wanted[i].Select(node => $"{Juliet} {node} {round}"), (await contacts[i].PassAsync()).Events());
        }
    }

    [Fact]
    public async Task The_last_item_comes_with_presence_once_and_again_after_having_been_away()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        await juliet.DoAsync("set", null, Publish("urn:other", "1", "<other xmlns='urn:other'/>"));

        var romeo = await server.ConnectAsync("romeo", "orchard");
        var came = await romeo.WantAsync(server, Tune);
        Assert.Equal([$"{Juliet} {Tune} current"], came.Events());
        Assert.NotNull(came.Single(stanza => stanza.Name.Local == "message").Child("urn:xmpp:delay", "delay"));
        // The same presence again asks for nothing; more wishes for what is new.
        Assert.Empty((await romeo.WantAsync(server, Tune)).Events());
        Assert.Equal([$"{Juliet} urn:other 1"], (await romeo.WantAsync(server, Tune, "urn:other")).Events());
        Assert.Empty((await romeo.WantAsync(server, Tune)).Events());
        await romeo.SendAsync("<presence type='unavailable'/>");
        await romeo.PassAsync();
        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        Assert.Empty((await romeo.PassAsync()).Events());
        Assert.Equal([$"{Juliet} {Tune} current"], (await romeo.WantAsync(server, Tune)).Events());
        // Own items, too.
        Assert.Equal([$"{Juliet} {Tune} current"], (await juliet.WantAsync(server, Tune)).Events());
    }

    [Fact]
    public async Task Access_follows_the_subscription_at_once()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.WantAsync(server);
        await romeo.WantAsync(server, Tune);
        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        await romeo.FailAsync("get", Juliet, $"<items node='{Tune}'/>", "not-authorized presence-subscription-required", "auth");
        await romeo.FailAsync(
            "set", Juliet, $"<subscribe node='{Tune}' jid='{romeo.Jid.Bare}'/>", "not-authorized presence-subscription-required", "auth");

        await romeo.SendAsync($"<presence to='{Juliet}' type='subscribe'/>");
        await romeo.PassAsync();
        await juliet.SendAsync("<presence to='romeo@localhost' type='subscribed'/>");
        await juliet.PassAsync();
        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal([$"{Juliet} {Tune} current"], (await romeo.PassAsync()).Events());
        Assert.Equal("current", (await romeo.DoAsync("get", Juliet, $"<items node='{Tune}'/>"))!.Elements.Single()["id"]);
        await romeo.DoAsync("set", Juliet, $"<subscribe node='{Tune}' jid='{romeo.Jid.Bare}'/>");
        await romeo.PassAsync();
        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        Assert.Equal([$"{Juliet} {Tune} current"], (await romeo.PassAsync()).Events()); // Once, though subscribed twice.

        await juliet.SendAsync("<presence to='romeo@localhost' type='unsubscribed'/>");
        await juliet.PassAsync();
        await romeo.PassAsync();
        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        Assert.Empty((await romeo.PassAsync()).Events());
        await romeo.FailAsync("get", Juliet, $"<items node='{Tune}'/>", "not-authorized presence-subscription-required", "auth");
    }

    [Fact]
    public async Task Groups_of_the_roster_open_nodes_to_their_contacts()
    {
        await using var server = await StartAsync();
        await server.StoreAsync(
            "juliet",
            RosterTesting.Item("romeo", SubscriptionState.Both) with { Groups = ["Friends"] }, RosterTesting.Item("benvolio", SubscriptionState.Both));
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.DoAsync("set", null, Publish("urn:friends", "1", "<a xmlns='urn:friends'/>",
            Options(("access_model", "roster"), ("roster_groups_allowed", "Friends"))));
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var benvolio = await server.ConnectAsync("benvolio", "square");
        await romeo.WantAsync(server, "urn:friends");
        await benvolio.WantAsync(server, "urn:friends");

        await juliet.DoAsync("set", null, Publish("urn:friends", "2", "<a xmlns='urn:friends'/>"));

        Assert.Equal([$"{Juliet} urn:friends 2"], (await romeo.PassAsync()).Events());
        Assert.Empty((await benvolio.PassAsync()).Events());
        await romeo.DoAsync("get", Juliet, "<items node='urn:friends'/>");
        await benvolio.FailAsync("get", Juliet, "<items node='urn:friends'/>", "not-authorized not-in-roster-group", "auth");
    }

    /// <summary>OMEMO (XEP-0384): keys are open to all, which the first publication says.</summary>
    [Theory]
    [InlineData(Devices, "current", "<list xmlns='eu.siacs.conversations.axolotl'><device id='31415'/></list>")]
    [InlineData("urn:xmpp:omemo:2:devices", "current", "<devices xmlns='urn:xmpp:omemo:2'><device id='31415'/></devices>")]
    [InlineData("urn:xmpp:omemo:2:bundles", "31415", "<bundle xmlns='urn:xmpp:omemo:2'/>")]
    public async Task Keys_are_open_to_everybody(string node, string item, string payload)
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var stranger = await server.ConnectAsync("romeo", "orchard");

        await juliet.DoAsync("set", null, Publish(node, item, payload, Options(("access_model", "open"), ("max_items", "max"))));

        var items = await stranger.DoAsync("get", Juliet, $"<items node='{node}'/>");
        Assert.Equal(Element.Parse(payload), items!.Elements.Single().Elements.Single());
        await stranger.DoAsync("set", Juliet, $"<subscribe node='{node}' jid='{stranger.Jid.Bare}'/>");
        Assert.Contains(
            "open", (await juliet.DoAsync("get", null, $"<configure node='{node}'/>", OwnerNs))!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_that_are_not_met_refuse_a_publication_and_change_nothing()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.DoAsync("set", null, Publish(Devices, "current", "<list xmlns='a'/>"));

        await juliet.FailAsync(
            "set", null, Publish(Devices, "current", "<list xmlns='b'/>", Options(("access_model", "open"))), "conflict precondition-not-met",
            "cancel");
        await juliet.FailAsync(
            "set", null, Publish(Devices, "current", "<list xmlns='b'/>", Options(("nonsense", "1"))), "conflict precondition-not-met");
        await juliet.FailAsync(
            "set", null, Publish("urn:new", "1", "<a xmlns='b'/>", Options(("nonsense", "1"))), "conflict precondition-not-met");
        await juliet.FailAsync("get", null, "<items node='urn:new'/>", "item-not-found");
        Assert.Equal("a", (await juliet.DoAsync("get", null, $"<items node='{Devices}'/>"))!.Elements.Single().Elements.Single().Name.Namespace);

        await juliet.ConfigureAsync(null, Devices, ("access_model", "open"));
        await juliet.DoAsync("set", null, Publish(Devices, "current", "<list xmlns='b'/>", Options(("access_model", "open"), ("max_items", "1"))));
    }

    [Theory]
    [InlineData("publish")]
    [InlineData("create")]
    [InlineData("configure")]
    public async Task Private_nodes_are_for_nobody_else_whatever_the_order(string way)
    {
        const string Node = "urn:xmpp:bookmarks:1";
        const string Item = "theplay@conference.localhost";
        const string Conference = "<conference xmlns='urn:xmpp:bookmarks:1'/>";
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await romeo.WantAsync(server, Node, "urn:private");
        switch (way)
        {
            case "publish":
                await juliet.DoAsync("set", null, Publish(Node, Item, Conference));
                break;
            case "create":
                await juliet.CreateAsync(null, Node);
                await juliet.DoAsync("set", null, Publish(Node, Item, Conference, Options(("access_model", "whitelist"), ("max_items", "max"))));
                break;
            default:
                await juliet.CreateAsync(null, "urn:private");
                await juliet.ConfigureAsync(null, "urn:private", ("access_model", "whitelist"));
                await juliet.DoAsync("set", null, Publish("urn:private", Item, Conference));
                break;
        }

        var node = way == "configure" ? "urn:private" : Node;
        Assert.Empty((await romeo.PassAsync()).Events());
        await romeo.FailAsync("get", Juliet, $"<items node='{node}'/>", "not-allowed closed-node", "cancel");
        await romeo.FailAsync("set", Juliet, $"<subscribe node='{node}' jid='{romeo.Jid.Bare}'/>", "not-allowed closed-node", "cancel");
        await romeo.FailAsync("set", Juliet, Publish(node, "1", Conference), "forbidden", "auth");
        await romeo.FailAsync("set", Juliet, $"<retract node='{node}'><item id='{Item}'/></retract>", "forbidden", "auth");
        await romeo.FailAsync("get", Juliet, $"<configure node='{node}'/>", "forbidden", "auth", OwnerNs);
        await romeo.FailAsync("set", Juliet, $"<delete node='{node}'/>", "forbidden", "auth", OwnerNs);
        Assert.Equal("item-not-found", StanzaError.WireName(StanzaError.Parse(await romeo.InfoAsync(Juliet, node))!.Condition));
        Assert.Equal(Item, (await juliet.DoAsync("get", null, $"<items node='{node}'/>"))!.Elements.Single()["id"]);
        var chamber = await server.ConnectAsync("juliet", "chamber");
        await chamber.WantAsync(server, node);
        await juliet.DoAsync("set", null, Publish(node, Item, Conference));
        Assert.Equal([$"{Juliet} {node} {Item}"], (await chamber.PassAsync()).Events());
    }

    [Fact]
    public async Task An_account_says_that_it_is_a_service_and_which_nodes_are_for_whom()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        await juliet.DoAsync("set", null, Publish("urn:xmpp:bookmarks:1", "a@b.lit", "<conference xmlns='urn:xmpp:bookmarks:1'/>"));

        var info = Discovery.Parse(await juliet.InfoAsync(Juliet));
        Assert.Contains(new Core.Modules.DiscoIdentity("pubsub", "pep"), info.Identities);
        foreach (var feature in (string[])["access-presence", "auto-create", "auto-subscribe", "config-node", "create-and-configure",
            "create-nodes", "filtered-notifications", "persistent-items", "publish", "publish-options", "retrieve-items", "subscribe"])
        {
            Assert.Contains($"{Ns}#{feature}", info.Features);
        }
        Assert.Equal([Tune], await NodesAsync(romeo));
        Assert.Equal([Tune, "urn:xmpp:bookmarks:1"], (await NodesAsync(juliet)).Order(StringComparer.Ordinal));
        var node = Discovery.Parse(await romeo.InfoAsync(Juliet, Tune));
        Assert.Equal(("pubsub", "leaf"), (node.Identities[0].Category, node.Identities[0].Type));
        Assert.Equal(Ns + "#meta-data", node.Forms.Single().FormType);

        static async Task<IEnumerable<string?>> NodesAsync(TestClient client) => (await client.AskAsync(
            "get", Juliet, $"<query xmlns='{Core.Namespaces.DiscoItems}'/>")).Elements.Single().Elements.Select(item => item["node"]).OfType<string>();
    }

    [Fact]
    public async Task Who_is_blocked_hears_nothing()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.WantAsync(server);
        await romeo.WantAsync(server, Tune);
        await juliet.AskAsync("set", null, "<block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block>");
        await romeo.PassAsync();

        await juliet.DoAsync("set", null, Publish(Tune, "current", $"<tune xmlns='{Tune}'/>"));
        Assert.Empty((await romeo.PassAsync()).Events());

        await juliet.AskAsync("set", null, "<unblock xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></unblock>");
        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal([$"{Juliet} {Tune} current"], (await romeo.PassAsync()).Events());
    }

    [Fact]
    public async Task Nodes_survive_the_memory_and_go_with_the_account()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.DoAsync("set", null, Publish(Devices, "current", "<list xmlns='a'/>", Options(("access_model", "open"))));
        await server.Server.Context.PubSub.Nodes.ForgetAsync(juliet.Jid.Bare);
        Assert.Equal("current", (await romeo.DoAsync("get", Juliet, $"<items node='{Devices}'/>"))!.Elements.Single()["id"]);

        await server.Server.Context.Accounts.RemoveAsync(juliet.Jid.Bare, except: null, TestContext.Current.CancellationToken);
        await romeo.FailAsync("get", Juliet, $"<items node='{Devices}'/>", "item-not-found");
        await romeo.FailAsync("get", "nobody@localhost", $"<items node='{Devices}'/>", "item-not-found");
    }

    [Fact]
    public async Task Limits_hold()
    {
        await using var server = await StartAsync(options => options with { ItemBytes = 1024, NodesPerAccount = 2, ItemsPerNode = 3 });
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.FailAsync(
            "set", null, Publish("a", "1", $"<a xmlns='b'>{new string('x', 1024)}</a>"), "not-acceptable payload-too-big", "modify");
        await juliet.DoAsync("set", null, Publish("a", "1"));
        await juliet.DoAsync("set", null, Publish("b", "1", options: Options(("max_items", "max"))));
        await juliet.FailAsync("set", null, Publish("c", "1"), "not-allowed max-nodes-exceeded");
        await juliet.FailAsync("set", null, "<create node='c'/>", "not-allowed max-nodes-exceeded");
        for (var i = 2; i < 6; i++)
            await juliet.DoAsync("set", null, Publish("b", $"{i}"));
        Assert.Equal(["3", "4", "5"], (await juliet.DoAsync("get", null, "<items node='b'/>"))!.Elements.Select(item => item["id"]));
        Assert.Single((await juliet.DoAsync("get", null, "<items node='b' max_items='1'/>"))!.Elements, item => item["id"] == "5");
        await juliet.FailAsync("set", null, $"<configure node='b'>{Form("node_config", ("max_items", "4"))}</configure>", "not-acceptable", "modify", OwnerNs);
    }

    /// <summary>What clients tell each other by nodes whose content is nothing to the server: XEP-0172, 0107, 0108, 0118, 0080, 0469.</summary>
    [Theory]
    [InlineData("http://jabber.org/protocol/nick", "<nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>")]
    [InlineData("http://jabber.org/protocol/mood",
        "<mood xmlns='http://jabber.org/protocol/mood'><annoyed/><text>curse my nurse!</text></mood>")]
    [InlineData("http://jabber.org/protocol/activity",
        "<activity xmlns='http://jabber.org/protocol/activity'><relaxing><partying/></relaxing><text>My nurse's birthday!</text></activity>")]
    [InlineData("http://jabber.org/protocol/tune", "<tune xmlns='http://jabber.org/protocol/tune'><artist>Yes</artist><length>686</length></tune>")]
    [InlineData("http://jabber.org/protocol/geoloc",
        "<geoloc xmlns='http://jabber.org/protocol/geoloc' xml:lang='en'><accuracy>20</accuracy><country>Italy</country></geoloc>")]
    [InlineData("urn:xmpp:bookmarks:1",
        "<conference xmlns='urn:xmpp:bookmarks:1'><extensions><pinned xmlns='urn:xmpp:bookmarks-pinning:0'/></extensions></conference>")]
    public async Task What_clients_tell_each_other_passes_as_it_is(string node, string payload)
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var other = node.EndsWith("bookmarks:1", StringComparison.Ordinal)
            ? await server.ConnectAsync("juliet", "chamber") : await server.ConnectAsync("romeo", "orchard");
        await other.WantAsync(server, node);

        await juliet.DoAsync("set", null, Publish(node, "a@b.lit", payload));

        var message = Assert.Single(await other.PassAsync(), stanza => stanza.Name.Local == "message");
        Assert.Equal(Element.Parse(payload), message.Elements.First().Elements.Single().Elements.Single().Elements.Single());
        Assert.Equal(Element.Parse(payload), (await juliet.DoAsync("get", null, $"<items node='{node}'/>"))!.Elements.Single().Elements.Single());
    }

    /// <summary>XEP-0060 §7.1.4: what can't be published makes no node.</summary>
    [Fact]
    public async Task What_is_refused_leaves_no_node_behind()
    {
        await using var server = await PubSubTesting.StartAsync(options => options with { ItemBytes = 1024 });
        var juliet = await server.ConnectAsync("juliet", "balcony");

        await juliet.FailAsync("set", null, "<publish node='urn:new'><item id='1'/></publish>", "bad-request payload-required");
        await juliet.FailAsync("set", null, Publish("urn:new", "1", $"<a xmlns='b'>{new string('x', 2000)}</a>"), "not-acceptable payload-too-big");
        await juliet.FailAsync(
            "set", null, $"<publish node='urn:new'><item id='1'><a xmlns='b'/></item><item id='2'><a xmlns='b'/></item></publish>",
            "not-allowed max-items-exceeded");

        await juliet.FailAsync("get", null, "<items node='urn:new'/>", "item-not-found");
    }
}
