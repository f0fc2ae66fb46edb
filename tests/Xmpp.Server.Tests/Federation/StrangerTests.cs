using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Strangers;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What people of other servers may send to accounts that don't know them.</summary>
public sealed class StrangerTests : IDisposable
{
    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData(2, 100)]
    [InlineData(100, 2)]
    public async Task They_write_no_more_than_they_may(int messagesPerHour, int messagesPerDomain)
    {
        await using var capulet = await StartAsync(new() { MessagesPerHour = messagesPerHour, MessagesPerDomain = messagesPerDomain });
        await using var montague = await _network.StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        for (var i = 1; i <= 3; i++)
            await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat' id='{i}'><body>{i}</body></message>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        Assert.Equal("3", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);

        // It is a conversation now.
        await juliet.SendAsync($"<message to='{romeo.Jid}' type='chat' id='4'><body>4</body></message>");
        Assert.Equal("4", (await romeo.ReadAsync())["id"]);
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat' id='5'><body>5</body></message>");
        Assert.Equal("5", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Where_they_are_refused_they_may_ask_for_a_subscription_within_limits()
    {
        await using var capulet = await StartAsync(new() { Access = StrangerAccess.Refuse, RequestsPerDomain = 1 });
        await using var montague = await _network.StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        // Only then it hears of its subscriptions (RFC 6121 §2.2).
        await romeo.SendAsync("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
        await UntilAsync(romeo, stanza => stanza["id"] == "r");
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'><body>1</body></message>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);
        // It is the same where there is nobody.
        await romeo.SendAsync("<message to='nobody@capulet.example' id='1'><body>1</body></message>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);
        await romeo.SendAsync("<presence to='juliet@capulet.example' type='subscribe' id='2'/>");
        Assert.Equal("subscribe", (await juliet.ReadAsync())["type"]);
        await juliet.SendAsync("<presence to='romeo@montague.example' type='subscribed'/>");
        await UntilAsync(romeo, stanza => stanza["type"] == "subscribed");
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='3'><body>3</body></message>");
        while ((await juliet.ReadAsync())["id"] != "3")
        {
            // What belongs to the subscription.
        }

        var mercutio = await montague.LoginAsync("mercutio@montague.example", "x");
        await mercutio.SendAsync("<presence to='juliet@capulet.example' type='subscribe' id='4'/>");
        while (StanzaError.Parse(await mercutio.ReadAsync())?.Condition != StanzaErrorCondition.ResourceConstraint)
        {
            // Roster pushes.
        }
    }

    [Fact]
    public async Task Rooms_that_were_entered_are_no_strangers()
    {
        await using var capulet = await StartAsync(new() { Access = StrangerAccess.Refuse });
        await using var montague = await _network.StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        const string room = "ball@conference.montague.example";
        await romeo.SendAsync($"<presence to='{room}/romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await romeo.SendAsync($"<iq type='set' id='c' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'>"
            + "<x xmlns='jabber:x:data' type='submit'/></query></iq>");
        await UntilAsync(romeo, stanza => stanza["id"] == "c");
        await juliet.SendAsync($"<presence to='{room}/juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await UntilAsync(juliet, stanza => stanza.Child(Namespaces.Client, "subject") is not null);
        await romeo.SendAsync($"<message to='{room}' type='groupchat'><body>Hello</body></message>");
        await UntilAsync(juliet, stanza => stanza.Child(Namespaces.Client, "body")?.Text == "Hello");
    }

    private Task<TestServer> StartAsync(StrangerOptions strangers) => _network.StartAsync(
        "capulet.example", options => options with { Modules = options.Modules with { Strangers = strangers } });

    private static async Task UntilAsync(TestClient client, Func<Core.Xml.Element, bool> isIt)
    {
        while (!isIt(await client.ReadAsync()))
        {
            // Something else.
        }
    }
}
