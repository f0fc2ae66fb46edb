using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Components;

/// <summary>XEP-0355: requests that a component answers in the place of the server.</summary>
public sealed class DelegatedNamespaceTests
{
    private const string Domain = ComponentTesting.Domain;
    private const string Ns = "urn:xmpp:delegation:2";
    private const string PubSub = "http://jabber.org/protocol/pubsub";
    private const string Info = "http://jabber.org/protocol/disco#info";
    private const string Forward = "urn:xmpp:forward:0";

    private static readonly DelegatedNamespace[] _delegations =
    [
        new() { Namespace = PubSub },
        new() { Namespace = "jabber:iq:private", Attributes = ["node"] },
    ];

    [Fact]
    public async Task A_component_is_told_what_it_is_to_answer_and_asked_what_it_can()
    {
        await using var server = await StartAsync();
        var component = await server.LoginComponentAsync();
        await component.ExpectAsync($"<message from='localhost' to='{Domain}' id='delegation-localhost'><delegation xmlns='{Ns}'>"
            + $"<delegated namespace='{PubSub}'/><delegated namespace='jabber:iq:private'><attribute name='node'/></delegated>"
            + "</delegation></message>");
        var asked = await component.ReadAsync();
        Assert.Equal(("get", "localhost", $"{Ns}::{PubSub}"), (asked["type"], asked["from"], asked.Child(Info, "query")?["node"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("to='romeo@localhost'")]
    [InlineData("to='juliet@localhost'")]
    [InlineData("to='localhost'")]
    public async Task A_request_is_forwarded_and_the_answer_is_its_senders(string to)
    {
        await using var server = await StartAsync();
        var (component, romeo) = (await ConnectAsync(server), await server.LoginAsync("romeo", "orchard"));
        await romeo.SendAsync($"<iq type='set' id='pep1' {to}><pubsub xmlns='{PubSub}'><publish node='n'/></pubsub></iq>");
        var delegated = await component.ReadAsync();
        Assert.Equal(("set", "localhost", Domain), (delegated["type"], delegated["from"], delegated["to"]));
        var inner = delegated.Child(Ns, "delegation")!.Child(Forward, "forwarded")!.Child("jabber:client", "iq")!;
        Assert.Equal(("set", "pep1", romeo.Jid.ToString()), (inner["type"], inner["id"], inner["from"]));
        Assert.Equal(to.Length == 0 ? null : to[4..^1], inner["to"]);
        Assert.NotNull(inner.Child(PubSub, "pubsub"));
        await component.SendAsync(Answer(delegated, $"<iq xmlns='jabber:client' type='result' id='pep1' to='{romeo.Jid}'><pubsub xmlns='{PubSub}'/></iq>"));
        var answer = await romeo.ReadAsync();
        Assert.Equal(("result", "pep1", to.Length == 0 ? null : to[4..^1]), (answer["type"], answer["id"], answer["from"]));
        Assert.NotNull(answer.Child(PubSub, "pubsub"));
    }

    [Theory]
    // §4.3: for somebody else, from somebody else, to another request, no result.
    [InlineData("type='result' id='1' to='romeo@localhost'")]
    [InlineData("type='result' id='1' to='{0}' from='juliet@localhost'")]
    [InlineData("type='result' id='2' to='{0}'")]
    [InlineData("type='error' id='1' to='{0}'")]
    [InlineData("type='result' id='1'")]
    public async Task An_answer_that_is_none_is_as_if_the_service_was_not_there(string attributes)
    {
        await using var server = await StartAsync();
        var (component, romeo) = (await ConnectAsync(server), await server.LoginAsync("romeo", "orchard"));
        await romeo.SendAsync($"<iq type='get' id='1'><pubsub xmlns='{PubSub}'/></iq>");
        var delegated = await component.ReadAsync();
        await component.SendAsync(Answer(
            delegated, $"<iq xmlns='jabber:client' {attributes.Replace("{0}", romeo.Jid.ToString(), StringComparison.Ordinal)}/>"));
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task Whatever_is_wrong_with_the_component_the_service_is_not_there()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync($"<iq type='get' id='1'><pubsub xmlns='{PubSub}'/></iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        var component = await ConnectAsync(server);
        await romeo.SendAsync($"<iq type='get' id='2'><pubsub xmlns='{PubSub}'/></iq>");
        var delegated = await component.ReadAsync();
        await component.SendAsync($"<iq type='error' id='{delegated["id"]}' from='{Domain}' to='localhost'>"
            + "<error type='cancel'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task While_a_component_thinks_its_askers_are_heard_until_they_ask_for_too_much()
    {
        await using var server = await StartAsync();
        var (component, romeo) = (await ConnectAsync(server), await server.LoginAsync("romeo", "orchard"));
        const string Ping = "<iq type='get' id='ping' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
        for (var i = 0; i < 16; i++)
            await romeo.SendAsync($"<iq type='get' id='{i}'><pubsub xmlns='{PubSub}'/></iq>");
        await romeo.SendAsync(Ping);
        Assert.Equal("ping", (await romeo.ReadAsync())["id"]);

        await romeo.SendAsync($"<iq type='get' id='16'><pubsub xmlns='{PubSub}'/></iq>{Ping}");
        var delegated = new List<Element>();
        while (delegated.Count <= 16)
            delegated.Add(await component.ReadAsync());
        await component.SendAsync(Answer(delegated[16], $"<iq xmlns='jabber:client' type='result' id='16' to='{romeo.Jid}'/>"));
        Assert.Equal("16", (await romeo.ReadAsync())["id"]);
        Assert.Equal("ping", (await romeo.ReadAsync())["id"]);
        await component.SendAsync(Answer(delegated[3], $"<iq xmlns='jabber:client' type='result' id='3' to='{romeo.Jid}'/>"));
        Assert.Equal(("result", "3"), (await romeo.ReadAsync()) is var answer ? (answer["type"], answer["id"]) : default);
        server.Time.Advance(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 15; i++)
            await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task Who_is_elsewhere_gets_the_components_answer_too()
    {
        const string Other = "masques.localhost";
        await using var server = await ComponentTesting.StartAsync(options => options with
        {
            Components = options.Components with
            {
                List = [options.Components.List[0] with { Delegations = _delegations }, options.Components.List[0] with { Domain = Other }],
            },
        });
        var (component, other) = (await ConnectAsync(server), await server.LoginComponentAsync(Other));
        await other.SendAsync($"<iq type='get' id='1' from='bottom@{Other}/x' to='localhost'><pubsub xmlns='{PubSub}'/></iq>");
        var delegated = await component.ReadAsync();
        await component.SendAsync(Answer(
            delegated, $"<iq xmlns='jabber:client' type='result' id='1' to='bottom@{Other}/x'><pubsub xmlns='{PubSub}'/></iq>"));
        await other.ExpectAsync($"<iq type='result' id='1' from='localhost' to='bottom@{Other}/x'><pubsub xmlns='{PubSub}'/></iq>");
    }

    [Fact]
    public async Task Without_the_attribute_and_from_the_component_itself_the_server_answers()
    {
        await using var server = await StartAsync(new ComponentPrivileges { Iq = [new() { Namespace = PubSub }] });
        var (component, romeo) = (await ConnectAsync(server), await server.LoginAsync("romeo", "orchard"));
        await romeo.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:private'><storage xmlns='storage:x'/></query></iq>");
        Assert.Equal("result", (await romeo.ReadAsync())["type"]);
        await romeo.SendAsync("<iq type='get' id='2'><query xmlns='jabber:iq:private' node='n'><storage xmlns='storage:x'/></query></iq>");
        var delegated = await component.ReadAsync();
        await component.SendAsync(Answer(delegated, $"<iq xmlns='jabber:client' type='result' id='2' to='{romeo.Jid}'/>"));
        Assert.Equal("2", (await romeo.ReadAsync())["id"]);

        // §4.3.1: also when it asks as an account.
        await component.SendAsync($"<iq type='set' id='3' from='{Domain}' to='romeo@localhost'><privileged_iq xmlns='urn:xmpp:privilege:2'>"
            + $"<iq xmlns='jabber:client' type='set' id='p'><pubsub xmlns='{PubSub}'><publish node='urn:x:n'><item id='1'><x xmlns='urn:x'/></item></publish></pubsub></iq>"
            + "</privileged_iq></iq>");
        var answer = await component.ReadAsync();
        while (answer.Name.Local != "iq")
            answer = await component.ReadAsync();
        var inner = answer.Child("urn:xmpp:privilege:2", "privilege")!.Child(Forward, "forwarded")!.Child("jabber:client", "iq")!;
        Assert.Equal(("result", "p"), (inner["type"], inner["id"]));
    }

    [Fact]
    public async Task The_server_says_of_what_is_delegated_what_the_component_says()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        var component = await ConnectAsync(server, query => query["node"] switch
        {
            $"{Ns}::{PubSub}" => $"<feature var='{PubSub}#special'/>",
            $"{Ns}:bare:{PubSub}" => $"<identity category='pubsub' type='pep' name='Other'/><feature var='{PubSub}#mine'/>",
            _ => "",
        });
        var (identities, features) = await DescribeAsync(romeo, "localhost", $"{PubSub}#special");
        Assert.Contains(Ns, features);
        Assert.Equal([$"{PubSub}#special"], features.Where(feature => feature.StartsWith(PubSub, StringComparison.Ordinal)));
        (identities, features) = await DescribeAsync(romeo, "romeo@localhost", $"{PubSub}#mine");
        Assert.Equal([$"{PubSub}#mine"], features.Where(feature => feature.StartsWith(PubSub, StringComparison.Ordinal)));
        Assert.Equal(["Other"], identities.Where(identity => identity["category"] == "pubsub").Select(identity => identity["name"]));
        Assert.NotNull(component);
    }

    [Fact]
    public async Task Nodes_of_accounts_that_the_server_does_not_know_are_the_components_where_that_is_delegated()
    {
        await using var server = await StartAsync(null, new DelegatedNamespace { Namespace = $"{Ns}:bare:disco#info:*" });
        var (component, romeo) = (await ConnectAsync(server), await server.LoginAsync("romeo", "orchard"));
        await romeo.SendAsync($"<iq type='get' id='1' to='romeo@localhost'><query xmlns='{Info}' node='urn:x:unknown'/></iq>");
        var delegated = await component.ReadAsync();
        await component.SendAsync(Answer(delegated, $"<iq xmlns='jabber:client' type='result' id='1' to='{romeo.Jid}'><query xmlns='{Info}' node='urn:x:unknown'/></iq>"));
        Assert.Equal("urn:x:unknown", (await romeo.ReadAsync()).Child(Info, "query")?["node"]);
        await romeo.SendAsync($"<iq type='get' id='2' to='localhost'><query xmlns='{Info}' node='urn:x:unknown'/></iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    /// <summary>What an entity says of itself when it has the feature, which is learnt in the background.</summary>
    private static async Task<(List<Element> Identities, List<string> Features)> DescribeAsync(
        TestClient client, string entity, string feature)
    {
        List<Element> identities = [];
        List<string> features = [];
        await Eventually.UntilAsync(async () =>
        {
            await client.SendAsync($"<iq type='get' id='d' to='{entity}'><query xmlns='{Info}'/></iq>");
            var query = (await client.ReadAsync()).Child(Info, "query")!;
            identities = [.. query.Elements.Where(child => child.Name.Local == "identity")];
            features = [.. query.Elements.Where(child => child.Name.Local == "feature").Select(child => child["var"]!)];
            return features.Contains(feature);
        });
        return (identities, features);
    }

    private static string Answer(Element delegated, string inner) => $"<iq type='result' id='{delegated["id"]}' from='{Domain}' to='{delegated["from"]}'>"
        + $"<delegation xmlns='{Ns}'><forwarded xmlns='{Forward}'>{inner}</forwarded></delegation></iq>";

    /// <summary>A component that has said what it can do.</summary>
    private static async Task<TestClient> ConnectAsync(TestServer server, Func<Element, string>? describe = null)
    {
        var component = await server.LoginComponentAsync();
        var questions = 2 * server.Options.Components.List[0].Delegations.Count;
        while (questions > 0)
        {
            if ((await component.ReadAsync()) is not { Name.Local: "iq" } asked || asked.Child(Info, "query") is not { } query)
                continue;
            questions--;
            await component.SendAsync($"<iq type='result' id='{asked["id"]}' from='{Domain}' to='{asked["from"]}'>"
                + $"<query xmlns='{Info}' node='{query["node"]}'>{describe?.Invoke(query)}</query></iq>");
        }
        return component;
    }

    private static Task<TestServer> StartAsync(ComponentPrivileges? privileges = null, params DelegatedNamespace[] further) =>
        ComponentTesting.StartAsync(options => options with
        {
            Components = options.Components with
            {
                List =
                [
                    options.Components.List[0] with
                    {
                        Privileges = privileges ?? new(),
                        Delegations = further.Length > 0 ? further : _delegations,
                    },
                ],
            },
        });
}
