using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>XEP-0163 §4 with contacts at other servers, whose capabilities are asked for; a component plays one.</summary>
public sealed class RemoteContactsTests
{
    private const string Juliet = "juliet@localhost";
    private const string Romeo = "romeo@montague.localhost";

    private static readonly string _ver = CapabilitiesHash.Compute(new([new("client", "pc", "test")], [$"{Tune}+notify"], []), "sha-1");

    [Fact]
    public async Task Clients_elsewhere_get_what_they_want()
    {
        var (server, component) = await BeginAsync(SubscriptionState.Both);
        await using var _ = server;
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.SendAsync("<presence/>");
        await juliet.DoAsync("set", null, Publish(Tune, "1", $"<tune xmlns='{Tune}'/>"));
        await juliet.DoAsync("set", null, Publish("urn:other", "1", "<a xmlns='b'/>"));

        // It is asked for once, in the account's name, and gets the last item.
        await component.SendAsync(Presence("orchard"));
        var question = await ReadAsync(component, "iq");
        Assert.Equal((Juliet, $"{Romeo}/orchard"), (question["from"], question["to"]));
        await component.SendAsync(Presence("pda"));
        await AnswerAsync(component, question);
        var told = new[] { await ReadAsync(component, "message"), await ReadAsync(component, "message") };
        Assert.Equal([$"{Romeo}/orchard", $"{Romeo}/pda"], told.Select(message => message["to"]!).Order());
        Assert.Equal([$"{Juliet} {Tune} 1", $"{Juliet} {Tune} 1"], told.Events());

        // What is new comes at once, to those who are there.
        await component.SendAsync($"<presence from='{Romeo}/pda' to='{Juliet}' type='unavailable'/>");
        await component.SendAsync(Presence("orchard"));
        await MarkAsync(component);
        await juliet.DoAsync("set", null, Publish(Tune, "2", $"<tune xmlns='{Tune}'/>"));
        await juliet.DoAsync("set", null, Publish("urn:other", "2", "<a xmlns='b'/>"));
        var message = await ReadAsync(component, "message");
        Assert.Equal(($"{Romeo}/orchard", $"{Juliet} {Tune} 2"), (message["to"], new[] { message }.Events().Single()));
        await MarkAsync(component);
    }

    [Theory]
    [InlineData(SubscriptionState.To)]
    [InlineData(SubscriptionState.None)]
    public async Task Who_does_not_see_the_account_is_neither_asked_nor_told(SubscriptionState subscription)
    {
        var (server, component) = await BeginAsync(subscription);
        await using var _ = server;
        var juliet = await server.ConnectAsync("juliet", "balcony");

        await component.SendAsync(Presence("orchard"));
        await MarkAsync(component);
        await juliet.DoAsync("set", null, Publish(Tune, "1", $"<tune xmlns='{Tune}'/>"));
        await MarkAsync(component);
    }

    [Fact]
    public async Task Who_lies_about_its_capabilities_is_told_nothing()
    {
        var (server, component) = await BeginAsync(SubscriptionState.Both);
        await using var _ = server;
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.DoAsync("set", null, Publish(Tune, "1", $"<tune xmlns='{Tune}'/>"));
        await component.SendAsync(Presence("orchard"));
        var question = await ReadAsync(component, "iq");
        await AnswerAsync(component, question, "urn:lie+notify");
        await server.Server.Context.Tasks.EndAsync();
        await juliet.DoAsync("set", null, Publish(Tune, "2", $"<tune xmlns='{Tune}'/>"));
        await MarkAsync(component);
    }

    private static async Task<(TestServer, TestClient)> BeginAsync(SubscriptionState subscription)
    {
        var server = await TestServer.StartAsync(options => options with
        {
            Components = options.Components with { Port = 0, List = [new() { Domain = "montague.localhost", Secret = "secret" }] },
        });
        await server.StoreAsync("juliet", new Core.Storage.RosterEntry(Jid.Parse(Romeo)) { IsListed = true, Subscription = subscription });
        var component = server.ConnectComponent();
        await component.OpenComponentAsync("to='montague.localhost'");
        await component.ProveAsync("secret");
        await component.ExpectAsync("<handshake/>");
        return (server, component);
    }

    private static string Presence(string resource) => $"<presence from='{Romeo}/{resource}' to='{Juliet}'>" +
        $"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='{_ver}'/></presence>";

    private static async Task<Element> ReadAsync(TestClient component, string name)
    {
        while (await component.ReadAsync() is var element)
        {
            if (element.Name.Local == name)
                return element;
            Assert.Equal("presence", element.Name.Local);
        }
        throw new InvalidOperationException();
    }

    private static ValueTask AnswerAsync(TestClient component, Element question, string feature = $"{Tune}+notify") => component.SendAsync(
        $"<iq type='result' id='{question["id"]}' from='{question["to"]}' to='{question["from"]}'>" +
        $"<query xmlns='{Namespaces.DiscoInfo}' node='urn:test#{_ver}'><identity category='client' type='pc' name='test'/>" +
        $"<feature var='{feature}'/></query></iq>");

    /// <summary>Expects that nothing has come but presence.</summary>
    private static async Task MarkAsync(TestClient component)
    {
        await component.SendAsync("<iq type='get' id='marker' from='montague.localhost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal("marker", (await ReadAsync(component, "iq"))["id"]);
    }
}
