using System.Net;
using System.Net.WebSockets;
using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>XMPP over WebSocket (RFC 7395).</summary>
public sealed class WebSocketTests
{
    private const string Sm = "urn:xmpp:sm:3";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("websocket", "13", "AAAAAAAAAAAAAAAAAAAAAA==", "other, xmpp", HttpStatusCode.SwitchingProtocols)]
    // §3.1: both name the subprotocol.
    [InlineData("websocket", "13", "AAAAAAAAAAAAAAAAAAAAAA==", "other", HttpStatusCode.BadRequest)]
    [InlineData("websocket", "13", "AAAAAAAAAAAAAAAAAAAAAA==", null, HttpStatusCode.BadRequest)]
    [InlineData("websocket", "13", "AAAA", "xmpp", HttpStatusCode.BadRequest)]
    [InlineData("websocket", "8", "AAAAAAAAAAAAAAAAAAAAAA==", "xmpp", HttpStatusCode.UpgradeRequired)]
    [InlineData("h2c", "13", "AAAAAAAAAAAAAAAAAAAAAA==", "xmpp", HttpStatusCode.UpgradeRequired)]
    [InlineData(null, "13", "AAAAAAAAAAAAAAAAAAAAAA==", "xmpp", HttpStatusCode.UpgradeRequired)]
    public async Task A_WebSocket_for_XMPP_is_asked_for_as_such(
        string? upgrade, string version, string key, string? subprotocol, HttpStatusCode status)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = TestServer.CreateHttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{server.HttpPort(tls: false)}/xmpp-websocket");
        if (upgrade is not null)
        {
            request.Headers.Add("Connection", "Upgrade");
            request.Headers.Add("Upgrade", upgrade);
        }
        request.Headers.Add("Sec-WebSocket-Version", version);
        request.Headers.Add("Sec-WebSocket-Key", key);
        if (subprotocol is not null)
            request.Headers.Add("Sec-WebSocket-Protocol", subprotocol);

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);

        Assert.Equal(status, response.StatusCode);
        if (status != HttpStatusCode.SwitchingProtocols)
            return;
        Assert.Equal("xmpp", response.Headers.GetValues("Sec-WebSocket-Protocol").Single());
        Assert.Equal("ICX+Yqv66kxgM0FcWaLWlFLwTAI=", response.Headers.GetValues("Sec-WebSocket-Accept").Single());
    }

    [Fact]
    public async Task An_open_is_answered_with_an_open_and_features_in_messages_of_their_own()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = await WebSocketClient.ConnectAsync(server);

        await client.SendAsync(
            "<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" from='juliet@localhost' to=\"localhost\" version=\"1.0\" />");

        var open = await client.ReadAsync();
        Assert.Equal(XName.Get("open", WebSocketClient.Framing), open.Name);
        Assert.Equal("localhost", (string?)open.Attribute("from"));
        Assert.Equal("juliet@localhost", (string?)open.Attribute("to"));
        Assert.Equal("1.0", (string?)open.Attribute("version"));
        Assert.Equal("en", (string?)open.Attribute(XNamespace.Xml + "lang"));
        Assert.NotNull(open.Attribute("id"));
        var features = await client.ReadAsync();
        Assert.Equal(XName.Get("features", Namespaces.Stream), features.Name);
        // §3.9: TLS is below.
        Assert.Null(features.Element(XName.Get("starttls", Namespaces.Tls)));
        Assert.Contains("PLAIN", features.Descendants(XName.Get("mechanism", Namespaces.Sasl)).Select(mechanism => mechanism.Value));
    }

    [Fact]
    public async Task Without_TLS_no_password_is_asked_for_in_clear()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = await WebSocketClient.ConnectAsync(server, tls: false);

        var mechanisms = (await client.OpenAsync()).Descendants(XName.Get("mechanism", Namespaces.Sasl)).Select(mechanism => mechanism.Value);

        Assert.DoesNotContain("PLAIN", mechanisms);
        Assert.Contains("SCRAM-SHA-256", mechanisms);
    }

    [Fact]
    public async Task Each_stanza_is_a_document_of_its_own()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await WebSocketClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");

        await juliet.SendAsync(
            $"<?xml version='1.0'?><message xmlns='jabber:client' to='{romeo.Jid}' type='chat' id='1'><body>'Tis but thy name</body></message>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' type='chat' id='1'><body>'Tis but thy name</body></message>");

        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat' id='2'><body><![CDATA[<>]]> &gt; \u2764</body><x xmlns='a' y='&quot;>'/></message>");
        await romeo.SendAsync($"<message xmlns='jabber:client' to='{juliet.Jid}' type='chat' id='3'/>");
        var second = await juliet.ReadAsync();
        Assert.Equal(XName.Get("message", Namespaces.Client), second.Name);
        Assert.Equal("<> > \u2764", second.Element(XName.Get("body", Namespaces.Client))!.Value);
        Assert.Equal("\">", (string?)second.Element(XName.Get("x", "a"))!.Attribute("y"));
        var third = await juliet.ReadAsync();
        Assert.Equal(("3", XName.Get("message", Namespaces.Client)), ((string?)third.Attribute("id"), third.Name));
    }

    [Fact]
    public async Task A_session_is_resumed_after_the_WebSocket_was_cut()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        string id;
        Jid juliet;
        using (var cut = await WebSocketClient.LoginAsync(server, "juliet", "balcony"))
        {
            juliet = cut.Jid;
            await cut.SendAsync($"<enable xmlns='{Sm}' resume='true'/>");
            id = (string)(await cut.ReadAsync()).Attribute("id")!;
            cut.Socket.Abort();
        }
        await romeo.SendAsync($"<message to='{juliet}' type='chat' id='late'><body>I am come</body></message>");

        using var again = await WebSocketClient.ConnectAsync(server);
        await again.OpenAsync();
        await again.AuthenticateAsync("juliet");
        await again.OpenAsync();
        await again.SendAsync($"<resume xmlns='{Sm}' h='0' previd='{id}'/>");

        Assert.Equal(XName.Get("resumed", Sm), (await again.ReadAsync()).Name);
        Assert.Equal("late", (string?)(await again.ReadAsync()).Attribute("id"));
    }

    [Fact]
    public async Task A_client_that_closes_is_answered_and_gone()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await WebSocketClient.LoginAsync(server, "juliet", "balcony");

        await juliet.SendAsync($"<close xmlns='{WebSocketClient.Framing}'/>");

        await juliet.ExpectCloseAsync();
        Assert.Equal(0, server.Server.Context.Sessions.Count);
    }

    [Theory]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-frame' to='localhost' version='1.0'/>", StreamErrorCondition.InvalidNamespace)]
    [InlineData("<open to='localhost' version='1.0'/>", StreamErrorCondition.InvalidNamespace)]
    [InlineData(
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>",
        StreamErrorCondition.InvalidNamespace)]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='elsewhere.example' version='1.0'/>", StreamErrorCondition.HostUnknown)]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost'/>", StreamErrorCondition.UnsupportedVersion)]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0", StreamErrorCondition.NotWellFormed)]
    [InlineData("to be or not to be", StreamErrorCondition.NotWellFormed)]
    public async Task What_does_not_open_a_stream_is_answered_with_an_open_and_the_error(string message, StreamErrorCondition condition)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = await WebSocketClient.ConnectAsync(server);

        await client.SendAsync(message);

        // §3.5.
        Assert.Equal(XName.Get("open", WebSocketClient.Framing), (await client.ReadAsync()).Name);
        await ExpectErrorAsync(client, condition);
    }

    [Theory]
    [InlineData("<close xmlns='urn:ietf:params:xml:ns:xmpp-frame'/>", StreamErrorCondition.InvalidNamespace)]
    [InlineData("<message xmlns='jabber:client'><body>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<iq xmlns='jabber:client' type='result' id='1' to='localhost'/><mess", StreamErrorCondition.NotWellFormed)]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>", StreamErrorCondition.NotWellFormed)]
    [InlineData("</stream:stream> ", null)]
    [InlineData("<!-- -->", StreamErrorCondition.RestrictedXml)]
    public async Task A_message_holds_whole_elements(string message, StreamErrorCondition? condition)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await WebSocketClient.LoginAsync(server, "juliet", "balcony");

        await juliet.SendAsync(message);

        if (condition is { } error)
            await ExpectErrorAsync(juliet, error);
        else
            await juliet.ExpectCloseAsync();
    }

    [Fact]
    public async Task A_stanza_that_is_too_large_is_answered_and_a_message_that_is_much_too_large_is_not_read()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { StanzaBytes = 20_000 },
            Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0 }] },
        });
        using var juliet = await WebSocketClient.LoginAsync(server, "juliet", "balcony");
        await juliet.SendAsync(Message(20_000));
        await ExpectErrorAsync(juliet, StreamErrorCondition.PolicyViolation);

        using var again = await WebSocketClient.LoginAsync(server, "juliet", "balcony");
        await again.SendAsync(Message(40_000));
        Assert.Null(await again.ReadOrCloseAsync());
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, again.CloseStatus);

        static string Message(int length) => $"<message xmlns='jabber:client' to='localhost'><body>{new string('x', length)}</body></message>";
    }

    [Fact]
    public async Task A_client_that_does_not_read_loses_its_connection()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { OutputBytes = 300_000, SessionBytesPerSecond = 0 },
            Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }, new() { Address = IPAddress.Loopback, Port = 0 }] },
        });
        using var juliet = await WebSocketClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var body = new string('x', 200_000);

        // The kernel holds some; then nobody waits for it.
        for (var i = 0; i < 1000 && server.Server.Context.Sessions.Count == 2; i++)
        {
            await romeo.SendAsync($"<message to='{juliet.Jid}' type='headline'><body>{body}</body></message>");
            await romeo.SendAsync($"<iq type='get' id='{i}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
            await romeo.ExpectAsync($"<iq type='result' id='{i}' from='localhost' to='{romeo.Jid}'/>");
        }
        await Eventually.UntilAsync(() => server.Server.Context.Sessions.Count == 1);
    }

    [Fact]
    public async Task A_server_that_ends_says_so()
    {
        var server = await TestServer.StartWithHttpAsync();
        using var juliet = await WebSocketClient.LoginAsync(server, "juliet", "balcony");

        var ended = server.DisposeAsync();

        await ExpectErrorAsync(juliet, StreamErrorCondition.SystemShutdown);
        await ended;
    }

    private static async Task ExpectErrorAsync(WebSocketClient client, StreamErrorCondition condition)
    {
        var error = await client.ReadAsync();
        Assert.Equal(XName.Get("error", Namespaces.Stream), error.Name);
        Assert.Equal(StreamError.WireName(condition), error.Elements().First().Name.LocalName);
        await client.ExpectCloseAsync();
    }
}
