using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0030.</summary>
public sealed class ServiceDiscoveryTests
{
    [Fact]
    public async Task The_server_says_what_its_modules_registered()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var info = Discovery.Parse(await juliet.InfoAsync("localhost"));

        Assert.Equal([new DiscoIdentity("server", "im", "XmppChat")], info.Identities);
        Assert.Equal(
        [
            "http://jabber.org/protocol/caps",
            "http://jabber.org/protocol/commands",
            "http://jabber.org/protocol/disco#info",
            "http://jabber.org/protocol/disco#items",
            "jabber:iq:last",
            "jabber:iq:private",
            "jabber:iq:register",
            "jabber:iq:version",
            "msgoffline",
            "urn:xmpp:blocking",
            "urn:xmpp:carbons:2",
            "urn:xmpp:carbons:rules:0",
            "urn:xmpp:delegation:2",
            "urn:xmpp:message-retract:1",
            "urn:xmpp:message-retract:1#tombstone",
            "urn:xmpp:ping",
            "urn:xmpp:reporting:1",
            "urn:xmpp:time",
            "vcard-temp",
        ], info.Features.Order(StringComparer.Ordinal));
        Assert.Empty(info.Forms);
    }

    [Fact]
    public async Task An_account_says_what_it_is_to_its_owner()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var info = Discovery.Parse(await juliet.InfoAsync("juliet@localhost"));

        Assert.Equal([new DiscoIdentity("account", "registered"), new DiscoIdentity("pubsub", "pep")], info.Identities);
        Assert.Equal(
        [
            "http://jabber.org/protocol/commands",
            "http://jabber.org/protocol/disco#info",
            "http://jabber.org/protocol/disco#items",
            "jabber:iq:last",
            "jabber:iq:private",
            "urn:xmpp:bob",
            "urn:xmpp:bookmarks-conversion:0",
            "urn:xmpp:bookmarks:1#compat",
            "urn:xmpp:bookmarks:1#compat-pep",
            "urn:xmpp:cam:0",
            "urn:xmpp:carbons:2",
            "urn:xmpp:carbons:rules:0",
            "urn:xmpp:fulltext:0",
            "urn:xmpp:inbox:1",
            "urn:xmpp:mam:2",
            "urn:xmpp:mam:2#extended",
            "urn:xmpp:mam:2#groupchat-field",
            "urn:xmpp:message-retract:1",
            "urn:xmpp:message-retract:1#tombstone",
            "urn:xmpp:pep-vcard-conversion:0",
            "urn:xmpp:ping",
            "urn:xmpp:push:0",
            "urn:xmpp:sid:0",
            "vcard-temp",
        ],
            info.Features.Order(StringComparer.Ordinal).Where(feature => !feature.StartsWith("http://jabber.org/protocol/pubsub", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Others_do_not_even_learn_whether_it_exists()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.ConnectAsync("juliet");

        var existing = await romeo.InfoAsync("juliet@localhost");
        var missing = await romeo.InfoAsync("nobody@localhost");

        Assert.Equal(StanzaErrorCondition.ServiceUnavailable, StanzaError.Parse(existing)?.Condition);
        Assert.Equal(existing, missing.With("from", "juliet@localhost"));
    }

    /// <summary>§8: an empty list is all that others get, of accounts and of none.</summary>
    [Theory]
    [InlineData("juliet@localhost", "")]
    [InlineData("nobody@localhost", "")]
    [InlineData("juliet@localhost", " node='x'")]
    [InlineData("nobody@localhost", " node='x'")]
    public async Task Others_see_no_items(string to, string node)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.LoginAsync("juliet");

        await romeo.SendAsync($"<iq type='get' id='1' to='{to}'><query xmlns='http://jabber.org/protocol/disco#items'{node}/></iq>");

        await romeo.ExpectAsync($"<iq type='result' id='1' from='{to}' to='{romeo.Jid}'>"
            + $"<query xmlns='http://jabber.org/protocol/disco#items'{node}/></iq>");
    }

    [Theory]
    [InlineData(SubscriptionState.From, true)]
    [InlineData(SubscriptionState.Both, true)]
    [InlineData(SubscriptionState.To, false)]
    public async Task Who_gets_an_account_s_presence_may_know_of_it(SubscriptionState subscription, bool isTold)
    {
        await using var server = await TestServer.StartAsync(null, module => module.Feature(IqTarget.OtherAccount, "urn:test:contact"));
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        await server.Store.Rosters.ApplyAsync(
            Jid.Parse("juliet@localhost"),
            new(1) { Saved = [new(Jid.Parse("romeo@localhost")) { IsListed = true, Subscription = subscription, Version = 1 }] },
            CancellationToken.None);
        var juliet = await server.LoginAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo");

        var info = await romeo.InfoAsync("juliet@localhost");
        await romeo.SendAsync("<iq type='get' id='1' to='juliet@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
        var items = await romeo.ReadAsync();

        if (!isTold)
        {
            Assert.Equal(StanzaErrorCondition.ServiceUnavailable, StanzaError.Parse(info)?.Condition);
            Assert.Empty(items.Elements.Single().Elements);
            return;
        }
        Assert.Equal(new DiscoIdentity("account", "registered"), Discovery.Parse(info).Identities[0]);
        Assert.Contains("urn:test:contact", Discovery.Parse(info).Features);
        Assert.DoesNotContain("http://jabber.org/protocol/commands", Discovery.Parse(info).Features);
        Assert.Equal([juliet.Jid.ToString()], items.Elements.Single().Elements.Select(item => item["jid"]));
        Assert.Equal(
            StanzaErrorCondition.ItemNotFound, StanzaError.Parse(await romeo.InfoAsync("juliet@localhost", "x"))?.Condition);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("juliet@localhost")]
    public async Task Neither_has_items(string to)
    {
        await using var server = await TestServer.StartAsync(WithoutServices);
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='1' to='{to}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");

        await juliet.ExpectAsync(
            $"<iq type='result' id='1' from='{to}' to='{juliet.Jid}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
    }

    [Theory]
    [InlineData("localhost", "info")]
    [InlineData("localhost", "items")]
    [InlineData("juliet@localhost", "info")]
    [InlineData("juliet@localhost", "items")]
    public async Task A_node_that_is_not_there_is_not_found(string to, string what)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='1' to='{to}'><query xmlns='http://jabber.org/protocol/disco#{what}' node='x'/></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task An_account_s_available_resources_are_its_items_to_its_owner()
    {
        await using var server = await TestServer.StartAsync();
        var balcony = await server.LoginAsync("juliet", "balcony");
        await server.ConnectAsync("juliet", "chamber");

        await balcony.SendAsync("<iq type='get' id='1' to='juliet@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");

        await balcony.ExpectAsync($"<iq type='result' id='1' from='juliet@localhost' to='{balcony.Jid}'>"
            + "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='juliet@localhost/balcony'/></query></iq>");
    }

    [Fact]
    public async Task A_module_s_items_and_nodes_are_shown_where_it_said()
    {
        await using var server = await TestServer.StartAsync(WithoutServices, module =>
        {
            module.Items(IqTarget.Server, (query, _) =>
                new([new(Jid.Parse("chat.localhost"), Name: $"Rooms for {query.Asker.Local}"), new(query.Entity, "books")]));
            module.Node(IqTarget.Server, (query, node, _) => new(node switch
            {
                "books" => new DiscoNode(
                    new([new("hierarchy", "branch")], ["urn:test:books"], []), [new(query.Entity, "books/1", "The first")]),
                "secrets" => DiscoNode.Refused(StanzaError.Of(StanzaErrorCondition.Forbidden)),
                _ => null,
            }));
        });
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'>"
            + "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='chat.localhost' name='Rooms for juliet'/>"
            + "<item jid='localhost' node='books'/></query></iq>");
        await juliet.SendAsync(
            "<iq type='get' id='2' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='books'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='2' from='localhost' to='{juliet.Jid}'>"
            + "<query xmlns='http://jabber.org/protocol/disco#items' node='books'>"
            + "<item jid='localhost' node='books/1' name='The first'/></query></iq>");
        var info = await juliet.InfoAsync("localhost", "books");
        Assert.Equal("books", info.Elements.Single()["node"]);
        Assert.Equal(["urn:test:books"], Discovery.Parse(info).Features);
        Assert.Equal(StanzaErrorCondition.Forbidden, StanzaError.Parse(await juliet.InfoAsync("localhost", "secrets"))?.Condition);
        // Not the account's.
        Assert.Equal(StanzaErrorCondition.ItemNotFound, StanzaError.Parse(await juliet.InfoAsync("juliet@localhost", "books"))?.Condition);
    }

    [Fact]
    public async Task A_module_s_features_and_identities_are_shown_where_it_said()
    {
        await using var server = await TestServer.StartAsync(null, module =>
        {
            module.Feature(IqTarget.Server, "urn:test:server");
            module.Feature(IqTarget.OwnAccount, "urn:test:account");
            module.Feature(IqTarget.Server | IqTarget.OwnAccount, "urn:test:both");
            module.Feature(IqTarget.Server, "urn:xmpp:ping");
            module.Identity(IqTarget.OwnAccount, new DiscoIdentity("pubsub", "pep", "Pubblicazioni", "it"));
        });
        var juliet = await server.ConnectAsync("juliet");

        var (host, account) = (await juliet.InfoAsync("localhost"), await juliet.InfoAsync("juliet@localhost"));

        Assert.Equal(["urn:test:both", "urn:test:server"], TestFeatures(host));
        Assert.Equal(["urn:test:account", "urn:test:both"], TestFeatures(account));
        // Registered twice, shown once.
        Assert.Single(Discovery.Parse(host).Features, "urn:xmpp:ping");
        Assert.Contains(
            "<identity category='pubsub' type='pep' name='Pubblicazioni' xml:lang='it'/>", account.ToString(), StringComparison.Ordinal);

        static IEnumerable<string> TestFeatures(Xmpp.Core.Xml.Element result) => Discovery.Parse(result).Features
            .Where(feature => feature.StartsWith("urn:test:", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    /// <summary>They would be items.</summary>
    private static ServerOptions WithoutServices(ServerOptions options) =>
        options with { Modules = options.Modules with { Disabled = ["rooms", "pubSub"] } };
}
