using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>Messages from end to end (RFC 6121 §8).</summary>
public sealed class MessageTests
{
    [Fact]
    [Rfc6121("8.5.2.1.1-11")]
    public async Task A_message_to_the_bare_jid_reaches_every_resource_with_non_negative_priority()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        var phone = await server.LoginAsync("juliet", "phone", priority: -1);
        var chamber = await server.LoginAsync("juliet", "chamber", priority: 0);
        var balcony = await server.LoginAsync("juliet", "balcony", priority: 10);
        await phone.ReadAsync();
        await phone.ReadAsync();
        await chamber.ReadAsync();
        var silent = await server.ConnectAsync("juliet", "silent");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");

        var hark = $"<message from='{romeo.Jid}' to='juliet@localhost' type='chat'><body>Hark!</body></message>";
        await balcony.ExpectAsync(hark);
        await chamber.ExpectAsync(hark);
        await phone.ExpectNothingFromAsync(romeo);
        await silent.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("normal")]
    [InlineData("chat")]
    [InlineData("groupchat")]
    [InlineData("headline")]
    [InlineData("error")]
    [InlineData("unheard-of")]
    public async Task A_message_to_a_connected_resource_reaches_it_and_no_other(string type)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var balcony = await server.ConnectAsync("juliet", "balcony");
        var chamber = await server.LoginAsync("juliet", "chamber");

        await romeo.SendAsync($"<message to='{balcony.Jid}' type='{type}' id='1'/>");

        await balcony.ExpectAsync($"<message from='{romeo.Jid}' to='{balcony.Jid}' type='{type}' id='1'/>");
        await chamber.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("localhost", "normal", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("localhost", "chat", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("localhost", "error", null)]
    [InlineData("localhost/resource", "chat", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("juliet@example.org", "chat", StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData("juliet@example.org", "error", null)]
    [InlineData("juliet@@localhost", "chat", StanzaErrorCondition.JidMalformed)]
    [InlineData("@localhost", "normal", StanzaErrorCondition.JidMalformed)]
    [InlineData("", "normal", StanzaErrorCondition.JidMalformed)]
    [InlineData("juliet@@localhost", "error", null)]
    public async Task Who_can_not_be_reached_is_refused_or_passed_over(string to, string type, StanzaErrorCondition? condition)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");

        await romeo.SendAsync($"<message to='{to}' type='{type}' id='1'><body>Hark!</body></message>");

        if (condition is { } expected)
        {
            var error = await romeo.ExpectErrorAsync(expected);
            Assert.Equal(("1", to, romeo.Jid.ToString()), (error["id"], error["from"], error["to"]));
        }
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task A_chat_with_a_resource_that_left_goes_on_with_those_that_stay()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var chamber = await server.LoginAsync("juliet", "chamber");

        await romeo.SendAsync("<message to='juliet@localhost/balcony' type='chat' id='1'/>");

        await chamber.ExpectAsync($"<message from='{romeo.Jid}' to='juliet@localhost/balcony' type='chat' id='1'/>");
    }

    [Fact]
    public async Task A_message_without_addressee_is_for_one_s_own_account()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet", "balcony");

        await juliet.SendAsync("<message type='chat' id='1'/>");

        await juliet.ExpectAsync($"<message from='{juliet.Jid}' type='chat' id='1'/>");
    }

    [Theory]
    [InlineData("balcony", "juliet@LOCALHOST/balcony")]
    [InlineData("balcony", "JULIET@localhost./balcony")]
    [InlineData("balcony", "jul&#105;et@localhost/b&#x61;lcony")]
    [InlineData("<&'\">", "juliet@localhost/&lt;&amp;&apos;&quot;&gt;")]
    [InlineData("e\u0301te\u0301", "juliet@localhost/e\u0301te\u0301")]
    public async Task An_address_may_be_written_in_more_than_one_way(string resource, string to)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet", resource);

        await romeo.SendAsync($"<message to='{to}' id='1'/>");

        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task What_two_resources_say_to_each_other_stays_in_order()
    {
        const int count = 2_000;
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");
        var benvolio = await server.ConnectAsync("benvolio");

        // Two senders, full and bare JID by turns, several stanzas in one write and one stanza in several writes.
        var sending = Task.WhenAll(SendAllAsync(romeo, "r"), SendAllAsync(benvolio, "b"));
        var (fromRomeo, fromBenvolio) = (0, 0);
        while (fromRomeo + fromBenvolio < 2 * count)
        {
            var id = (await juliet.ReadAsync())["id"]!;
            Assert.Equal(id[0] == 'r' ? $"r{fromRomeo++}" : $"b{fromBenvolio++}", id);
        }
        await sending;

        async Task SendAllAsync(TestClient sender, string name)
        {
            for (var i = 0; i < count; i += 10)
            {
                var stanzas = string.Concat(Enumerable.Range(i, 10).Select(number =>
                    $"<message to='{(number % 2 == 0 ? juliet.Jid : juliet.Jid.Bare)}' type='chat' id='{name}{number}'/>"));
                await sender.SendAsync(stanzas[..100]);
                await sender.SendAsync(stanzas[100..]);
                await sender.SendAsync("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
                await sender.ReadAsync();
            }
        }
    }
}
