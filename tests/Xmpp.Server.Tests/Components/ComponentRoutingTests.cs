using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xunit;

namespace Xmpp.Server.Tests.Components;

/// <summary>Stanzas from and to components.</summary>
public sealed class ComponentRoutingTests
{
    private const string Domain = ComponentTesting.Domain;

    [Theory]
    [InlineData("plays.localhost")]
    [InlineData("hamlet@plays.localhost")]
    [InlineData("hamlet@plays.localhost/act1")]
    [InlineData("plays.localhost/act1")]
    public async Task Messages_go_both_ways_whatever_the_address_at_the_domain(string address)
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync($"<message to='{address}' type='chat'><body>Hark!</body></message>");
        await component.ExpectAsync($"<message from='{romeo.Jid}' to='{address}' type='chat'><body>Hark!</body></message>");
        await component.SendAsync($"<message from='{address}' to='romeo@localhost' type='chat'><body>Who's there?</body></message>");
        await romeo.ExpectAsync($"<message from='{address}' to='romeo@localhost' type='chat'><body>Who's there?</body></message>");
    }

    [Fact]
    public async Task Namespaces_are_those_of_the_stream()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        const string forwarded =
            "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>1</body></message></forwarded>";

        await romeo.SendAsync($"<message xmlns='jabber:client' to='{Domain}'><body>1</body>{forwarded}</message>");
        // It would read an element of "jabber:client" as one of another namespace.
        var received = await component.ReadAsync();
        Assert.Equal(["jabber:client", "urn:xmpp:forward:0"], received.Elements.Select(child => child.Name.Namespace));
        await component.SendAsync(
            $"<message xmlns='jabber:component:accept' from='{Domain}' to='{romeo.Jid}'><body>2</body>{forwarded}</message>");
        await romeo.ExpectAsync($"<message from='{Domain}' to='{romeo.Jid}'><body>2</body>{forwarded}</message>");
        await component.SendAsync(
            $"<message from='{Domain}' to='{romeo.Jid}'><body xmlns='jabber:component:accept'>3</body></message>");
        await romeo.ExpectAsync($"<message from='{Domain}' to='{romeo.Jid}'><body>3</body></message>");
    }

    [Fact]
    public async Task Requests_go_both_ways()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync($"<presence to='{Domain}'/>");
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='{Domain}'/>");

        await romeo.SendAsync($"<iq type='get' id='1' to='{Domain}'><query xmlns='urn:x'/></iq>");
        await component.ExpectAsync($"<iq type='get' id='1' from='{romeo.Jid}' to='{Domain}'><query xmlns='urn:x'/></iq>");
        await component.SendAsync($"<iq type='result' id='1' from='{Domain}' to='{romeo.Jid}'/>");
        await romeo.ExpectAsync($"<iq type='result' id='1' from='{Domain}' to='{romeo.Jid}'/>");
        await component.SendAsync($"<iq type='get' id='2' from='{Domain}' to='{romeo.Jid}'><query xmlns='urn:x'/></iq>");
        await romeo.ExpectAsync($"<iq type='get' id='2' from='{Domain}' to='{romeo.Jid}'><query xmlns='urn:x'/></iq>");
        await romeo.SendAsync($"<iq type='result' id='2' to='{Domain}'/>");
        await component.ExpectAsync($"<iq type='result' id='2' from='{romeo.Jid}' to='{Domain}'/>");
    }

    [Fact]
    public async Task The_server_answers_components_itself()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();

        await component.SendAsync($"<iq type='get' id='1' from='{Domain}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await component.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{Domain}'/>");
        await component.SendAsync($"<iq type='get' id='2' from='a@{Domain}' to='localhost'><query xmlns='urn:x'/></iq>");
        Assert.Equal("2", (await component.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["id"]);
        await component.SendAsync($"<iq type='get' id='3' from='{Domain}' to='localhost'/>");
        await component.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
        await component.SendAsync($"<iq type='get' id='4' from='{Domain}' to='nobody@localhost/x'><ping xmlns='urn:xmpp:ping'/></iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        await component.SendAsync($"<message id='5' from='{Domain}' to='@'><body>1</body></message>");
        await component.ExpectErrorAsync(StanzaErrorCondition.JidMalformed);
        await component.SendAsync($"<message id='6' from='{Domain}' to='elsewhere.example'><body>1</body></message>");
        await component.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound);
        await component.SendAsync(
            $"<iq type='set' id='7' from='{Domain}' to='localhost'><command xmlns='http://jabber.org/protocol/commands' node='x'/></iq>");
        Assert.Equal("error", (await component.ReadAsync())["type"]);
    }

    [Fact]
    public async Task Who_may_not_see_a_client_asks_it_nothing()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await component.SendAsync($"<iq type='get' id='1' from='{Domain}' to='{romeo.Jid}'><query xmlns='urn:x'/></iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task What_is_for_a_component_that_is_not_connected_is_returned()
    {
        await using var server = await ComponentTesting.StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        foreach (var stanza in new[]
        {
            $"<message to='{Domain}' type='chat'><body>1</body></message>",
            $"<iq type='get' id='1' to='hamlet@{Domain}'><query xmlns='urn:x'/></iq>",
            $"<presence to='{Domain}'/>",
            $"<presence to='hamlet@{Domain}' type='subscribe'/>",
        })
        {
            await romeo.SendAsync(stanza);
            var error = await romeo.ReadAsync();
            if (error.Child(Namespaces.Client, "error") is null)
                error = await romeo.ReadAsync(); // Behind a roster push.
            Assert.Equal(
                (StanzaErrorCondition.ServiceUnavailable, StanzaErrorType.Wait),
                (StanzaError.Parse(error)!.Condition, StanzaError.Parse(error)!.Type));
        }
        await romeo.SendAsync("<message to='elsewhere.example' type='chat'><body>1</body></message>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound);
    }

    [Fact]
    public async Task Components_are_items_of_the_host_while_they_are_connected()
    {
        await using var server = await ComponentTesting.StartAsync(
            options => options with { Modules = options.Modules with { Disabled = ["rooms", "pubSub"] } });
        var romeo = await server.LoginAsync("romeo");
        Assert.Equal([], await ItemsAsync());
        await server.LoginComponentAsync();
        Assert.Equal([(Domain, "Plays")], await ItemsAsync());

        async Task<IEnumerable<(string?, string?)>> ItemsAsync()
        {
            await romeo.SendAsync($"<iq type='get' id='1' to='localhost'><query xmlns='{Namespaces.DiscoItems}'/></iq>");
            return (await romeo.ReadAsync()).Child(Namespaces.DiscoItems, "query")!.Elements.Select(item => (item["jid"], item["name"]));
        }
    }

    [Fact]
    public async Task Components_reach_each_other()
    {
        await using var server = await ComponentTesting.StartAsync(options => options with
        {
            Components = options.Components with
            {
                List = [.. options.Components.List, new() { Domain = "push.localhost", Secret = "12345678" }],
            },
        });
        var plays = await server.LoginComponentAsync();
        var push = await server.LoginComponentAsync("push.localhost", "12345678");
        await plays.SendAsync($"<message from='{Domain}' to='a@push.localhost'><body>1</body></message>");
        await push.ExpectAsync($"<message from='{Domain}' to='a@push.localhost'><body>1</body></message>");
    }

    [Fact]
    public async Task Messages_for_who_is_offline_wait()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        await component.SendAsync($"<message from='{Domain}' to='romeo@localhost' type='chat'><body>1</body></message>");
        await component.SendAsync($"<iq type='get' id='1' from='{Domain}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await component.ReadAsync();
        Assert.Equal(1, await server.Store.Offline.CountAsync(Jid.Parse("romeo@localhost"), CancellationToken.None));
    }
}
