using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0160: what waits for whom, and how it comes.</summary>
public sealed class OfflineMessagesTests
{
    private const string Hints = "urn:xmpp:hints";
    private const string ChatStates = "http://jabber.org/protocol/chatstates";
    private const string Active = $"<active xmlns='{ChatStates}'/>";
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task The_server_says_that_it_keeps_messages()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        Assert.Contains("msgoffline", Discovery.Parse(await romeo.InfoAsync("localhost")).Features);
    }

    [Fact]
    public async Task What_nobody_could_take_comes_in_order_with_a_note_of_the_delay_and_a_ping_behind_it()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await server.CreateAccountAsync(Juliet);

        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1' xml:lang='en'><body>O blessed night!</body></message>");
        await romeo.SendAsync("<message to='juliet@localhost/balcony' type='chat' id='2'><body>I am afeard.</body></message>");
        await romeo.SendAsync("<message to='juliet@localhost' id='3'><subject>Dream</subject></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        server.Time.Advance(TimeSpan.FromHours(1));
        var juliet = await server.ConnectAsync("juliet", "chamber");
        await juliet.SendAsync("<presence/>");

        const string delay = "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2026-01-01T00:00:00Z'>Offline Storage</delay>";
        await juliet.ExpectAsync(
            $"<message from='{romeo.Jid}' to='juliet@localhost' type='chat' id='1' xml:lang='en'>"
            + $"<body>O blessed night!</body>{delay}</message>");
        await juliet.ExpectAsync(
            $"<message from='{romeo.Jid}' to='juliet@localhost/balcony' type='chat' id='2'><body>I am afeard.</body>{delay}</message>");
        await juliet.ExpectAsync(
            $"<message from='{romeo.Jid}' to='juliet@localhost' id='3'><subject>Dream</subject>{delay}</message>");
        var (presence, ping) = await ReadPresenceAndPingAsync(juliet);
        Assert.Equal(juliet.Jid.ToString(), presence["from"]);
        Assert.Equal(("get", "localhost", juliet.Jid.ToString()), (ping["type"], ping["from"], ping["to"]));
    }

    [Theory]
    // XEP-0160 §3
    [InlineData("<message type='normal'><body>Hark!</body></message>", true)]
    [InlineData("<message><body>Hark!</body></message>", true)]
    [InlineData("<message type='unheard-of'><body>Hark!</body></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body><active xmlns='" + ChatStates + "'/></message>", true)]
    [InlineData("<message type='chat'><received xmlns='urn:xmpp:receipts' id='1'/></message>", true)]
    [InlineData("<message type='chat'><encrypted xmlns='urn:example:encrypted'/></message>", true)]
    [InlineData("<message type='chat'><composing xmlns='" + ChatStates + "'/></message>", false)]
    [InlineData("<message type='chat'><composing xmlns='" + ChatStates + "'/><thread>1</thread></message>", false)]
    [InlineData("<message type='chat'><paused xmlns='" + ChatStates + "'/><origin-id xmlns='urn:xmpp:sid:0' id='1'/></message>", false)]
    [InlineData("<message><composing xmlns='" + ChatStates + "'/></message>", false)]
    [InlineData("<message type='chat'/>", false)]
    [InlineData("<message type='groupchat'><body>Hark!</body></message>", false)]
    [InlineData("<message type='headline'><body>Hark!</body></message>", false)]
    [InlineData("<message type='error'><body>Hark!</body></message>", false)]
    // XEP-0334
    [InlineData("<message type='chat'><body>Hark!</body><no-store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message type='chat'><body>Hark!</body><no-store xmlns='urn:example:hints'/></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body><no-permanent-store xmlns='" + Hints + "'/></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body><no-copy xmlns='" + Hints + "'/></message>", true)]
    [InlineData("<message type='chat'><composing xmlns='" + ChatStates + "'/><store xmlns='" + Hints + "'/></message>", true)]
    [InlineData("<message type='chat'><store xmlns='" + Hints + "'/></message>", true)]
    [InlineData("<message type='chat'><store xmlns='" + Hints + "'/><no-store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message type='headline'><body>Hark!</body><store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message type='error'><body>Hark!</body><store xmlns='" + Hints + "'/></message>", false)]
    public async Task Only_what_means_something_later_is_kept(string message, bool isKept)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);

        await romeo.SendAsync(message.Replace("<message", "<message to='juliet@localhost'"));
        await romeo.SendAsync($"<message to='{romeo.Jid}' id='end'/>");
        while ((await romeo.ReadAsync())["id"] != "end")
        {
            // What isn't kept may be returned.
        }

        Assert.Equal(isKept ? 1 : 0, await server.Store.Offline.CountAsync(Juliet, CancellationToken.None));
        // Hints are for others as well: they stay.
        if (isKept && message.Contains(Hints, StringComparison.Ordinal))
        {
            var juliet = await server.ConnectAsync("juliet");
            await juliet.SendAsync("<presence/>");
            Assert.Contains((await juliet.ReadAsync()).Elements, child => child.Name.Namespace == Hints);
        }
    }

    [Fact]
    public async Task A_full_queue_returns_messages_and_keeps_what_it_has()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { OfflineMessages = new() { Messages = 2 } },
        });
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);

        for (var i = 1; i <= 3; i++)
        {
            await romeo.SendAsync($"<message to='juliet@localhost' type='chat' id='{i}'><body>Hark!</body>"
                + $"<no-permanent-store xmlns='{Hints}'/></message>");
        }

        var error = await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        Assert.Equal(("3", "juliet@localhost"), (error["id"], error["from"]));
        Assert.Equal("Too many messages are waiting for the recipient.", StanzaError.Parse(error)!.Text);
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<presence/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Who_sends_to_an_account_that_does_not_exist_sees_no_difference()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);

        foreach (var to in new[] { "juliet", "nobody" })
        {
            foreach (var type in new[] { "normal", "chat", "groupchat", "headline", "error" })
            {
                await romeo.SendAsync($"<message to='{to}@localhost' type='{type}' id='{type}'><body>Hark!</body></message>");
                await romeo.SendAsync($"<message to='{to}@localhost' type='{type}' id='{type} state'>{Active}</message>");
            }
        }
        await romeo.SendAsync($"<message to='{romeo.Jid}' id='end'/>");

        var answers = new List<(string? Id, string? From, StanzaErrorCondition? Condition)>();
        for (var answer = await romeo.ReadAsync(); answer["id"] != "end"; answer = await romeo.ReadAsync())
            answers.Add((answer["id"], answer["from"]![..answer["from"]!.IndexOf('@')], StanzaError.Parse(answer)?.Condition));
        Assert.Equal(
            answers.Where(answer => answer.From == "juliet").Select(answer => (answer.Id, answer.Condition)),
            answers.Where(answer => answer.From == "nobody").Select(answer => (answer.Id, answer.Condition)));
        Assert.Contains(("groupchat", "nobody", StanzaErrorCondition.ServiceUnavailable), answers);
        Assert.DoesNotContain(answers, answer => answer.Id is "normal" or "chat");
    }

    [Fact]
    public async Task A_resource_of_negative_priority_gets_nothing_until_it_wants_messages()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony", priority: -1);

        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");
        await juliet.ExpectNothingFromAsync(romeo);
        await juliet.SendAsync("<presence/>");

        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
    }

    [Theory]
    [InlineData("<iq type='result' id='{0}' to='localhost'/>")]
    [InlineData("<iq type='error' id='{0}' to='localhost'><error type='cancel'>"
        + "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")]
    public async Task A_message_is_there_until_its_client_has_it_and_then_no_more(string answer)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);

        // Twice the connection breaks before the client could say that it has it.
        for (var i = 0; i < 2; i++)
        {
            var juliet = await server.ConnectAsync("juliet");
            await juliet.SendAsync("<presence/>");
            Assert.Equal("1", (await juliet.ReadAsync())["id"]);
            await juliet.DisposeAsync();
        }

        var third = await server.ConnectAsync("juliet");
        await third.SendAsync("<presence/>");
        Assert.Equal("1", (await third.ReadAsync())["id"]);
        var (_, ping) = await ReadPresenceAndPingAsync(third);
        await third.SendAsync(string.Format(null, answer, ping["id"]));
        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(Juliet, CancellationToken.None) == 0);
        await third.DisposeAsync();
        var fourth = await server.LoginAsync("juliet");
        await fourth.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Who_comes_while_another_resource_is_getting_them_gets_only_what_is_new()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var balcony = await server.ConnectAsync("juliet", "balcony");
        await balcony.SendAsync("<presence/>");
        Assert.Equal("1", (await balcony.ReadAsync())["id"]);
        await ReadPresenceAndPingAsync(balcony);

        var chamber = await server.LoginAsync("juliet", "chamber");
        await balcony.ReadAsync();
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='2'><body>Hark!</body></message>");

        Assert.Equal("2", (await balcony.ReadAsync())["id"]);
        Assert.Equal("2", (await chamber.ReadAsync())["id"]);
    }

    [Fact]
    public async Task When_a_resource_ends_before_it_has_them_another_one_that_is_there_gets_them()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var dead = await server.ConnectAsync("juliet", "dead");
        await dead.SendAsync("<presence/>");
        Assert.Equal("1", (await dead.ReadAsync())["id"]);
        await ReadPresenceAndPingAsync(dead);
        var alive = await server.LoginAsync("juliet", "alive");

        await dead.DisposeAsync();

        var (unavailable, message) = (await alive.ReadAsync(), await alive.ReadAsync());
        if (unavailable.Name.Local == "message")
            (unavailable, message) = (message, unavailable);
        Assert.Equal(("unavailable", "1"), (unavailable["type"], message["id"]));
        var ping = await alive.ReadAsync();
        await alive.SendAsync($"<iq type='result' id='{ping["id"]}' to='localhost'/>");
        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(Juliet, CancellationToken.None) == 0);
    }

    [Fact]
    public async Task Many_come_page_by_page_each_when_the_one_before_has_come_and_what_is_new_comes_behind()
    {
        const int count = 2 * OfflineDelivery.PageMessages + 50;
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);
        for (var i = 0; i < count; i++)
            await romeo.SendAsync($"<message to='juliet@localhost' type='chat' id='{i}'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<presence/>");

        var received = new List<string>();
        var pages = new List<int>();
        while (received.Count < count + 2)
        {
            var stanza = await juliet.ReadAsync();
            switch (stanza.Name.Local)
            {
                case "message":
                    received.Add(stanza["id"]!);
                    break;
                case "presence":
                    // While older ones are on the way: kept, if it is worth it, else delivered at once.
                    await romeo.SendAsync($"<message to='juliet@localhost' type='chat' id='{count}'><body>And now?</body></message>");
                    await romeo.SendAsync($"<message to='juliet@localhost' type='chat' id='state'>{Active}</message>");
                    await romeo.ExpectNothingFromAsync(romeo);
                    break;
                case "iq":
                    pages.Add(received.Count);
                    await juliet.SendAsync($"<iq type='result' id='{stanza["id"]}' to='localhost'/>");
                    break;
            }
        }

        Assert.True(received.Remove("state"));
        Assert.Equal(Enumerable.Range(0, count + 1).Select(i => $"{i}"), received);
        Assert.Equal(2, pages.Count(page => page is >= OfflineDelivery.PageMessages and < count));
        // Live again, though the last page has not been shown to have come.
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='live'><body>Hark!</body></message>");
        var last = await juliet.ReadAsync();
        var live = await juliet.ReadAsync();
        Assert.Equal(("live", null), (live["id"], live.Child("urn:xmpp:delay", "delay")));
        await juliet.SendAsync($"<iq type='result' id='{last["id"]}' to='localhost'/>");
        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(Juliet, CancellationToken.None) == 0);
    }

    [Fact]
    public async Task A_large_backlog_does_not_end_a_client_that_reads_slowly()
    {
        const int count = 100;
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { OutputBytes = 65_536 },
        });
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);
        var body = new string('x', 10_000);
        for (var i = 0; i < count; i++)
        {
            await romeo.SendAsync($"<message to='juliet@localhost' type='chat' id='{i}'><body>{body}</body></message>");
            await romeo.ExpectNothingFromAsync(romeo);
        }

        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<presence/>");
        for (var next = 0; next < count;)
        {
            var stanza = await juliet.ReadAsync();
            if (stanza.Name.Local == "message")
                Assert.Equal($"{next++}", stanza["id"]);
            else if (stanza.Name.Local == "iq")
                await juliet.SendAsync($"<iq type='result' id='{stanza["id"]}' to='localhost'/>");
        }
    }

    [Fact]
    public async Task Nothing_is_lost_doubled_or_out_of_order_while_the_recipient_comes_and_goes()
    {
        const int count = 300;
        await using var server = await TestServer.StartAsync();
        string[] names = ["romeo", "benvolio", "mercutio"];
        var senders = new List<TestClient>();
        foreach (var name in names)
            senders.Add(await server.ConnectAsync(name));
        var juliet = await server.ConnectAsync("juliet");

        var sending = Task.WhenAll(senders.Select(async sender =>
        {
            for (var i = 0; i < count; i++)
            {
                await sender.SendAsync($"<message to='juliet@localhost' type='chat' id='{i}'><body>Hark!</body></message>");
                if (i % 10 == 0)
                    await sender.ExpectNothingFromAsync(sender);
            }
        }));
        var next = senders.ToDictionary(sender => sender.Jid.ToString(), _ => 0);
        var isAvailable = false;
        await juliet.SendAsync("<presence/>");
        while (next.Values.Any(number => number < count))
        {
            var stanza = await juliet.ReadAsync();
            switch (stanza.Name.Local)
            {
                case "message":
                    Assert.Equal($"{next[stanza["from"]!]++}", stanza["id"]);
                    if (next.Values.Sum() % 7 == 0)
                    {
                        isAvailable = !isAvailable;
                        await juliet.SendAsync(isAvailable ? "<presence type='unavailable'/><presence/>" : "<presence/>");
                    }
                    break;
                case "iq":
                    await juliet.SendAsync($"<iq type='result' id='{stanza["id"]}' to='localhost'/>");
                    break;
            }
        }
        await sending;
    }

    [Fact]
    public async Task Nobody_else_says_that_this_server_delayed_a_message()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");
        const string other = "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='2002-09-10T23:08:25Z'/>";

        var forged = other.Replace("example.org", "LOCALHOST");
        await romeo.SendAsync($"<message to='{juliet.Jid}'>{forged}{other}</message>");

        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}'>{other}</message>");
    }

    [Fact]
    public async Task A_message_to_oneself_waits_like_any_other()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>O me!</body></message>");
        await juliet.SendAsync("<presence/>");

        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Without_the_module_messages_are_returned()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { Disabled = ["offlineMessages"] },
        });
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    /// <summary>The client's own presence and the ping, which may come in either order.</summary>
    private static async Task<(Element Presence, Element Ping)> ReadPresenceAndPingAsync(TestClient client)
    {
        var (first, second) = (await client.ReadAsync(), await client.ReadAsync());
        var ping = first.Name.Local == "iq" ? first : second;
        Assert.NotNull(ping.Child("urn:xmpp:ping", "ping"));
        return (first.Name.Local == "iq" ? second : first, ping);
    }
}
