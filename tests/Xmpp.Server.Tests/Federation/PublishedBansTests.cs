using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>Lists of bans that another server publishes, and what becomes of those who are on one.</summary>
public sealed class PublishedBansTests : IDisposable
{
    private const string Capulet = "capulet.example";
    private const string Montague = "montague.example";
    private const string Service = $"pubsub.{Montague}";
    private const string Node = "muc_bans_sha256";

    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData($"mercutio@{Montague}")]
    [InlineData(Montague)]
    public async Task Who_is_on_a_list_reaches_no_strangers_and_no_rooms_until_it_is_off(string banned)
    {
        await using var montague = await _network.StartAsync(Montague);
        _network.Publish(Service, montague.Server.Listeners.Single().EndPoint.Port);
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        await AskAsync(romeo, $"<create node='{Node}'/>");
        await AskAsync(romeo, Publish(banned));
        await using var capulet = await _network.StartAsync(Capulet, options => options with
        {
            Modules = options.Modules with { Strangers = options.Modules.Strangers with { BanLists = [Service] } },
        });
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var mercutio = await montague.LoginAsync($"mercutio@{Montague}", "x");
        const string room = $"ball@conference.{Capulet}";
        await juliet.SendAsync($"<presence to='{room}/juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await juliet.SendAsync($"<iq type='set' id='c' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'>"
            + "<x xmlns='jabber:x:data' type='submit'/></query></iq>");
        while ((await juliet.ReadAsync())["id"] != "c")
        {
            // Of the room.
        }

        capulet.Time.Advance(TimeSpan.FromSeconds(6));
        await UntilAsync(capulet, $"mercutio@{Montague}", isBanned: true);
        await mercutio.SendAsync($"<message to='{juliet.Jid}' id='1'><body>1</body></message>");
        await mercutio.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);
        await mercutio.SendAsync($"<presence to='{room}/mercutio'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await mercutio.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);

        await AskAsync(romeo, $"<retract node='{Node}' notify='true'><item id='{HashOf(banned)}'/></retract>");
        await UntilAsync(capulet, $"mercutio@{Montague}", isBanned: false);
        await mercutio.SendAsync($"<message to='{juliet.Jid}' id='2'><body>2</body></message>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        await AskAsync(romeo, Publish("verona.example"));
        await UntilAsync(capulet, "anybody@verona.example", isBanned: true);
    }

    [Fact]
    public async Task Reports_are_forwarded_to_whom_the_server_of_the_reported_names_for_abuse()
    {
        await using var montague = await _network.StartAsync(Montague, options => options with
        {
            Modules = options.Modules with { ContactAddresses = new() { Abuse = [$"xmpp:abuse@{Montague}"] } },
        });
        await using var capulet = await _network.StartAsync(Capulet);
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var abuse = await montague.LoginAsync($"abuse@{Montague}", "x");
        await juliet.SendAsync($"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@{Montague}'>"
            + "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'><text xml:lang='en'>Never came trouble</text>"
            + $"<report-origin/><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@{Capulet}' id='1'/>"
            + $"<stanza-id xmlns='urn:xmpp:sid:0' by='romeo@{Montague}' id='28482-98726-73623'/></report></item></block></iq>");

        var message = await abuse.ReadAsync();
        Assert.Equal(Capulet, message["from"]);
        Assert.Equal(
            $"Somebody at {Capulet} has blocked romeo@{Montague} and reports it for spam.\nNever came trouble",
            message.Child(Namespaces.Client, "body")?.Text);
        var report = message.Child("urn:xmpp:reporting:1", "report")!;
        Assert.Equal(("urn:xmpp:reporting:spam", $"romeo@{Montague}"), (report["reason"], report.Child("urn:xmpp:jid:0", "jid")?.Text));
        Assert.Equal("28482-98726-73623", Assert.Single(report.Elements, child => child.Name.Local == "stanza-id")["id"]);
        Assert.DoesNotContain("juliet", message.ToString(), StringComparison.Ordinal);
    }

    private static string HashOf(string address) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address)));

    private static string Publish(string banned) => $"<publish node='{Node}'><item id='{HashOf(banned)}'>"
        + "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'/></item></publish>";

    private static async Task AskAsync(TestClient client, string request)
    {
        await client.SendAsync(
            $"<iq type='set' id='p' to='{Service}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{request}</pubsub></iq>");
        Element answer;
        while ((answer = await client.ReadAsync())["id"] != "p")
        {
            // Something else.
        }
        Assert.Equal("result", answer["type"]);
    }

    private static Task UntilAsync(TestServer server, string address, bool isBanned) =>
        Eventually.UntilAsync(() => server.Server.Context.PublishedBans.Contains(Jid.Parse(address)) == isBanned, text: $"{address}: {isBanned}");
}
