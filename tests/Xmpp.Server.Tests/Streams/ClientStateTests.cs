using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>XEP-0352: what clients get that nobody looks at, and when.</summary>
public sealed class ClientStateTests
{
    private const string Ns = "urn:xmpp:csi:0";
    private const string Sm = "urn:xmpp:sm:3";
    private const string ChatStates = "http://jabber.org/protocol/chatstates";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_offered_after_authentication_unless_nothing_is_held(bool isHeld)
    {
        await using var server = await TestServer.StartAsync(options => isHeld ? options : With(options, new() { Hold = [] }));
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();

        Assert.Null((await client.OpenAsync()).Child(Ns, "csi"));
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();
        Assert.Equal(isHeld, (await client.OpenAsync()).Child(Ns, "csi") is not null);
    }

    [Fact]
    public async Task A_client_is_active_until_it_says_otherwise_and_then_gets_the_newest_presence_when_it_is_active_again()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server, isInactive: false);
        await romeo.ShowAsync(juliet, "away");
        await juliet.ExpectShownAsync(romeo, "away");

        await juliet.SendAsync($"<inactive xmlns='{Ns}'/>");
        await juliet.ExpectNoneAsync();
        var nurse = await server.LoginAsync("nurse");
        await romeo.ShowAsync(juliet, "dnd");
        await romeo.ExpectNothingFromAsync(romeo);
        await nurse.ShowAsync(juliet, "chat");
        await nurse.ExpectNothingFromAsync(nurse);
        await romeo.ShowAsync(juliet, "xa");
        await romeo.ExpectNothingFromAsync(romeo);

        // §5.1: what was held, and only then the answer to what came behind.
        await juliet.SendAsync($"<active xmlns='{Ns}'/><iq type='get' id='ping1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await juliet.ExpectShownAsync(nurse, "chat");
        await juliet.ExpectShownAsync(romeo, "xa");
        await juliet.ExpectAsync($"<iq type='result' id='ping1' from='localhost' to='{juliet.Jid}'/>");
        await romeo.ShowAsync(juliet, "away");
        await juliet.ExpectShownAsync(romeo, "away");
    }

    [Fact]
    public async Task What_was_held_goes_out_in_order_before_a_message()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server);
        await romeo.StateAsync(juliet, "composing");
        await romeo.ShowAsync(juliet, "dnd");
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='headline' id='h'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>");
        await romeo.StateAsync(juliet, "paused");
        await romeo.TellAsync(juliet, 1, 1);

        await juliet.ExpectShownAsync(romeo, "dnd");
        Assert.Equal("h", (await juliet.ReadAsync())["id"]);
        Assert.NotNull((await juliet.ReadAsync()).Child(ChatStates, "paused"));
        await juliet.ExpectToldAsync(romeo, 1, 1);
        // Still inactive; what others sent waits on.
        var nurse = await server.LoginAsync("nurse");
        await nurse.ShowAsync(juliet, "chat");
        await nurse.ExpectNothingFromAsync(nurse);
        await romeo.ShowAsync(juliet, "xa");
        await romeo.TellAsync(juliet, 2, 2);
        await juliet.ExpectShownAsync(romeo, "xa");
        await juliet.ExpectToldAsync(romeo, 2, 2);
        await nurse.TellAsync(juliet, 1, 1);
        await juliet.ExpectShownAsync(nurse, "chat");
    }

    [Fact]
    public async Task Before_what_an_account_says_goes_out_what_its_resources_said()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server);
        await romeo.ShowAsync(juliet, "away");
        await romeo.SendAsync("<presence type='subscribe' to='juliet@localhost'/>");

        await juliet.ExpectShownAsync(romeo, "away");
        Assert.Equal("subscribe", (await juliet.ReadAsync())["type"]);
    }

    [Theory]
    [InlineData("<message type='chat' to='JID'><body>Wherefore</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>")]
    [InlineData("<message type='normal' to='JID'><subject>art</subject></message>")]
    [InlineData("<message type='headline' to='JID'><body>thou</body></message>")]
    [InlineData("<message type='chat' to='JID'><encrypted xmlns='eu.siacs.conversations.axolotl'/></message>")]
    [InlineData("<message type='chat' to='JID'><propose xmlns='urn:xmpp:jingle-message:0' id='a'/></message>")]
    [InlineData("<message type='normal' to='JID'><x xmlns='jabber:x:conference' jid='darkcave@localhost'/></message>")]
    [InlineData("<message type='chat' to='JID'><received xmlns='urn:xmpp:receipts' id='a'/></message>")]
    [InlineData("<message type='chat' to='JID'><displayed xmlns='urn:xmpp:chat-markers:0' id='a'/></message>")]
    [InlineData("<message type='error' to='JID'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>")]
    [InlineData("<message type='normal' to='JID'/>")]
    [InlineData("<presence type='subscribe' to='juliet@localhost'/>")]
    [InlineData("<presence type='error' to='JID'/>")]
    [InlineData("<presence to='JID'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' role='none'/><status code='307'/></x></presence>")]
    [InlineData("<iq type='get' id='a' to='JID'><query xmlns='jabber:iq:version'/></iq>")]
    [InlineData("<iq type='result' id='a' to='JID'/>")]
    public async Task What_matters_is_not_held(string stanza)
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server);
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>");
        await romeo.ReadAsync();
        await romeo.SendAsync(stanza.Replace("JID", juliet.Jid.ToString(), StringComparison.Ordinal));

        Assert.Equal(Element.Parse(stanza).Name, (await juliet.ReadAsync()).Name);
    }

    [Fact]
    public async Task Copies_are_held_as_what_they_are_of()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server, isInactive: false);
        await juliet.SendAsync("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
        await juliet.ReadAsync();
        var chamber = await server.LoginAsync("juliet", "chamber");
        await juliet.ReadAsync();
        await juliet.SendAsync($"<inactive xmlns='{Ns}'/>");
        await juliet.ExpectNoneAsync();

        await chamber.StateAsync(romeo, "composing");
        await chamber.StateAsync(romeo, "active");
        await romeo.StateAsync(chamber, "composing");
        await chamber.ReadAsync();
        await chamber.TellAsync(romeo, 1, 1);

        var first = await juliet.ReadAsync();
        var second = await juliet.ReadAsync();
        var both = new[] { first, second }.OrderBy(copy => copy.Elements.First().Name.Local).ToArray();
        Assert.Contains("composing", both[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("<active", both[1].ToString(), StringComparison.Ordinal);
        Assert.Contains("<body>1</body>", (await juliet.ReadAsync()).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 65_536)]
    [InlineData(1_000, 1_024)]
    public async Task When_there_is_too_much_it_is_sent(int stanzas, int bytes)
    {
        await using var server = await TestServer.StartAsync(
            options => With(options, new() { HeldStanzas = stanzas, HeldBytes = bytes }));
        var (romeo, juliet) = await StartAsync(server);
        for (var i = 1; i <= 4; i++)
            await romeo.SendAsync($"<message to='{juliet.Jid}' type='headline' id='{i}'><x xmlns='urn:x'>{new string('x', 175)}</x></message>");

        for (var i = 1; i <= 4; i++)
            Assert.Equal($"{i}", (await juliet.ReadAsync())["id"]);
        // Then it is held again.
        await romeo.ShowAsync(juliet, "away");
        await romeo.ShowAsync(juliet, "dnd");
        await romeo.TellAsync(juliet, 1, 1);
        await juliet.ExpectShownAsync(romeo, "dnd");
    }

    [Fact]
    public async Task Only_what_the_configuration_says_is_held()
    {
        await using var server = await TestServer.StartAsync(options => With(options, new() { Hold = [ClientStateOptions.ChatStates] }));
        var (romeo, juliet) = await StartAsync(server);
        await romeo.StateAsync(juliet, "composing");
        await romeo.ShowAsync(juliet, "away");

        Assert.Equal("message", (await juliet.ReadAsync()).Name.Local);
        await juliet.ExpectShownAsync(romeo, "away");
    }

    [Fact]
    public async Task It_has_nothing_to_do_with_presence_and_nobody_learns_of_it()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server, isInactive: false);
        var (balcony, chamber) = (juliet, await server.LoginAsync("juliet", "chamber"));
        await balcony.ReadAsync();

        await balcony.SendAsync($"<inactive xmlns='{Ns}'/>");
        await romeo.ExpectNothingFromAsync(balcony);
        await chamber.ExpectNothingFromAsync(balcony);
        await romeo.ShowAsync(balcony, "away");
        await romeo.ExpectNothingFromAsync(romeo);

        // It remains inactive, whatever presence it sends; its own is the answer to that, and goes out at once.
        await balcony.SendAsync("<presence><show>chat</show></presence>");
        await balcony.ExpectShownAsync(balcony, "chat");
        await balcony.SendAsync("<presence type='unavailable'/>");
        Assert.Equal("unavailable", (await balcony.ReadAsync())["type"]);
        await romeo.ShowAsync(balcony, "dnd");
        await romeo.TellAsync(balcony, 1, 1);
        await balcony.ExpectShownAsync(romeo, "dnd");
        await balcony.ExpectToldAsync(romeo, 1, 1);
    }

    [Fact]
    public async Task Held_stanzas_are_counted_when_they_are_sent_and_the_resumed_stream_is_active()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server, isInactive: false);
        var id = await juliet.EnableAsync(isResumable: true);
        await juliet.SendAsync($"<inactive xmlns='{Ns}'/>");
        await juliet.ExpectHandledAsync(0); // It is no stanza.
        await romeo.ShowAsync(juliet, "away");
        await romeo.ExpectNothingFromAsync(romeo);
        // Nothing was sent so far.
        await juliet.SendAsync($"<a xmlns='{Sm}' h='0'/>");
        await juliet.ExpectHandledAsync(0);
        await juliet.LoseAsync();
        await romeo.ShowAsync(juliet, "dnd");
        await romeo.TellAsync(juliet, 1, 1);
        await romeo.ShowAsync(juliet, "xa");
        await romeo.ShowAsync(juliet, "chat");
        await romeo.ExpectNothingFromAsync(romeo);

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Sm}' previd='{id}' h='0'/>");
        await again.ExpectAsync($"<resumed xmlns='{Sm}' previd='{id}' h='0'/>");
        await again.ExpectShownAsync(romeo, "dnd");
        await again.ExpectToldAsync(romeo, 1, 1);
        await again.ExpectShownAsync(romeo, "chat");
        await again.ExpectAsync($"<r xmlns='{Sm}'/>");
        await again.SendAsync($"<a xmlns='{Sm}' h='3'/>");
        await romeo.ShowAsync(juliet, "away");
        await again.ExpectShownAsync(romeo, "away");
    }

    [Fact]
    public async Task What_is_held_at_the_end_of_a_session_is_worth_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await StartAsync(server, isInactive: false);
        await juliet.EnableAsync(isResumable: true);
        await juliet.SendAsync($"<inactive xmlns='{Ns}'/>");
        await juliet.ExpectHandledAsync(0);
        await romeo.ShowAsync(juliet, "away");
        await romeo.StateAsync(juliet, "composing");
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        await juliet.SendAsync("</stream:stream>");
        await juliet.ExpectEndAsync();

        await romeo.ExpectNothingFromAsync(romeo);
        Assert.Equal(0, await server.Store.Offline.CountAsync(juliet.Jid.Bare, CancellationToken.None));
    }

    [Fact]
    public async Task Other_elements_and_a_state_without_a_resource_end_the_stream()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");
        await juliet.SendAsync($"<idle xmlns='{Ns}'/>");
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.UnsupportedStanzaType);

        var unbound = await server.AuthenticateAsync("juliet");
        await unbound.SendAsync($"<inactive xmlns='{Ns}'/>");
        await unbound.ExpectStreamErrorAsync(StreamErrorCondition.UnsupportedStanzaType);
    }

    private static ServerOptions With(ServerOptions options, ClientStateOptions clientState) => options with { ClientState = clientState };

    private static async Task<(TestClient Romeo, TestClient Juliet)> StartAsync(TestServer server, bool isInactive = true)
    {
        var romeo = await server.LoginAsync("romeo", "orchard");
        var juliet = await server.LoginAsync("juliet", "balcony");
        if (isInactive)
        {
            await juliet.SendAsync($"<inactive xmlns='{Ns}'/>");
            await juliet.ExpectNoneAsync();
        }
        return (romeo, juliet);
    }
}

/// <summary>What tests of client states say and expect.</summary>
internal static class ClientStateTesting
{
    /// <summary>Sends presence to the other client.</summary>
    public static ValueTask ShowAsync(this TestClient client, TestClient other, string show) =>
        client.SendAsync($"<presence to='{other.Jid}'><show>{show}</show></presence>");

    public static ValueTask StateAsync(this TestClient client, TestClient other, string state) =>
        client.SendAsync($"<message to='{other.Jid}' type='chat'><{state} xmlns='http://jabber.org/protocol/chatstates'/></message>");

    public static async Task ExpectShownAsync(this TestClient client, TestClient other, string show)
    {
        var presence = await client.ReadAsync();
        Assert.Equal(
            ("presence", other.Jid.ToString(), show),
            (presence.Name.Local, presence["from"], presence.Child(Namespaces.Client, "show")?.Text));
    }

    /// <summary>Expects that all the client said has been handled, and nothing was sent to it but the answer.</summary>
    public static async Task ExpectNoneAsync(this TestClient client)
    {
        await client.SendAsync("<iq type='get' id='sync' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal("sync", (await client.ReadAsync())["id"]);
    }
}
