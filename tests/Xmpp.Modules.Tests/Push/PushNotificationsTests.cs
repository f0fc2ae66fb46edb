using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Push;
using Xmpp.Modules.Tests.PubSub;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Push;

/// <summary>Push notifications (XEP-0357), with a push service that is a component.</summary>
public sealed class PushNotificationsTests
{
    private const string Ns = "urn:xmpp:push:0";
    private const string Sm = "urn:xmpp:sm:3";
    private const string Enable = $"<enable xmlns='{Ns}' jid='{PushService.Domain}' node='n1'/>";

    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task It_is_a_feature_of_ones_account()
    {
        await using var server = await StartAsync();
        var juliet = await server.LoginAsync("juliet");
        await juliet.SendAsync($"<iq type='get' id='1' to='juliet@localhost'><query xmlns='{Namespaces.DiscoInfo}'/></iq>");
        Assert.Contains(Ns, (await juliet.ReadAsync()).Child(Namespaces.DiscoInfo, "query")!.Elements.Select(child => child["var"]));
    }

    [Fact]
    public async Task Who_is_offline_is_woken_once()
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable);
        var romeo = await server.LoginAsync("romeo");

        await romeo.SayAsync("juliet@localhost");
        var publication = await service.ExpectAsync("n1");
        Assert.Equal("localhost", publication.Iq["from"]);
        Assert.Equal(["message-count"], publication.Summary.Keys.Except(["FORM_TYPE"]));
        Assert.Equal("1", publication.Summary["message-count"]);
        Assert.Null(publication.Options);
        await service.AcceptAsync(publication);
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectNothingAsync(romeo);
        Assert.Equal(2, await server.Store.Offline.CountAsync(Juliet, CancellationToken.None));

        // She comes back, and leaves again.
        var juliet = await server.LoginAsync("juliet", "phone");
        await juliet.SendAsync("</stream:stream>");
        await juliet.Served;
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectAsync("n1");
    }

    [Fact]
    public async Task Publish_options_are_those_of_the_last_request()
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable,
            WithSecret("old"), WithSecret("new"), $"<enable xmlns='{Ns}' jid='{PushService.Domain}' node='n2'/>");
        var romeo = await server.LoginAsync("romeo");
        await romeo.SayAsync("juliet@localhost");

        var first = await service.ReadAsync();
        var second = await service.ReadAsync();
        var (one, two) = first.Node == "n1" ? (first, second) : (second, first);
        Assert.Equal(("n1", "n2"), (one.Node, two.Node));
        Assert.Contains("new", one.Options!.ToString(), StringComparison.Ordinal);
        Assert.Null(two.Options);

        static string WithSecret(string secret) => $"<enable xmlns='{Ns}' jid='{PushService.Domain}' node='n1'>"
            + "<x xmlns='jabber:x:data' type='submit'>"
            + "<field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>"
            + $"<field var='secret'><value>{secret}</value></field></x></enable>";
    }

    [Fact]
    public async Task Sender_and_body_are_in_it_when_the_operator_says_so()
    {
        await using var server = await StartAsync(new() { IncludeBody = true, IncludeSender = true });
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable);
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SayAsync("juliet@localhost");

        var summary = (await service.ExpectAsync("n1")).Summary;
        Assert.Equal(("romeo@localhost/orchard", "Wherefore?"), (summary["last-message-sender"], summary["last-message-body"]));
    }

    [Fact]
    public async Task A_client_whose_connection_is_lost_is_woken_once_until_it_resumes()
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "phone");
        var jid = juliet.Jid;
        await juliet.SetAsync(Enable);
        await juliet.SendAsync($"<enable xmlns='{Sm}' resume='true'/>");
        var id = (await juliet.ReadAsync())["id"];
        for (var i = 0; i < 2; i++)
        {
            juliet.Drop();
            await juliet.Served;
            await romeo.SayAsync("juliet@localhost");
            await service.AcceptAsync(await service.ExpectAsync("n1"));
            await romeo.SayAsync(jid.ToString());
            await service.ExpectNothingAsync(romeo);

            juliet = server.Connect();
            await juliet.OpenAsync();
            await juliet.AuthenticateAsync("juliet", TestServer.Password);
            await juliet.ReadAsync();
            await juliet.OpenAsync();
            await juliet.SendAsync($"<resume xmlns='{Sm}' previd='{id}' h='{i * 2}'/>");
            Assert.Equal("resumed", (await juliet.ReadAsync()).Name.Local);
            // They were kept for it.
            Assert.Equal("message", (await juliet.ReadAsync()).Name.Local);
            Assert.Equal("message", (await juliet.ReadAsync()).Name.Local);
            Assert.Equal("r", (await juliet.ReadAsync()).Name.Local);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connected_client_that_shows_no_sign_of_life_is_woken(bool shows)
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "phone");
        await juliet.SetAsync(Enable);
        await juliet.SendAsync("<inactive xmlns='urn:xmpp:csi:0'/>");
        await juliet.SendAsync("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await juliet.ReadAsync();
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectNothingAsync(romeo);
        if (shows)
        {
            await juliet.SendAsync("<iq type='get' id='2' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
            Assert.Equal("message", (await juliet.ReadAsync()).Name.Local);
            await juliet.ReadAsync();
        }
        server.Time.Advance(TimeSpan.FromSeconds(16));
        if (shows)
            await service.ExpectNothingAsync(romeo);
        else
            await service.ExpectAsync("n1");
    }

    [Fact]
    public async Task Who_is_there_is_not_woken_and_other_devices_are()
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable);
        var desk = await server.LoginAsync("juliet", "desk");
        await desk.SetAsync($"<enable xmlns='{Ns}' jid='{PushService.Domain}' node='desk'/>");
        var romeo = await server.LoginAsync("romeo");

        await romeo.SayAsync(desk.Jid.ToString()); // For nobody else.
        await service.ExpectNothingAsync(romeo);
        await romeo.SayAsync("juliet@localhost");
        await service.AcceptAsync(await service.ExpectAsync("n1"));
        await service.ExpectNothingAsync(romeo);
    }

    [Theory]
    [InlineData("type='chat'", "<body>1</body>", true)]
    [InlineData("", "<body>1</body>", true)]
    [InlineData("type='chat'", "<encrypted xmlns='eu.siacs.conversations.axolotl'/><store xmlns='urn:xmpp:hints'/>", true)]
    [InlineData("type='chat'", "<propose xmlns='urn:xmpp:jingle-message:0' id='a'/>", true)]
    [InlineData("", "<x xmlns='jabber:x:conference' jid='a@localhost'/>", true)]
    [InlineData("", "<mentions xmlns='urn:xmpp:mmn:0'/>", true)]
    [InlineData("type='chat'", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", false)]
    [InlineData("type='chat'", "<received xmlns='urn:xmpp:receipts' id='a'/>", false)]
    [InlineData("type='headline'", "<body>1</body>", false)]
    [InlineData("type='error'", "<body>1</body>", false)]
    public async Task What_is_worth_waking_for(string type, string payload, bool isWorth)
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable);
        var romeo = await server.LoginAsync("romeo");
        await romeo.SendAsync($"<message to='juliet@localhost' {type}>{payload}</message>");
        if (isWorth)
            await service.ExpectAsync("n1");
        else
            await service.ExpectNothingAsync();
    }

    [Theory]
    [InlineData($"<disable xmlns='{Ns}' jid='{PushService.Domain}'/>", new string[0])]
    [InlineData($"<disable xmlns='{Ns}' jid='{PushService.Domain}' node='n1'/>", new[] { "n2" })]
    [InlineData($"<disable xmlns='{Ns}' jid='other.localhost'/>", new[] { "n1", "n2" })]
    public async Task What_is_disabled_is_not_sent(string disable, string[] remaining)
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable, $"<enable xmlns='{Ns}' jid='{PushService.Domain}' node='n2'/>", disable);
        var romeo = await server.LoginAsync("romeo");
        await romeo.SayAsync("juliet@localhost");

        var nodes = new List<string?>();
        foreach (var _ in remaining)
            nodes.Add((await service.ReadAsync()).Node);
        Assert.Equal(remaining, nodes.Order());
        await service.ExpectNothingAsync(romeo);
    }

    [Theory]
    [InlineData("cancel", "item-not-found", 1)]
    [InlineData("auth", "forbidden", 1)]
    [InlineData("wait", "resource-constraint", 3)]
    public async Task A_node_whose_service_answers_with_errors_is_disabled(string type, string condition, int times)
    {
        await using var server = await StartAsync(new() { MaxErrors = 3 });
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable);
        var romeo = await server.LoginAsync("romeo");
        for (var i = 0; i < times; i++)
        {
            await romeo.SayAsync("juliet@localhost");
            await service.RefuseAsync(await service.ExpectAsync("n1"), type, condition);
            await service.ExpectNothingAsync();
            await server.Server.Context.Tasks.EndAsync();
        }
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectNothingAsync(romeo);
    }

    [Theory]
    [InlineData("n1", true)]
    [InlineData("other", false)]
    public async Task A_service_can_end_it(string node, bool isEnd)
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await GoneAsync(server, Enable);
        await service.Component.SendAsync($"<message from='{PushService.Domain}' to='juliet@localhost'>"
            + $"<pubsub xmlns='http://jabber.org/protocol/pubsub' node='{node}'>"
            + "<affiliation jid='juliet@localhost' affiliation='none'/></pubsub></message>");
        await service.ExpectNothingAsync();
        Assert.Equal(isEnd ? 0 : 1, (await server.Store.AccountData.ListAsync(Juliet, "push", CancellationToken.None)).Count);
    }

    [Theory]
    [InlineData($"<enable xmlns='{Ns}' node='n1'/>", StanzaErrorCondition.BadRequest)]
    [InlineData($"<enable xmlns='{Ns}' jid='@' node='n1'/>", StanzaErrorCondition.BadRequest)]
    [InlineData($"<disable xmlns='{Ns}'/>", StanzaErrorCondition.BadRequest)]
    [InlineData($"<enable xmlns='{Ns}' jid='elsewhere.example' node='n1'/>", StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData(
        $"<enable xmlns='{Ns}' jid='{PushService.Domain}' node='n1'><x xmlns='jabber:x:data' type='submit'/></enable>",
        StanzaErrorCondition.NotAcceptable)]
    public async Task What_is_wrong_is_refused(string request, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        var juliet = await server.LoginAsync("juliet");
        await juliet.SendAsync($"<iq type='set' id='1'>{request}</iq>");
        await juliet.ExpectErrorAsync(condition);
    }

    [Fact]
    public async Task An_account_enables_as_many_nodes_as_it_may_and_not_those_of_others()
    {
        await using var server = await StartAsync(new() { MaxPerAccount = 1 });
        var juliet = await server.LoginAsync("juliet");
        await juliet.SetAsync(Enable);
        await juliet.SetAsync(Enable);
        await juliet.SendAsync($"<iq type='set' id='1'><enable xmlns='{Ns}' jid='{PushService.Domain}' node='n2'/></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        await juliet.SendAsync($"<iq type='set' id='1' to='romeo@localhost'>{Enable}</iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task A_service_that_is_not_connected_is_tried_again_with_the_next_message()
    {
        await using var server = await StartAsync();
        await GoneAsync(server, Enable);
        var romeo = await server.LoginAsync("romeo");
        await romeo.SayAsync("juliet@localhost");
        await romeo.ExpectNothingFromAsync(romeo);

        var service = await PushService.ConnectAsync(server);
        await romeo.SayAsync("juliet@localhost");
        Assert.Equal("2", (await service.ExpectAsync("n1")).Summary["message-count"]);
    }

    [Fact]
    public async Task What_is_enabled_survives_a_restart()
    {
        await using var server = await StartAsync(hasJournal: true);
        await GoneAsync(server, Enable);
        await server.RestartAsync(isKilled: false);
        var service = await PushService.ConnectAsync(server);
        var romeo = await server.LoginAsync("romeo");
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectAsync("n1");
    }

    /// <summary>XEP-0492.</summary>
    [Fact]
    public async Task What_bookmarks_say_of_a_chat_decides_whether_a_device_is_woken()
    {
        await using var server = await StartAsync();
        var service = await PushService.ConnectAsync(server);
        await SetAsync("<never/>");
        var romeo = await server.LoginAsync("romeo");
        var nurse = await server.LoginAsync("nurse");
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectNothingAsync(romeo);
        await nurse.SayAsync("juliet@localhost");
        await service.ExpectAsync("n1");

        await SetAsync("<always/>");
        await romeo.SayAsync("juliet@localhost");
        await service.ExpectAsync("n1");

        async Task SetAsync(string when)
        {
            await GoneAsync(server, Enable);
            var desk = await server.LoginAsync("juliet", "desk");
            Assert.Equal("result", (await desk.AskAsync("set", null, Settings(when)))["type"]);
            await desk.SendAsync("</stream:stream>");
            await desk.Served;
        }

        static string Settings(string when) => "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:bookmarks:1'>"
            + "<item id='romeo@localhost'><conference xmlns='urn:xmpp:bookmarks:1'><extensions>"
            + $"<notify xmlns='urn:xmpp:notification-settings:1'>{when}</notify></extensions></conference></item></publish></pubsub>";
    }

    private static Task<TestServer> StartAsync(PushOptions? push = null, bool hasJournal = false)
    {
        return TestServer.StartAsync(options => options with
        {
            StreamManagement = !hasJournal ? options.StreamManagement : new()
            {
                Journal = new() { File = Path.Combine(options.Tls.Certificates, "sessions.journal"), Bytes = 32 * 1024 * 1024 },
            },
            Components = new() { Port = 0, List = [new() { Domain = PushService.Domain, Secret = PushService.Secret }] },
            Modules = options.Modules with { Push = push ?? new() },
        });
    }

    /// <summary>A phone has asked for something, and is gone.</summary>
    private static async Task GoneAsync(TestServer server, params string[] requests)
    {
        var juliet = await server.LoginAsync("juliet", "phone");
        foreach (var request in requests)
            await juliet.SetAsync(request);
        await juliet.SendAsync("</stream:stream>");
        await juliet.Served;
    }
}
