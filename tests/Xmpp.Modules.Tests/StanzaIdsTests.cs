using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0359: ids that accounts give, and those that only look so.</summary>
public sealed class StanzaIdsTests
{
    private const string Hints = "urn:xmpp:hints";

    [Fact]
    public async Task An_account_says_that_its_ids_can_be_trusted()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Contains(StanzaId.Ns, Discovery.Parse(await juliet.InfoAsync("juliet@localhost")).Features);
    }

    [Theory]
    [InlineData("<message to='{0}'><body>Hark!</body></message>", true)]
    [InlineData("<message to='{0}' type='normal'><body>Hark!</body></message>", true)]
    [InlineData("<message to='{0}' type='chat'><body>Hark!</body><origin-id xmlns='urn:xmpp:sid:0' id='1'/></message>", true)]
    [InlineData("<message to='{0}' type='chat'><x xmlns='urn:example:x'/><store xmlns='" + Hints + "'/></message>", true)]
    [InlineData("<message to='{0}' type='chat'><x xmlns='urn:example:x'/></message>", false)]
    [InlineData("<message to='{0}' type='chat'/>", false)]
    [InlineData("<message to='{0}' type='chat'><body>Hark!</body><no-store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message to='{0}' type='chat'><body>Hark!</body><no-permanent-store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message to='{0}' type='groupchat'><body>Hark!</body></message>", false)]
    [InlineData("<message to='{0}' type='headline'><body>Hark!</body></message>", false)]
    [InlineData("<message to='{0}' type='error'><body>Hark!</body></message>", false)]
    public async Task What_an_archive_would_keep_has_an_id(string message, bool hasId)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync(string.Format(null, message, juliet.Jid));

        var received = await juliet.ReadAsync();
        Assert.Equal(hasId, StanzaId.Find(received, juliet.Jid.Bare) is not null);
        Assert.Equal(hasId ? 1 : 0, received.Elements.Count(child => child.Name == StanzaId.Name));
        Assert.Equal(message.Contains("origin-id", StringComparison.Ordinal) ? "1" : null, StanzaId.FindOrigin(received));
    }

    [Fact]
    public async Task All_resources_get_the_same_id_and_no_two_messages_do()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var chamber = await server.LoginAsync("juliet", "chamber");
        var balcony = await server.LoginAsync("juliet", "balcony");
        await chamber.ReadAsync();
        var ids = new List<string>();

        for (var i = 0; i < 1000; i++)
        {
            await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");
            var id = StanzaId.Find(await chamber.ReadAsync(), chamber.Jid.Bare)!;
            Assert.Equal(id, StanzaId.Find(await balcony.ReadAsync(), balcony.Jid.Bare));
            ids.Add(id);
            server.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(ids.Distinct().Order(StringComparer.Ordinal), ids);
    }

    [Theory]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='juliet@localhost'/>", "")]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' by='JULIET@localhost' id='forged'>text</stanza-id>", "")]
    [InlineData("<s:stanza-id xmlns:s='urn:xmpp:sid:0' id='forged' by='jul&#105;et@localhost'/>", "")]
    [InlineData("<body>Hark!</body><stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='juliet@localhost'/><x xmlns='urn:example:x'/>",
        "<body>Hark!</body><x xmlns='urn:example:x'/>")]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='juliet@localhost'/>a"
        + "<stanza-id xmlns='urn:xmpp:sid:0' id='2' by='juliet@localhost'/>b", "ab")]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='juliet@localhost/balcony'/>", null)]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='room@example.org'/>", null)]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' id='1'/>", null)]
    [InlineData("<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='@'/>", null)]
    [InlineData("<x xmlns='urn:example:x'><stanza-id xmlns='urn:xmpp:sid:0' id='1' by='juliet@localhost'/></x>", null)]
    [InlineData("<stanza-id xmlns='urn:example:other' id='1' by='juliet@localhost'/>", null)]
    public async Task What_only_looks_like_an_id_of_the_account_is_removed_whatever_the_type(string content, string? remaining)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        foreach (var type in new[] { "chat", "groupchat", "headline", "error" })
        {
            await romeo.SendAsync($"<message to='{juliet.Jid}' type='{type}'>{content}</message>");

            var received = await juliet.ReadAsync();
            Assert.NotEqual("forged", StanzaId.Find(received, juliet.Jid.Bare));
            var without = StanzaId.Strip(received, juliet.Jid.Bare);
            Assert.Equal(
                Core.Xml.Element.Parse($"<message from='{romeo.Jid}' to='{juliet.Jid}' type='{type}'>{remaining ?? content}</message>"),
                without);
        }
    }

    [Fact]
    public async Task A_stanza_that_leans_on_prefixes_of_its_stream_is_treated_alike()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var romeo = server.Connect();
        const string header = "to='localhost' version='1.0' xmlns:sid='urn:xmpp:sid:0'";
        await romeo.OpenWithAsync(header);
        await romeo.AuthenticateAsync("romeo", TestServer.Password);
        await romeo.ReadAsync();
        await romeo.OpenWithAsync(header);
        await romeo.BindAsync("orchard");

        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'>"
            + "<sid:stanza-id id='forged' by='juliet@localhost'/><body>Hark!</body></message>");

        var received = await juliet.ReadAsync();
        Assert.Equal(SortableId.Length, StanzaId.Find(received, juliet.Jid.Bare)!.Length);
        Assert.Equal(
            Core.Xml.Element.Parse($"<message from='{romeo.Jid}' to='{juliet.Jid}' type='chat'><body>Hark!</body></message>"),
            StanzaId.Strip(received, juliet.Jid.Bare));
    }

    [Fact]
    public async Task A_message_to_oneself_has_an_id_too()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<message to='{juliet.Jid}' type='chat'>"
            + "<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='juliet@localhost'/><body>O me!</body></message>");

        Assert.Equal(SortableId.Length, StanzaId.Find(await juliet.ReadAsync(), juliet.Jid.Bare)!.Length);
    }

    [Fact]
    public async Task What_waited_keeps_its_id()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var ids = new HashSet<string>();

        for (var i = 0; i < 2; i++)
        {
            var juliet = await server.ConnectAsync("juliet");
            await juliet.SendAsync("<presence/>");
            ids.Add(StanzaId.Find(await juliet.ReadAsync(), juliet.Jid.Bare)!);
            await juliet.DisposeAsync();
        }

        Assert.Single(ids);
    }
}
