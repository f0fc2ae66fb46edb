using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0191: who is blocked, who is told, and what doesn't pass.</summary>
public sealed class BlockingCommandTests
{
    private const string Ns = "urn:xmpp:blocking";

    [Fact]
    public async Task The_server_says_that_it_can_block()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Contains(Ns, Discovery.Parse(await juliet.InfoAsync("localhost")).Features);
    }

    [Fact]
    public async Task A_list_is_what_was_blocked_and_not_unblocked()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Empty(await ListAsync(juliet));
        await DoAsync(juliet, "block", "Romeo@MONTAGUE.net/Orchard", "iago@shakespeare.lit", "example.org", "example.org/res");
        Assert.Equal(["example.org", "example.org/res", "iago@shakespeare.lit", "romeo@montague.net/Orchard"], await ListAsync(juliet));
        await DoAsync(juliet, "block", "iago@shakespeare.lit", "tybalt@localhost");
        await DoAsync(juliet, "unblock", "example.org", "nobody@localhost");
        Assert.Equal(
            ["example.org/res", "iago@shakespeare.lit", "romeo@montague.net/Orchard", "tybalt@localhost"], await ListAsync(juliet));
        await DoAsync(juliet, "unblock");
        Assert.Empty(await ListAsync(juliet));
    }

    [Theory]
    [InlineData("block", "", StanzaErrorCondition.BadRequest)]
    [InlineData("block", "<item/>", StanzaErrorCondition.BadRequest)]
    [InlineData("block", "<item jid='@localhost'/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("block", "<item jid='romeo@localhost'/><item jid='@localhost'/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("block", "<item xmlns='urn:example:other' jid='romeo@localhost'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("unblock", "<item/>", StanzaErrorCondition.BadRequest)]
    [InlineData("unblock", "<item jid=''/>", StanzaErrorCondition.JidMalformed)]
    public async Task A_command_that_makes_no_sense_changes_nothing(string command, string items, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await DoAsync(juliet, "block", "iago@localhost");

        await juliet.SendAsync($"<iq type='set' id='1'><{command} xmlns='{Ns}'>{items}</{command}></iq>");

        await juliet.ExpectErrorAsync(condition);
        Assert.Equal(["iago@localhost"], await ListAsync(juliet));
    }

    [Fact]
    public async Task A_list_has_an_end()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { BlockingCommand = new() { Entries = 2 } },
        });
        var juliet = await server.ConnectAsync("juliet");
        await DoAsync(juliet, "block", "a@localhost", "b@localhost");

        await juliet.SendAsync($"<iq type='set' id='1'><block xmlns='{Ns}'><item jid='c@localhost'/></block></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        await DoAsync(juliet, "block", "a@localhost");
        await DoAsync(juliet, "unblock", "a@localhost");
        await DoAsync(juliet, "block", "c@localhost");
        Assert.Equal(["b@localhost", "c@localhost"], await ListAsync(juliet));
    }

    [Fact]
    public async Task Nobody_manages_the_list_of_another()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));

        foreach (var (type, payload) in new[] { ("get", "<blocklist"), ("set", "<block"), ("set", "<unblock") })
        {
            await romeo.SendAsync($"<iq type='{type}' id='1' to='juliet@localhost'>{payload} xmlns='{Ns}'/></iq>");
            await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        }
    }

    [Fact]
    public async Task Resources_that_have_asked_for_the_list_are_told_what_changes()
    {
        await using var server = await TestServer.StartAsync();
        var chamber = await server.ConnectAsync("juliet", "chamber");
        var balcony = await server.ConnectAsync("juliet", "balcony");
        var garden = await server.ConnectAsync("juliet", "garden");
        await ListAsync(chamber);
        await ListAsync(balcony);

        const string block = "<block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/><item jid='iago@localhost'/></block>";
        await chamber.SendAsync($"<iq type='set' id='1'>{block.Replace("romeo", "ROMEO")}</iq>");
        await ExpectPushAsync(chamber, block);
        await chamber.ExpectAsync("<iq type='result' id='1' to='juliet@localhost/chamber'/>");
        await ExpectPushAsync(balcony, block);

        await garden.SendAsync($"<iq type='set' id='2'><unblock xmlns='{Ns}'><item jid='romeo@localhost'/></unblock></iq>");
        await garden.ExpectAsync("<iq type='result' id='2' to='juliet@localhost/garden'/>");
        await ExpectPushAsync(chamber, "<unblock xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></unblock>");
        await ExpectPushAsync(balcony, "<unblock xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></unblock>");

        await garden.SendAsync($"<iq type='set' id='3'><unblock xmlns='{Ns}'/></iq>");
        await garden.ExpectAsync("<iq type='result' id='3' to='juliet@localhost/garden'/>");
        await ExpectPushAsync(chamber, "<unblock xmlns='urn:xmpp:blocking'/>");
        await ExpectPushAsync(balcony, "<unblock xmlns='urn:xmpp:blocking'/>");
    }

    [Theory]
    // §5: the item, and whether it keeps out romeo@localhost/orchard.
    [InlineData("romeo@localhost/orchard", true)]
    [InlineData("romeo@localhost/tomb", false)]
    [InlineData("romeo@localhost", true)]
    [InlineData("benvolio@localhost", false)]
    [InlineData("localhost/orchard", false)]
    [InlineData("localhost", true)]
    [InlineData("example.org", false)]
    public async Task An_item_blocks_whom_it_matches(string item, bool isBlocked)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await DoAsync(juliet, "block", item);

        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'/>");

        if (isBlocked)
            await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        else
            Assert.Equal("1", (await juliet.ReadAsync())["id"]);
    }

    [Theory]
    [InlineData("domain.example/resource", "domain.example/resource", true)]
    [InlineData("domain.example/resource", "domain.example", false)]
    [InlineData("domain.example/resource", "user@domain.example/resource", false)]
    [InlineData("domain.example", "domain.example/resource", true)]
    [InlineData("domain.example", "user@domain.example", true)]
    [InlineData("domain.example", "sub.domain.example", false)]
    [InlineData("user@domain.example", "user@domain.example/resource", true)]
    [InlineData("user@domain.example/resource", "user@domain.example", false)]
    public void Addresses_match_from_the_most_exact_to_the_least(string item, string peer, bool isBlocked) =>
        Assert.Equal(isBlocked, new BlockList([Jid.Parse(item)]).Blocks(Jid.Parse(peer)));

    [Theory]
    [InlineData("<message to='{0}' id='1' type='chat'><body>Hark!</body></message>", true)]
    [InlineData("<message to='juliet@localhost' id='1' type='chat'><body>Hark!</body></message>", true)]
    [InlineData("<message to='{0}' id='1' type='groupchat'><body>Hark!</body></message>", true)]
    [InlineData("<message to='{0}' id='1' type='headline'/>", true)]
    [InlineData("<message to='{0}' id='1' type='error'/>", false)]
    [InlineData("<iq to='{0}' id='1' type='get'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<iq to='{0}' id='1' type='set'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<iq to='juliet@localhost' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>", true)]
    [InlineData("<iq to='{0}' id='1' type='result'/>", false)]
    [InlineData("<iq to='{0}' id='1' type='error'/>", false)]
    public async Task For_whom_is_blocked_the_account_is_offline(string stanza, bool isTold)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");
        await DoAsync(juliet, "block", "romeo@localhost");

        await romeo.SendAsync(string.Format(null, stanza, juliet.Jid));

        if (isTold)
        {
            var stanzaBack = await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
            var error = StanzaError.Parse(stanzaBack)!;
            Assert.Equal(("1", StanzaErrorType.Cancel, null), (stanzaBack["id"], error.Type, error.Application));
        }
        await romeo.ExpectNothingFromAsync(romeo);
        await juliet.ExpectNothingFromAsync(juliet);
        await juliet.DisposeAsync();
        Assert.Equal(0, await server.Store.Offline.CountAsync(juliet.Jid.Bare, CancellationToken.None));
    }

    [Theory]
    [InlineData("<message to='{0}' id='1'><body>Can you hear me now?</body></message>", true)]
    [InlineData("<message to='romeo@localhost' id='1'/>", true)]
    [InlineData("<message to='{0}' id='1' type='error'/>", false)]
    [InlineData("<iq to='{0}' id='1' type='get'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<iq to='{0}' id='1' type='set'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<iq to='{0}' id='1' type='result'/>", false)]
    public async Task Nothing_goes_out_to_whom_is_blocked(string stanza, bool isTold)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet");
        await DoAsync(juliet, "block", "romeo@localhost");

        await juliet.SendAsync(string.Format(null, stanza, romeo.Jid));

        if (isTold)
        {
            var error = StanzaError.Parse(await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable))!;
            Assert.Equal(StanzaErrorType.Cancel, error.Type);
            Assert.Equal(new XmlName("urn:xmpp:blocking:errors", "blocked"), error.Application!.Name);
        }
        await juliet.ExpectNothingFromAsync(juliet);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Once_unblocked_stanzas_pass_again()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await DoAsync(juliet, "block", "romeo@localhost");
        await DoAsync(juliet, "unblock", "romeo@localhost");

        await juliet.ExpectNothingFromAsync(romeo);
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task A_block_holds_across_sessions()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await DoAsync(juliet, "block", "romeo@localhost");
        await juliet.DisposeAsync();

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        Assert.Equal([Jid.Parse("romeo@localhost")], await server.Store.BlockLists.LoadAsync(juliet.Jid.Bare, CancellationToken.None));
    }

    [Fact]
    public async Task Between_the_resources_of_an_account_nothing_is_blocked()
    {
        await using var server = await TestServer.StartAsync();
        var chamber = await server.ConnectAsync("juliet", "chamber");
        var balcony = await server.ConnectAsync("juliet", "balcony");
        await DoAsync(chamber, "block", "juliet@localhost", "juliet@localhost/balcony", "localhost");

        await balcony.ExpectNothingFromAsync(chamber);
        await chamber.ExpectNothingFromAsync(balcony);
        Assert.Equal(3, (await ListAsync(balcony)).Count);
    }

    [Theory]
    [InlineData("romeo@localhost")]
    [InlineData("localhost")]
    public async Task Who_knew_the_presence_sees_it_go_and_come_with_the_block(string item)
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        var romeo = await server.LoginAsync("romeo");
        var benvolio = await server.LoginAsync("benvolio");
        await DrainAsync(romeo);
        await DrainAsync(juliet);

        await DoAsync(juliet, "block", item);
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='romeo@localhost'/>");
        // What happens meanwhile is nobody's business, and nobody answers.
        await juliet.SendAsync("<presence><show>away</show></presence>");
        await juliet.ReadAsync();
        await romeo.SendAsync("<presence to='juliet@localhost' type='probe'/><presence to='juliet@localhost'/>");
        await romeo.ExpectNothingFromAsync(romeo);
        await juliet.ExpectNothingFromAsync(juliet);

        await DoAsync(juliet, "unblock", item);
        var presence = await romeo.ReadAsync();
        Assert.Equal((juliet.Jid.ToString(), null), (presence["from"], presence["type"]));
        Assert.Equal("away", presence.Child(Namespaces.Client, "show")!.Text);
        await benvolio.ExpectNothingFromAsync(benvolio);
    }

    [Fact]
    public async Task Presence_to_somebody_blocked_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");
        var romeo = await server.LoginAsync("romeo");
        await DoAsync(juliet, "block", "romeo@localhost");

        foreach (var type in new[] { "", "type='subscribe'", "type='unavailable'" })
        {
            await juliet.SendAsync($"<presence to='romeo@localhost' id='1' {type}/>");
            var error = StanzaError.Parse(await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable))!;
            Assert.Equal("blocked", error.Application!.Name.Local);
        }
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task What_waited_from_somebody_blocked_since_does_not_come()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var benvolio = await server.ConnectAsync("benvolio");
        var juliet = await server.ConnectAsync("juliet");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        await benvolio.SendAsync("<message to='juliet@localhost' type='chat' id='2'><body>Hark!</body></message>");
        await benvolio.ExpectNothingFromAsync(benvolio);

        await DoAsync(juliet, "block", "romeo@localhost");
        await juliet.SendAsync("<presence/>");

        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
    }

    private static async Task<IReadOnlyList<string>> ListAsync(TestClient client)
    {
        await client.SendAsync($"<iq type='get' id='list'><blocklist xmlns='{Ns}'/></iq>");
        var result = await client.ReadAsync();
        Assert.Equal(("result", "list"), (result["type"], result["id"]));
        return [.. result.Child(Ns, "blocklist")!.Elements.Select(item => item["jid"]!).Order(StringComparer.Ordinal)];
    }

    /// <summary>Blocks or unblocks by a client that hasn't asked for the list, or doesn't care what it is told.</summary>
    private static async Task DoAsync(TestClient client, string command, params IEnumerable<string> jids)
    {
        var items = jids.Select(jid => new Element(Ns, "item", Element.Attr("jid", jid)));
        await client.SendAsync($"<iq type='set' id='do'>{new Element(Ns, command, items)}</iq>");
        var result = await client.ReadAsync();
        if (result["id"] != "do")
            result = await client.ReadAsync();
        Assert.Equal(("result", "do"), (result["type"], result["id"]));
    }

    /// <summary>Reads what has come.</summary>
    private static async Task DrainAsync(TestClient client)
    {
        await client.SendAsync($"<message to='{client.Jid}' id='drained'/>");
        while ((await client.ReadAsync())["id"] != "drained")
        {
            // Presences of when the others came.
        }
    }

    private static async Task ExpectPushAsync(TestClient client, string payload)
    {
        var push = await client.ReadAsync();
        Assert.Equal(("set", "juliet@localhost", client.Jid.ToString()), (push["type"], push["from"], push["to"]));
        Assert.Equal(Element.Parse(payload), push.Elements.Single());
        Assert.NotEmpty(push["id"]!);
    }
}
