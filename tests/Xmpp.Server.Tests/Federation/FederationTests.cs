using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Federation;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>Two servers that talk to each other over loopback, with real TLS and certificates of one CA.</summary>
public sealed class FederationTests : IDisposable
{
    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("openssl", ListenerTls.StartTls)]
    [InlineData("openssl", ListenerTls.Direct)]
    [InlineData("sslstream", ListenerTls.StartTls)]
    [InlineData("sslstream", ListenerTls.Direct)]
    public async Task Messages_go_both_ways(string engine, ListenerTls tls)
    {
        await using var capulet = await StartAsync("capulet.example", engine, tls);
        await using var montague = await StartAsync("montague.example", engine, tls);
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");

        await juliet.SendAsync($"<message to='{romeo.Jid}' type='chat' id='1'><body>Wherefore &amp; why?</body></message>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}' type='chat' id='1'><body>Wherefore &amp; why?</body></message>");
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat' id='2'><body>Here.</body></message>");
        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}' type='chat' id='2'><body>Here.</body></message>");
    }

    [Fact]
    public async Task Stanzas_stay_in_order_whether_they_wait_or_not()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        for (var i = 0; i < 200; i++)
            await juliet.SendAsync($"<message to='{romeo.Jid}' id='{i}'/>");
        for (var i = 0; i < 200; i++)
            Assert.Equal($"{i}", (await romeo.ReadAsync())["id"]);
    }

    [Fact]
    public async Task What_names_the_namespaces_of_streams_means_the_same_over_there()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        const string forwarded = "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>1</body></message></forwarded>";
        await juliet.SendAsync($"<message xmlns='jabber:client' to='{romeo.Jid}'><body xmlns='jabber:client'>2</body>{forwarded}</message>");
        await romeo.ExpectAsync($"<message from='{juliet.Jid}' to='{romeo.Jid}'><body>2</body>{forwarded}</message>");
    }

    [Fact]
    public async Task Contacts_subscribe_and_see_each_other()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");

        await juliet.SendAsync("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
        await juliet.SendAsync("<presence to='romeo@montague.example' type='subscribe' id='s'/>");
        Assert.Equal("subscribe", (await romeo.ReadAsync())["type"]);
        await romeo.SendAsync("<presence to='juliet@capulet.example' type='subscribed'/>");
        Assert.Equal("subscribed", (await NextPresenceAsync(juliet))["type"]);
        Assert.Equal(romeo.Jid.ToString(), (await NextPresenceAsync(juliet))["from"]);

        // A newcomer probes.
        var phone = await capulet.LoginAsync("juliet@capulet.example", "phone");
        Assert.Equal(romeo.Jid.ToString(), (await NextPresenceAsync(phone))["from"]);
        await romeo.SendAsync("<presence><show>away</show></presence>");
        Assert.Equal("away", (await NextPresenceAsync(phone)).Child(Namespaces.Client, "show")?.Text);
        await romeo.SendAsync("<presence type='unavailable'/>");
        Assert.Equal("unavailable", (await NextPresenceAsync(phone))["type"]);
    }

    [Fact]
    public async Task Rooms_have_occupants_from_elsewhere()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        const string room = "ball@conference.capulet.example";
        const string muc = "http://jabber.org/protocol/muc";

        await juliet.SendAsync($"<presence to='{room}/juliet'><x xmlns='{muc}'/></presence>");
        await UntilAsync(juliet, stanza => stanza.Child(Namespaces.Client, "subject") is not null);
        await juliet.SendAsync(
            $"<iq type='set' id='c' to='{room}'><query xmlns='{muc}#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
        await UntilAsync(juliet, stanza => stanza["id"] == "c");
        await romeo.SendAsync($"<presence to='{room}/romeo'><x xmlns='{muc}'/></presence>");
        await UntilAsync(romeo, stanza => stanza.Child(Namespaces.Client, "subject") is not null);
        await romeo.SendAsync($"<message to='{room}' type='groupchat'><body>Hello</body></message>");
        await UntilAsync(juliet, stanza => stanza.Child(Namespaces.Client, "body")?.Text == "Hello");
        await UntilAsync(romeo, stanza => stanza.Child(Namespaces.Client, "body")?.Text == "Hello");
    }

    [Fact]
    public async Task A_message_that_can_not_be_kept_is_returned_though_somebody_has_it()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        capulet.Store.ArchiveHold = release.Task;
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat' id='1'><body>1</body></message>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        capulet.Store.Failure = StanzaErrorCondition.ResourceConstraint;
        release.SetResult();
        Assert.Equal("1", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        capulet.Store.Failure = null;
    }

    [Fact]
    public async Task Requests_are_answered_across_and_vcards_read()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        await montague.CreateAccountAsync(Jid.Parse("romeo@montague.example"));
        await juliet.SendAsync("<iq type='get' id='1' to='montague.example'><ping xmlns='urn:xmpp:ping'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='1' from='montague.example' to='{juliet.Jid}'/>");
        await juliet.SendAsync("<iq type='get' id='2' to='romeo@montague.example'><vCard xmlns='vcard-temp'/></iq>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        await juliet.SendAsync("<iq type='get' id='3' to='montague.example'><x xmlns='urn:x'/></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task Blocked_addresses_elsewhere_are_not_heard()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await juliet.SendAsync("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='montague.example'/></block></iq>");
        await UntilAsync(juliet, stanza => stanza["id"] == "b");
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1' type='chat'><body>1</body></message>");
        Assert.Equal("1", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["id"]);
    }

    [Fact]
    public async Task A_stream_is_made_again_when_it_was_closed()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        await romeo.ReadAsync();
        var link = Assert.Single(capulet.Server.Context.Federation.Links);
        // What was not acknowledged yet is, before the stream ends: nothing comes twice.
        link.Close(LinkFailure.Timeout("closed by the test"), mayRetry: true);
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='2'/>");
        Assert.Equal("2", (await romeo.ReadAsync())["id"]);
    }

    [Fact]
    public async Task An_administrator_closes_the_streams_of_both_directions()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        var federation = capulet.Server.Context.Federation;
        var control = new FederationControl(capulet.Server.Context, federation);
        Assert.Equal([false, true], control.List("montague.example").Select(link => link.IsIncoming));
        Assert.Empty(control.List("verona.example"));
        var (outgoing, incoming) = (Assert.Single(federation.Links).Stream!, Assert.Single(federation.Incoming));

        Assert.Equal(0, await control.CloseAsync("verona.example"));
        Assert.Equal(2, await control.CloseAsync("montague.example"));

        await outgoing.Connection.Finished.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        await incoming.Connection.Finished.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='3'/>");
        Assert.Equal("3", (await romeo.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Streams_that_nobody_uses_are_closed_and_forgotten()
    {
        await using var capulet = await StartAsync("capulet.example");
        await using var montague = await StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        await romeo.ReadAsync();
        var link = Assert.Single(capulet.Server.Context.Federation.Links);
        var stream = link.Stream!;
        capulet.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => link.IsIdle);
        capulet.Time.Advance(capulet.Options.S2s.IdleTimeout + TimeSpan.FromSeconds(2));
        Assert.True(stream.IsOver);
        await stream.Connection.Finished.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        await Eventually.UntilAsync(
            () => !capulet.Server.Context.Federation.Links.Any(), meanwhile: () => capulet.Time.Advance(TimeSpan.FromSeconds(1)));
    }

    private Task<TestServer> StartAsync(string domain, string engine = "auto", ListenerTls tls = ListenerTls.StartTls) =>
        _network.StartAsync(domain, options => options with { Tls = options.Tls with { Engine = engine } }, tls);

    /// <summary>Without roster pushes.</summary>
    private static async Task<Core.Xml.Element> NextPresenceAsync(TestClient client)
    {
        while (true)
        {
            if (await client.ReadAsync() is { Name.Local: "presence" } presence && presence["from"]?.StartsWith("romeo", StringComparison.Ordinal) == true)
                return presence;
        }
    }

    private static async Task UntilAsync(TestClient client, Func<Core.Xml.Element, bool> isIt)
    {
        while (!isIt(await client.ReadAsync()))
        {
            // Something else.
        }
    }
}
