using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>XMPP over BOSH (XEP-0124, XEP-0206).</summary>
public sealed class BoshTests
{
    private const string Sm = "urn:xmpp:sm:3";
    private const string Ping = "<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";

    [Fact]
    public async Task A_session_begins_with_its_terms_and_the_features_of_the_stream()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = new BoshClient(server);

        var answer = await client.CreateAsync("hold='5' wait='20' ack='1' from='juliet@localhost'");

        Assert.Equal("20", (string?)answer.Attribute("wait"));
        Assert.Equal("1", (string?)answer.Attribute("hold"));
        Assert.Equal("2", (string?)answer.Attribute("requests"));
        Assert.Equal("60", (string?)answer.Attribute("inactivity"));
        Assert.Equal("120", (string?)answer.Attribute("maxpause"));
        Assert.Equal("1.6", (string?)answer.Attribute("ver"));
        Assert.Equal("localhost", (string?)answer.Attribute("from"));
        Assert.Equal("1573741820", (string?)answer.Attribute("ack"));
        Assert.Equal(32, ((string?)answer.Attribute("sid"))!.Length);
        Assert.Equal("1.0", (string?)answer.Attribute(XName.Get("version", "urn:xmpp:xbosh")));
        Assert.NotNull(answer.Attribute("authid"));
        // XEP-0206 §2: it is declared there, too.
        Assert.Equal(Namespaces.Stream, answer.GetNamespaceOfPrefix("stream")?.NamespaceName);
        var features = answer.Elements().Single();
        Assert.Equal(XName.Get("features", Namespaces.Stream), features.Name);
        Assert.Null(features.Element(XName.Get("starttls", Namespaces.Tls)));
    }

    [Fact]
    public async Task Stanzas_go_both_ways()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");

        var held = juliet.SendAsync(
            $"<message xmlns='jabber:client' to='{romeo.Jid}' id='1'><body>a</body></message><message xmlns='jabber:client' to='{romeo.Jid}' id='2'/>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='1'><body>a</body></message>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='2'/>");
        Assert.False(held.IsCompleted);
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='3'><body>&lt;b/></body></message>");

        var message = (await held).Elements().Single();
        Assert.Equal(XName.Get("message", Namespaces.Client), message.Name);
        Assert.Equal("<b/>", message.Element(XName.Get("body", Namespaces.Client))!.Value);

        // What comes while there is no request waits for the next.
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='4'/>");
        Assert.Equal("4", (string?)(await juliet.SendAsync()).Elements().Single().Attribute("id"));
    }

    [Fact]
    public async Task One_more_request_than_may_be_held_frees_the_oldest_and_so_does_time()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony", "hold='1' wait='10'");

        var first = juliet.SendAsync();
        var second = juliet.SendAsync();
        Assert.Empty((await first).Elements());
        Assert.False(second.IsCompleted);

        server.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Empty((await second).Elements());
    }

    [Fact]
    public async Task Requests_are_taken_in_their_order()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");

        var rid = juliet.Rid;
        juliet.Rid = rid + 1;
        var second = juliet.SendAsync(Message("2"));
        juliet.Rid = rid;
        var first = juliet.SendAsync(Message("1"));

        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='1'/>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='2'/>");
        await first;
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='3'/>");
        Assert.Single((await second).Elements());

        string Message(string id) => $"<message xmlns='jabber:client' to='{romeo.Jid}' id='{id}'/>";
    }

    [Fact]
    public async Task An_answer_that_was_lost_can_be_had_again()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");

        var once = await juliet.SendAsync(Ping);
        juliet.Rid--;
        var again = await juliet.SendAsync(Ping);

        Assert.Equal(once.ToString(), again.ToString());
        // It was not taken twice.
        var next = await juliet.SendAsync(Ping.Replace("'p'", "'q'", StringComparison.Ordinal));
        Assert.Equal("q", (string?)next.Elements().Single().Attribute("id"));
    }

    [Theory]
    [InlineData("<body xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='0' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='9007199254740992' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='1' xmlns='http://jabber.org/protocol/httpbind'>", "bad-request")]
    [InlineData("<body rid='1' xmlns='http://jabber.org/protocol/httpbind'/><a/>", "bad-request")]
    [InlineData("<body rid='1'/>", "bad-request")]
    [InlineData("nonsense", "bad-request")]
    [InlineData("", "bad-request")]
    [InlineData("<body rid='1' content='text/html&#10;x: y' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='1' sid='unknown' xmlns='http://jabber.org/protocol/httpbind'/>", "item-not-found")]
    public async Task What_is_no_request_of_a_session_is_refused(string body, string condition)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = new BoshClient(server);

        ExpectEnd(await client.PostAsync(body), condition);
    }

    [Theory]
    [InlineData(2, "item-not-found")]
    [InlineData(-3, "item-not-found")]
    public async Task A_number_out_of_the_window_ends_the_session(int ahead, string condition)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");

        juliet.Rid += ahead;
        ExpectEnd(await juliet.SendAsync(), condition);
        ExpectEnd(await juliet.SendAsync(), "item-not-found");
    }

    [Fact]
    public async Task A_stream_error_ends_the_session()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = new BoshClient(server);

        var answer = await client.PostAsync(
            $"<body rid='1' to='elsewhere.example' hold='1' wait='60' xmlns='{BoshClient.Ns}' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>");

        ExpectEnd(answer, "remote-stream-error");
        Assert.NotNull(answer.Element(XName.Get("error", Namespaces.Stream))!.Element(XName.Get("host-unknown", Namespaces.StreamErrors)));
    }

    [Fact]
    public async Task A_client_ends_its_session_with_a_last_word()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");
        var held = juliet.SendAsync(PresenceTo(romeo));
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='{romeo.Jid}'/>");

        var last = juliet.SendAsync($"<message xmlns='jabber:client' to='{romeo.Jid}' id='1'/>", "type='terminate'");

        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='1'/>");
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{romeo.Jid}'/>");
        // §13: the oldest request hears of the end, the others nothing.
        Assert.Equal("terminate", (string?)(await held).Attribute("type"));
        Assert.Null((await held).Attribute("condition"));
        Assert.Null((await last).Attribute("type"));
        Assert.Empty((await last).Elements());
        ExpectEnd(await juliet.SendAsync(), "item-not-found");
    }

    [Fact]
    public async Task A_client_that_makes_no_requests_is_gone_unless_it_said_how_long()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");

        Assert.Empty((await juliet.SendAsync(PresenceTo(romeo), "pause='100'")).Elements());
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='{romeo.Jid}'/>");
        server.Time.Advance(TimeSpan.FromSeconds(90));
        Assert.Single((await juliet.SendAsync(Ping)).Elements());

        server.Time.Advance(TimeSpan.FromSeconds(62));
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{romeo.Jid}'/>");
        ExpectEnd(await juliet.SendAsync(), "item-not-found");
    }

    [Fact]
    public async Task A_pause_is_answered_along_with_all_that_is_held()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");

        var held = juliet.SendAsync();
        var pause = juliet.SendAsync("", "pause='60'");

        Assert.Empty((await held).Elements());
        Assert.Empty((await pause).Elements());
    }

    [Fact]
    public async Task A_request_that_comes_again_before_it_was_answered_takes_the_place_of_the_first()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");
        var first = juliet.SendAsync(PresenceTo(romeo));
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='{romeo.Jid}'/>");

        juliet.Rid--;
        var again = juliet.SendAsync(PresenceTo(romeo));

        // §17.3.
        Assert.Equal("error", (string?)(await first).Attribute("type"));
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'/>");
        Assert.Equal("1", (string?)(await again).Elements().Single().Attribute("id"));
        // It was not taken twice.
        _ = juliet.SendAsync($"<message xmlns='jabber:client' to='{romeo.Jid}' id='2'/>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='2'/>");
    }

    [Fact]
    public async Task More_requests_than_allowed_end_the_session()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartWithHttpAsync(null, module =>
            module.Iq(IqType.Get, IqTarget.Server, new XmlName("urn:test", "slow"), async (_, _) =>
            {
                asked.SetResult();
                await answer.Task;
                return IqReply.Result();
            }));
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");

        // While the first keeps the server busy the second is not read, so that both are held.
        var first = juliet.SendAsync("<iq xmlns='jabber:client' type='get' id='s' to='localhost'><slow xmlns='urn:test'/></iq>");
        await asked.Task.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        var second = juliet.SendAsync(Ping);
        var third = juliet.SendAsync(Ping);

        ExpectEnd(await third, "policy-violation");
        ExpectEnd(await first, "policy-violation");
        ExpectEnd(await second, "policy-violation");
        answer.SetResult();
    }

    [Fact]
    public async Task What_comes_with_a_restart_is_ignored()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        using var juliet = new BoshClient(server);
        await juliet.CreateAsync();

        await juliet.AuthenticateAsync("juliet", Bind("early"));

        var bound = await juliet.SendAsync(Bind("b"));
        Assert.Equal("b", (string?)bound.Elements().Single().Attribute("id"));

        static string Bind(string id) => $"<iq xmlns='jabber:client' type='set' id='{id}'><bind xmlns='{Namespaces.Bind}'/></iq>";
    }

    [Fact]
    public async Task The_language_of_a_session_holds_after_a_restart()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony", "hold='1' wait='60' xml:lang='it'");
        var romeo = await server.LoginAsync("romeo", "orchard");

        _ = juliet.SendAsync($"<message xmlns='jabber:client' to='{romeo.Jid}' id='1'/>");

        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' id='1' xml:lang='it'/>");
    }

    [Theory]
    [InlineData("text/html; charset=utf-8")]
    [InlineData("application/xml")]
    public async Task A_client_says_what_answers_are_to_be_called(string type)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = new BoshClient(server) { ExpectedType = type };

        // §7.1: each of them; what a browser would make of it does no harm.
        await client.CreateAsync($"hold='1' wait='60' content='{type}'");
        await client.SendAsync("", "type='terminate'");
    }

    [Fact]
    public async Task A_stream_is_resumed_in_another_session()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var juliet = await BoshClient.LoginAsync(server, "juliet", "balcony");
        var romeo = await server.LoginAsync("romeo", "orchard");
        var id = (string)(await juliet.SendAsync($"<enable xmlns='{Sm}' resume='true'/>")).Elements().Single().Attribute("id")!;
        server.Time.Advance(TimeSpan.FromSeconds(62));
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='late'/>");
        // The message is handled when what is behind it was.
        await romeo.SendAsync("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await romeo.ExpectAsync($"<iq type='result' id='p' from='localhost' to='{romeo.Jid}'/>");

        using var again = new BoshClient(server);
        await again.CreateAsync();
        await again.AuthenticateAsync("juliet");
        var answers = (await again.SendAsync($"<resume xmlns='{Sm}' h='0' previd='{id}'/>")).Elements().ToList();
        // What was waiting comes with the answer, or with the next one.
        if (answers.Count == 1)
            answers.AddRange((await again.SendAsync()).Elements());

        Assert.Equal(XName.Get("resumed", Sm), answers[0].Name);
        Assert.Equal("late", (string?)answers[1].Attribute("id"));
    }

    private static string PresenceTo(TestClient client) => $"<presence xmlns='jabber:client' to='{client.Jid}'/>";

    private static void ExpectEnd(XElement answer, string condition)
    {
        Assert.Equal("terminate", (string?)answer.Attribute("type"));
        Assert.Equal(condition, (string?)answer.Attribute("condition"));
    }
}
