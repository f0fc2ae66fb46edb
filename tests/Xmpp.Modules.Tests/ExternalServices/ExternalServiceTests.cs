using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.ExternalServices;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.ExternalServices;

/// <summary>Services beside XMPP (XEP-0215).</summary>
public sealed class ExternalServiceTests
{
    private const string Ns = "urn:xmpp:extdisco:2";

    private static readonly ExternalServiceEntry Stun = new() { Type = "stun", Host = "stun.example.org", Port = 3478, Transport = "udp" };
    private static readonly ExternalServiceEntry Turn = Stun with { Type = "turn", Host = "turn.example.org", Secret = "north of verona" };
    private static readonly ExternalServiceEntry Turns = Turn with { Type = "turns", Port = 5349, Transport = "tcp", Name = "Calls" };
    private static readonly ExternalServiceEntry Files = new() { Type = "ftp", Host = "192.0.2.1", Username = "guest", Password = "guest" };

    [Fact]
    public async Task An_account_learns_of_all_services_with_credentials_of_its_own()
    {
        await using var server = await StartAsync(Stun, Turn, Turns, Files);
        var romeo = await server.LoginAsync("romeo", "orchard");

        var services = await AskAsync(romeo, $"<services xmlns='{Ns}'/>");

        Assert.Equal(["stun", "turn", "turns", "ftp"], services.Select(service => service["type"]));
        Assert.Equal(
            new Element(Ns, "service", Element.Attr("type", "stun"), Element.Attr("host", "stun.example.org"), Element.Attr("port", "3478"),
                Element.Attr("transport", "udp")),
            services[0]);
        Assert.Equal("2026-01-01T12:00:00Z", services[1]["expires"]);
        Assert.Equal("true", services[1]["restricted"]);
        // Of which the server knows until when it is good.
        Assert.StartsWith("1767268800:", services[1]["username"], StringComparison.Ordinal);
        Assert.Equal(28, services[1]["password"]!.Length);
        Assert.Equal("Calls", services[2]["name"]);
        Assert.Equal(("guest", "guest"), (services[3]["username"]!, services[3]["password"]!));
        Assert.Null(services[3]["expires"]);
        Assert.Null(services[3]["port"]);

        var juliet = await server.LoginAsync("juliet", "balcony");
        Assert.NotEqual(services[1]["username"], (await AskAsync(juliet, $"<services xmlns='{Ns}'/>"))[1]["username"]);
    }

    [Fact]
    public void Credentials_are_what_a_TURN_server_makes_of_the_secret()
    {
        var expires = DateTimeOffset.FromUnixTimeSeconds(1_767_268_800);

        var credentials = TurnCredentials.For(Jid.Parse("romeo@localhost"), "north of verona", expires);

        Assert.Equal(new TurnCredentials("1767268800:868ffdb1e59e6142", "XV0dIxqq2NhtYcMmQFwLePvH3Hc="), credentials);
    }

    [Fact]
    public async Task Services_of_one_type_can_be_asked_for()
    {
        await using var server = await StartAsync(Stun, Turn);
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync($"<iq type='get' id='1' to='localhost'><services xmlns='{Ns}' type='stun'/></iq>");
        await romeo.ExpectAsync(
            $"<iq type='result' id='1' from='localhost' to='{romeo.Jid}'><services xmlns='{Ns}' type='stun'>"
            + "<service type='stun' host='stun.example.org' port='3478' transport='udp'/></services></iq>");
        Assert.Empty(await AskAsync(romeo, $"<services xmlns='{Ns}' type='ftp'/>"));
    }

    [Theory]
    [InlineData("<service host='turn.example.org' type='turn'/>", 1)]
    [InlineData("<service host='turn.example.org' type='turn' port='3478'/>", 1)]
    public async Task Credentials_can_be_asked_for(string service, int count)
    {
        await using var server = await StartAsync(Stun, Turn, Turns);
        var romeo = await server.LoginAsync("romeo", "orchard");

        var services = await AskAsync(romeo, $"<credentials xmlns='{Ns}'>{service}</credentials>");

        Assert.Equal(count, services.Count);
        Assert.All(services, one => Assert.NotNull(one["password"]));
    }

    [Theory]
    [InlineData("<service host='turn.example.org' type='turn' port='1'/>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<service host='elsewhere.example' type='turn'/>", StanzaErrorCondition.ItemNotFound)]
    // It has none.
    [InlineData("<service host='stun.example.org' type='stun'/>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<service host='turn.example.org'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<service type='turn'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("", StanzaErrorCondition.BadRequest)]
    public async Task There_are_no_credentials_for_anything_else(string service, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync(Stun, Turn);
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync($"<iq type='get' id='1' to='localhost'><credentials xmlns='{Ns}'>{service}</credentials></iq>");

        await romeo.ExpectErrorAsync(condition);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_advertised_where_there_are_services(bool isThere)
    {
        await using var server = await StartAsync(isThere ? new[] { Stun } : []);
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync("<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        var features = (await romeo.ReadAsync()).Elements.Single().Elements.Select(feature => feature["var"]);

        Assert.Equal(isThere, features.Contains(Ns));
        if (isThere)
            return;
        await romeo.SendAsync($"<iq type='get' id='2' to='localhost'><services xmlns='{Ns}'/></iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public void What_prints_a_service_prints_no_secret()
    {
        Assert.DoesNotContain("verona", Turn.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("guest", Files.ToString(), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync(params ExternalServiceEntry[] services) => TestServer.StartAsync(options =>
        options with { Modules = options.Modules with { ExternalServices = new ExternalServiceOptions { List = services } } });

    /// <summary>The services in the reply to a request.</summary>
    private static async Task<List<Element>> AskAsync(TestClient client, string payload)
    {
        await client.SendAsync($"<iq type='get' id='1' to='localhost'>{payload}</iq>");
        var reply = await client.ReadAsync();
        Assert.Equal("result", reply["type"]);
        return [.. reply.Elements.Single().Elements];
    }
}
