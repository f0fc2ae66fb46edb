using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>XEP-0060 at a service: what its use cases say, and their errors.</summary>
public sealed class PubSubServiceTests
{
    private const string Entry = "<entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title></entry>";

    [Fact]
    public async Task The_service_is_found_and_tells_what_it_can_do()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        Assert.Contains(
            (await hamlet.AskAsync("get", "localhost", $"<query xmlns='{Core.Namespaces.DiscoItems}'/>")).Elements.Single().Elements,
            item => item["jid"] == Service);
        var info = Discovery.Parse(await hamlet.InfoAsync(Service));
        Assert.Contains(info.Identities, identity => identity is { Category: "pubsub", Type: "service" });
        Assert.Contains(Ns, info.Features);
        Assert.Contains($"{Ns}#publish-options", info.Features);
        Assert.DoesNotContain($"{Ns}#filtered-notifications", info.Features);
    }

    [Fact]
    public async Task A_node_is_made_published_to_read_and_deleted()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        Assert.Null(await hamlet.CreateAsync(Service, Musings));
        await hamlet.FailAsync("set", Service, $"<create node='{Musings}'/>", "conflict", "cancel");

        var subscription = await francisco.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='{francisco.Jid}'/>");
        Assert.Equal(
            Element.Parse($"<subscription xmlns='{Ns}' node='{Musings}' jid='{francisco.Jid}' subscription='subscribed'/>"), subscription);
        var published = await hamlet.DoAsync("set", Service, Publish(Musings, "bnd81g37d61f49fgn581", Entry));
        Assert.Equal(Element.Parse($"<publish xmlns='{Ns}' node='{Musings}'><item id='bnd81g37d61f49fgn581'/></publish>"), published);
        await francisco.ExpectAsync(
            $"<message from='{Service}' to='{francisco.Jid}' type='headline'><event xmlns='{EventNs}'><items node='{Musings}'>" +
            $"<item id='bnd81g37d61f49fgn581' publisher='hamlet@localhost'>{Entry}</item></items></event></message>");

        var instant = await hamlet.DoAsync("set", Service, $"<publish node='{Musings}'><item>{Entry}</item></publish>");
        var made = instant!.Elements.Single()["id"];
        Assert.False(string.IsNullOrEmpty(made));
        Assert.Equal(
            ["bnd81g37d61f49fgn581", made], (await francisco.DoAsync("get", Service, $"<items node='{Musings}'/>"))!.Elements.Select(item => item["id"]));
        await francisco.PassAsync();

        await hamlet.DoAsync("set", Service, $"<retract node='{Musings}'><item id='{made}'/></retract>");
        await francisco.DoAsync("get", Service, $"<items node='{Musings}'><item id='bnd81g37d61f49fgn581'/></items>");
        Assert.Empty((await francisco.DoAsync("get", Service, $"<items node='{Musings}'><item id='{made}'/></items>"))!.Elements);
        await hamlet.DoAsync("set", Service, $"<purge node='{Musings}'/>", OwnerNs);
        Assert.Empty((await francisco.DoAsync("get", Service, $"<items node='{Musings}'/>"))!.Elements);
        await hamlet.DoAsync("set", Service, $"<delete node='{Musings}'><redirect uri='xmpp:hamlet@localhost'/></delete>", OwnerNs);
        await francisco.FailAsync("get", Service, $"<items node='{Musings}'/>", "item-not-found", "cancel");
    }

    [Fact]
    public async Task Subscribers_are_told_of_what_becomes_of_a_node()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        await hamlet.CreateAsync(Service, Musings, ("notify_config", "1"), ("deliver_payloads", "0"));
        await francisco.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='{francisco.Jid}'/>");

        await hamlet.DoAsync("set", Service, Publish(Musings, "1", Entry));
        await hamlet.DoAsync("set", Service, $"<retract node='{Musings}'><item id='1'/></retract>");
        await hamlet.DoAsync("set", Service, $"<purge node='{Musings}'/>", OwnerNs);
        await hamlet.ConfigureAsync(Service, Musings, ("title", "Musings"), ("notify_retract", "0"));
        await hamlet.DoAsync("set", Service, $"<purge node='{Musings}'/>", OwnerNs);
        await hamlet.DoAsync("set", Service, Publish(Musings, "1", Entry));
        await hamlet.DoAsync("set", Service, $"<retract node='{Musings}'><item id='1'/></retract>");
        await hamlet.DoAsync("set", Service, Publish(Musings, "1", Entry));
        await hamlet.DoAsync("set", Service, $"<retract node='{Musings}' notify='1'><item id='1'/></retract>");
        await hamlet.DoAsync("set", Service, $"<delete node='{Musings}'/>", OwnerNs);

        Assert.Equal(
            [
                $"{Service} {Musings} 1", $"{Service} {Musings} -1", $"{Service} purge {Musings}", $"{Service} configuration {Musings}",
                $"{Service} {Musings} 1", $"{Service} {Musings} 1", $"{Service} {Musings} -1", $"{Service} delete {Musings}",
            ],
            (await francisco.PassAsync()).Events());
    }

    [Fact]
    public async Task What_comes_to_whom_follows_type_and_address()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var here = await server.LoginAsync("francisco", "barracks");
        var there = await server.LoginAsync("francisco", "tower");
        var hidden = await server.LoginAsync("francisco", "cellar", priority: -1);
        await hamlet.CreateAsync(Service, "head", ("notification_type", "headline"));
        await hamlet.CreateAsync(Service, "norm", ("notification_type", "normal"));
        await server.CreateAccountAsync(Core.Jid.Parse("bernardo@localhost"));
        await here.DoAsync("set", Service, "<subscribe node='head' jid='francisco@localhost'/>");
        await hamlet.DoAsync("set", Service,
            "<subscriptions node='head'><subscription jid='bernardo@localhost' subscription='subscribed'/></subscriptions>", OwnerNs);
        await hamlet.DoAsync("set", Service,
            "<subscriptions node='norm'><subscription jid='bernardo@localhost' subscription='subscribed'/></subscriptions>", OwnerNs);
        foreach (var client in (TestClient[])[here, there, hidden])
            await client.PassAsync();

        await hamlet.DoAsync("set", Service, Publish("head", "1", Entry));
        await hamlet.DoAsync("set", Service, Publish("norm", "2", Entry));

        Assert.Equal([$"{Service} head 1"], (await here.PassAsync()).Events());
        Assert.Equal([$"{Service} head 1"], (await there.PassAsync()).Events());
        Assert.Empty((await hidden.PassAsync()).Events());
        // Who wasn't there gets later what is no headline.
        var bernardo = await server.ConnectAsync("bernardo", "platform");
        await bernardo.SendAsync("<presence/>");
        Assert.Equal([$"{Service} norm 2"], (await bernardo.PassAsync()).Events().Where(text => !text.Contains("subscription", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_says_so_is_told_nothing_and_the_last_item_comes_with_the_subscription()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        await hamlet.CreateAsync(Service, Musings);
        await hamlet.DoAsync("set", Service, Publish(Musings, "1", Entry));
        await hamlet.DoAsync("set", Service, Publish(Musings, "2", Entry));

        var passed = new List<Element>();
        await francisco.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='{francisco.Jid}'/>", passed: passed);
        Assert.Equal([$"{Service} {Musings} 2"], passed.Events());
        var options = await francisco.DoAsync("get", Service, $"<options node='{Musings}' jid='{francisco.Jid}'/>");
        Assert.Contains("pubsub#deliver", options!.ToString(), StringComparison.Ordinal);
        await francisco.DoAsync(
            "set", Service, $"<options node='{Musings}' jid='{francisco.Jid}'>{Form("subscribe_options", ("deliver", "0"))}</options>");
        await hamlet.DoAsync("set", Service, Publish(Musings, "3", Entry));
        Assert.Empty((await francisco.PassAsync()).Events());
        await francisco.DoAsync(
            "set", Service, $"<options node='{Musings}' jid='{francisco.Jid}'>{Form("subscribe_options", ("deliver", "1"))}</options>");
        await hamlet.DoAsync("set", Service, Publish(Musings, "4", Entry));
        Assert.Equal([$"{Service} {Musings} 4"], (await francisco.PassAsync()).Events());

        await francisco.DoAsync("set", Service, $"<unsubscribe node='{Musings}' jid='{francisco.Jid}'/>");
        await hamlet.DoAsync("set", Service, Publish(Musings, "5", Entry));
        Assert.Empty((await francisco.PassAsync()).Events());
    }

    [Fact]
    public async Task Owners_decide_who_is_subscribed_to_a_node_that_needs_their_approval()
    {
        await using var server = await StartAsync();
        var hamlet = await server.LoginAsync("hamlet", "elsinore");
        var francisco = await server.LoginAsync("francisco", "barracks");
        var bernardo = await server.LoginAsync("bernardo", "platform");
        await hamlet.CreateAsync(Service, Musings, ("access_model", "authorize"));
        await hamlet.DoAsync("set", Service, Publish(Musings, "1", Entry));
        foreach (var client in (TestClient[])[francisco, bernardo])
        {
            var pending = await client.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='{client.Jid.Bare}'/>");
            Assert.Equal("pending", pending!["subscription"]);
            await client.FailAsync(
                "set", Service, $"<subscribe node='{Musings}' jid='{client.Jid.Bare}'/>", "not-authorized pending-subscription", "auth");
            await client.FailAsync("get", Service, $"<items node='{Musings}'/>", "not-authorized not-subscribed", "auth");
        }

        foreach (var (client, isAllowed) in ((TestClient, bool)[])[(francisco, true), (bernardo, false)])
        {
            var question = await hamlet.ReadAsync();
            Assert.Contains($"{client.Jid.Bare}", question.ToString(), StringComparison.Ordinal);
            await hamlet.SendAsync($"<message to='{Service}'>{Form("subscribe_authorization",
                ("node", Musings), ("subscriber_jid", $"{client.Jid.Bare}"), ("allow", isAllowed ? "1" : "0"))}</message>");
        }
        await hamlet.PassAsync();
        Assert.Equal(
            [$"{Service} subscription {Musings}", $"{Service} {Musings} 1"], (await francisco.PassAsync()).Events());
        await francisco.DoAsync("get", Service, $"<items node='{Musings}'/>");
        Assert.Equal([$"{Service} subscription {Musings}"], (await bernardo.PassAsync()).Events());
        await bernardo.FailAsync("get", Service, $"<items node='{Musings}'/>", "not-authorized not-subscribed", "auth");
        // Nobody else decides.
        await bernardo.SendAsync($"<message id='m' to='{Service}'>{Form("subscribe_authorization",
            ("node", Musings), ("subscriber_jid", "bernardo@localhost"), ("allow", "1"))}</message>");
        await bernardo.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task Owners_say_who_may_what()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        await hamlet.CreateAsync(Service, Musings, ("access_model", "whitelist"));
        await francisco.FailAsync("get", Service, $"<items node='{Musings}'/>", "not-allowed closed-node", "cancel");

        await AffiliateAsync("member");
        await francisco.DoAsync("get", Service, $"<items node='{Musings}'/>");
        await francisco.FailAsync("set", Service, Publish(Musings, "1", Entry), "forbidden", "auth");
        await AffiliateAsync("publish-only");
        await francisco.DoAsync("set", Service, Publish(Musings, "1", Entry));
        await hamlet.DoAsync("set", Service, Publish(Musings, "2", Entry));
        await francisco.FailAsync("get", Service, $"<items node='{Musings}'/>", "forbidden", "auth");
        await francisco.FailAsync("set", Service, $"<retract node='{Musings}'><item id='2'/></retract>", "forbidden", "auth");
        await francisco.DoAsync("set", Service, $"<retract node='{Musings}'><item id='1'/></retract>"); // His own.
        await AffiliateAsync("publisher");
        await francisco.DoAsync("set", Service, $"<retract node='{Musings}'><item id='2'/></retract>");
        await francisco.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='{francisco.Jid}'/>");
        await francisco.FailAsync("get", Service, $"<configure node='{Musings}'/>", "forbidden", "auth", OwnerNs);
        Assert.Equal(
            "publisher", (await francisco.DoAsync("get", Service, "<affiliations/>"))!.Elements.Single()["affiliation"]);
        Assert.Equal(
            "subscribed", (await francisco.DoAsync("get", Service, "<subscriptions/>"))!.Elements.Single()["subscription"]);
        await AffiliateAsync("outcast");
        Assert.Empty((await francisco.DoAsync("get", Service, "<subscriptions/>"))!.Elements);
        await francisco.FailAsync("set", Service, $"<subscribe node='{Musings}' jid='{francisco.Jid}'/>", "forbidden", "auth");
        await AffiliateAsync("owner");
        await hamlet.DoAsync("set", Service,
            $"<affiliations node='{Musings}'><affiliation jid='hamlet@localhost' affiliation='none'/></affiliations>", OwnerNs);
        await hamlet.FailAsync("get", Service, $"<affiliations node='{Musings}'/>", "forbidden", "auth", OwnerNs);
        await francisco.FailAsync("set", Service,
            $"<affiliations node='{Musings}'><affiliation jid='francisco@localhost' affiliation='none'/></affiliations>", "not-acceptable", "modify", OwnerNs);
        Assert.Equal(
            Element.Parse($"<affiliations xmlns='{OwnerNs}' node='{Musings}'><affiliation jid='francisco@localhost' affiliation='owner'/></affiliations>"),
            await francisco.DoAsync("get", Service, $"<affiliations node='{Musings}'/>", OwnerNs));

        async Task AffiliateAsync(string affiliation) => await hamlet.DoAsync("set", Service,
            $"<affiliations node='{Musings}'><affiliation jid='francisco@localhost' affiliation='{affiliation}'/></affiliations>", OwnerNs);
    }

    [Theory]
    [InlineData(Modules.PubSub.NodeCreators.Accounts, true)]
    [InlineData(Modules.PubSub.NodeCreators.Everybody, true)]
    [InlineData(Modules.PubSub.NodeCreators.Administrators, false)]
    public async Task The_host_says_who_makes_nodes(Modules.PubSub.NodeCreators creators, bool may)
    {
        await using var server = await StartAsync(options => options with { Creators = creators });
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        if (may)
        {
            var made = await hamlet.DoAsync("set", Service, "<create/>");
            Assert.NotNull(made!["node"]);
            await hamlet.DoAsync("set", Service, Publish("made_on_the_way", "1"));
            return;
        }
        await hamlet.FailAsync("set", Service, "<create node='a'/>", "forbidden", "auth");
        await hamlet.FailAsync("set", Service, Publish("a", "1"), "item-not-found", "cancel");
    }

    [Fact]
    public async Task Items_come_in_pages()
    {
        await using var server = await StartAsync(options => options with { PageItems = 4 });
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        await hamlet.CreateAsync(Service, Musings);
        for (var i = 1; i <= 6; i++)
            await hamlet.DoAsync("set", Service, Publish(Musings, $"{i}", Entry));

        Assert.Equal("3 4 5 6 | 3-6 of 6", await PageAsync(""));
        Assert.Equal("1 2 | 1-2 of 6", await PageAsync("<max>2</max>"));
        Assert.Equal("3 4 | 3-4 of 6", await PageAsync("<max>2</max><after>2</after>"));
        Assert.Equal("5 6 | 5-6 of 6", await PageAsync("<max>2</max><before/>"));
        Assert.Equal("3 4 | 3-4 of 6", await PageAsync("<max>2</max><before>5</before>"));
        Assert.Equal(" | - of 6", await PageAsync("<max>0</max>"));
        Assert.Equal(["5", "6"], (await hamlet.DoAsync("get", Service, $"<items node='{Musings}' max_items='2'/>"))!.Elements.Select(item => item["id"]));
        await hamlet.DoAsync("set", Service, Publish(Musings, "2", Entry));
        Assert.Equal("5 6 2 | 5-2 of 6", await PageAsync("<max>3</max><before/>"));
        var named = (await hamlet.AskAsync("get", Service, $"<query xmlns='{Core.Namespaces.DiscoItems}' node='{Musings}'/>")).Elements.Single();
        Assert.Equal(["4", "5", "6", "2"], named.Elements.Select(item => item["name"]));

        async Task<string> PageAsync(string set)
        {
            var rsm = set.Length == 0 ? "" : $"<set xmlns='http://jabber.org/protocol/rsm'>{set}</set>";
            var answer = (await hamlet.AskAsync("get", Service, $"<pubsub xmlns='{Ns}'><items node='{Musings}'/>{rsm}</pubsub>")).Elements.Single();
            var page = answer.Child("http://jabber.org/protocol/rsm", "set")!;
            string? Text(string name) => page.Child("http://jabber.org/protocol/rsm", name)?.Text;
            return string.Join(' ', answer.Child(Ns, "items")!.Elements.Select(item => item["id"])) + $" | {Text("first")}-{Text("last")} of {Text("count")}";
        }
    }

    [Fact]
    public async Task Items_that_are_too_old_are_gone()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        await hamlet.CreateAsync(Service, Musings, ("item_expire", "60"));
        await hamlet.DoAsync("set", Service, Publish(Musings, "1", Entry));
        server.Time.Advance(TimeSpan.FromSeconds(40));
        await hamlet.DoAsync("set", Service, Publish(Musings, "2", Entry));
        server.Time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(["2"], (await hamlet.DoAsync("get", Service, $"<items node='{Musings}'/>"))!.Elements.Select(item => item["id"]));
        Assert.Empty((await hamlet.DoAsync("get", Service, $"<items node='{Musings}'><item id='1'/></items>"))!.Elements);
        await hamlet.DoAsync("set", Service, Publish(Musings, "3", Entry));
        Assert.Equal(2, await server.Store.PubSub.CountItemsAsync(Core.Jid.Parse(Service), Musings, 10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_node_is_configured_and_described()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        await hamlet.CreateAsync(Service, Musings, ("title", "Princely Musings"), ("access_model", "open"));
        await hamlet.CreateAsync(Service, "secret", ("access_model", "whitelist"));
        var form = Core.Extensions.DataForm.Parse(
            (await hamlet.DoAsync("get", Service, $"<configure node='{Musings}'/>", OwnerNs))!.Elements.Single())!;
        Assert.Equal((Ns + "#node_config", "Princely Musings", "open", "max"),
            (form.FormType, form.Value("pubsub#title"), form.Value("pubsub#access_model"), form.Value("pubsub#max_items")));
        Assert.NotNull(await hamlet.DoAsync("get", Service, "<default/>", OwnerNs));
        Assert.NotNull(await hamlet.DoAsync("get", Service, "<default/>"));
        await hamlet.FailAsync(
            "set", Service, $"<configure node='{Musings}'>{Form("node_config", ("access_model", "nonsense"))}</configure>",
            "not-acceptable unsupported-access-model", "modify", OwnerNs);

        var info = Discovery.Parse(await francisco.InfoAsync(Service, Musings));
        Assert.Equal("Princely Musings", info.Forms.Single().Value("pubsub#title"));
        Assert.Equal("hamlet@localhost", info.Forms.Single().Value("pubsub#owner"));
        Assert.Equal([Musings], await NodesAsync(francisco));
        Assert.Equal([Musings, "secret"], await NodesAsync(hamlet));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, StanzaError.Parse(await francisco.InfoAsync(Service, "secret"))!.Condition);

        static async Task<IEnumerable<string?>> NodesAsync(TestClient client) => (await client.AskAsync(
            "get", Service, $"<query xmlns='{Core.Namespaces.DiscoItems}'/>")).Elements.Single().Elements.Select(item => item["node"]);
    }

    [Fact]
    public async Task An_item_whose_commit_fails_is_refused_and_nobody_is_told()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        await hamlet.CreateAsync(Service, Musings);
        await francisco.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='{francisco.Jid}'/>");
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;
        await hamlet.FailAsync("set", Service, Publish(Musings, "1", Entry), "resource-constraint");
        server.Store.Failure = null;
        Assert.Empty((await francisco.PassAsync()).Events());
        await hamlet.DoAsync("set", Service, Publish(Musings, "2", Entry));
        Assert.Equal([$"{Service} {Musings} 2"], (await francisco.PassAsync()).Events());
    }

    [Fact]
    public async Task There_are_limits_to_subscriptions()
    {
        await using var server = await StartAsync(options => options with { SubscriptionsPerPerson = 2, MembersPerNode = 4 });
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        await hamlet.CreateAsync(Service, Musings);
        await hamlet.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='hamlet@localhost/1'/>");
        await hamlet.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='hamlet@localhost/2'/>");
        await hamlet.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='hamlet@localhost/2'/>");
        await hamlet.FailAsync(
            "set", Service, $"<subscribe node='{Musings}' jid='hamlet@localhost/3'/>", "policy-violation too-many-subscriptions", "wait");
        var francisco = await server.ConnectAsync("francisco", "barracks");
        await francisco.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='francisco@localhost'/>");
        await francisco.FailAsync("set", Service, $"<subscribe node='{Musings}' jid='francisco@localhost/1'/>", "resource-constraint", "wait");
    }

    /// <summary>§8.7.</summary>
    [Fact]
    public async Task Owners_ask_who_waits_to_be_let_subscribe()
    {
        const string Pending = Ns + "#get-pending";
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var horatio = await server.ConnectAsync("horatio", "denmark");
        await hamlet.SendAsync("<presence/>");
        await hamlet.CreateAsync(Service, Musings, ("access_model", "authorize"));
        await hamlet.CreateAsync(Service, "news_from_elsinore");
        await horatio.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='horatio@localhost'/>");
        await hamlet.PassAsync();

        var listed = (await hamlet.AskAsync("set", Service, Command())).Elements.Single();
        Assert.Equal("executing", listed["status"]);
        var form = Core.Extensions.DataForm.Parse(listed.Elements.Single())!;
        Assert.Equal(Ns + "#subscribe_authorization", form.FormType);
        Assert.Equal([Musings], form.Field("pubsub#node")!.Options.Select(option => option.Value));
        var passed = new List<Element>();
        var done = (await hamlet.AskAsync("set", Service, Command(
            $"<x xmlns='jabber:x:data' type='submit'><field var='pubsub#node'><value>{Musings}</value></field></x>"), passed)).Elements.Single();
        Assert.Equal("completed", done["status"]);
        passed.AddRange(await hamlet.PassAsync());
        var asked = Core.Extensions.DataForm.Parse(Assert.Single(passed).Child(Core.Extensions.DataForm.Name))!;
        Assert.Equal("horatio@localhost", asked.Value("pubsub#subscriber_jid"));

        foreach (var (client, node, condition) in ((TestClient, string, StanzaErrorCondition)[])
            [(horatio, "", StanzaErrorCondition.Forbidden), (horatio, Musings, StanzaErrorCondition.Forbidden),
                (hamlet, "other", StanzaErrorCondition.ItemNotFound)])
        {
            var error = StanzaError.Parse(await client.AskAsync("set", Service, Command(node.Length == 0 ? "" :
                $"<x xmlns='jabber:x:data' type='submit'><field var='pubsub#node'><value>{node}</value></field></x>")))!;
            Assert.Equal((condition, StanzaErrorType.Cancel), (error.Condition, error.Type));
        }
        Assert.Contains(Pending, Discovery.Parse(await hamlet.InfoAsync(Service)).Features);

        static string Command(string content = "") =>
            $"<command xmlns='http://jabber.org/protocol/commands' node='{Pending}' action='execute'>{content}</command>";
    }

    /// <summary>Who was let in and isn't any more is subscribed still, and hears nothing.</summary>
    [Fact]
    public async Task Who_has_lost_access_is_told_nothing()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        var horatio = await server.ConnectAsync("horatio", "denmark");
        await horatio.SendAsync("<presence/>");
        await hamlet.CreateAsync(Service, Musings);
        await horatio.DoAsync("set", Service, $"<subscribe node='{Musings}' jid='horatio@localhost'/>");
        await horatio.PassAsync();

        await hamlet.ConfigureAsync(Service, Musings, ("access_model", "whitelist"));
        await hamlet.DoAsync("set", Service, Publish(Musings, "1"));
        Assert.Empty((await horatio.PassAsync()).Events());
        await hamlet.DoAsync("set", Service,
            $"<affiliations node='{Musings}'><affiliation jid='horatio@localhost' affiliation='member'/></affiliations>", OwnerNs);
        await hamlet.DoAsync("set", Service, Publish(Musings, "2"));
        Assert.Equal([$"{Service} {Musings} 2"], (await horatio.PassAsync()).Events());
    }
}
