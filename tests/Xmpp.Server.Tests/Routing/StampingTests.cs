using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>What the server changes of a stanza on its way, and what it leaves alone (RFC 6120 §8.1).</summary>
public sealed class StampingTests
{
    private const string XmlLang = "xml:lang";

    [Theory]
    [InlineData("")]
    [InlineData("from='romeo@localhost/orchard'")]
    [InlineData("from='romeo@localhost'")]
    [InlineData("from='ROMEO@localhost/orchard'")]
    [InlineData("from='&#114;omeo@localhost/orchard'")]
    public async Task The_sender_is_its_full_jid_whatever_it_says_of_itself(string from)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message {from} to='{juliet.Jid}' id='1'><body>Hark!</body></message>");

        await juliet.ExpectAsync($"<message from='romeo@localhost/orchard' to='{juliet.Jid}' id='1'><body>Hark!</body></message>");
    }

    [Theory]
    [InlineData("message", "benvolio@localhost")]
    [InlineData("message", "romeo@localhost/elsewhere")]
    [InlineData("message", "localhost")]
    [InlineData("message", "")]
    [InlineData("message", "ro meo@localhost")]
    [InlineData("presence", "benvolio@localhost")]
    [InlineData("iq", "benvolio@localhost")]
    public async Task Who_claims_to_be_somebody_else_is_thrown_out(string stanza, string from)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet");
        var nurse = await server.ConnectAsync("nurse");

        await romeo.SendAsync($"<{stanza} from='{from}' to='{juliet.Jid}' type='get' id='1'/>");

        await romeo.ExpectStreamErrorAsync(StreamErrorCondition.InvalidFrom);
        await juliet.ExpectNothingFromAsync(nurse);
    }

    [Theory]
    [InlineData("<message to='TO'><body/></message>", "it")]
    [InlineData("<message to='TO' xml:lang='de'><body/></message>", "de")]
    [InlineData("<message to='TO'><body xml:lang='de'/></message>", "it")]
    [InlineData("<message from='romeo@localhost' to='TO'/>", "it")]
    [InlineData("<x:message to='TO'/>", "it")]
    [InlineData("<message to='TO'><stream:x/></message>", "it")]
    [InlineData("<presence to='TO'/>", "it")]
    [InlineData("<presence to='TO' xml:lang='de'/>", "de")]
    [InlineData("<iq to='TO' type='result' id='1'><x xmlns='urn:test'/></iq>", "it")]
    public async Task The_language_of_the_stream_is_that_of_stanzas_that_have_none(string xml, string language)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var romeo = await OpenAsync(server, "xml:lang='it' xmlns:x='jabber:client'");

        await romeo.SendAsync(xml.Replace("TO", juliet.Jid.ToString(), StringComparison.Ordinal));

        Assert.Equal(language, (await juliet.ReadAsync()).Attribute(new XmlName(Namespaces.Xml, "lang")));
    }

    [Fact]
    public async Task Where_the_stream_has_no_language_none_is_added()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message to='{juliet.Jid}'/>");

        Assert.DoesNotContain(XmlLang, (await juliet.ReadAsync()).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    // What a stanza means mustn't depend on the sender's stream header, which the recipient doesn't see.
    [InlineData("<x:message to='TO'><x:body>Hark!</x:body></x:message>", "<message to='TO'><body>Hark!</body></message>")]
    [InlineData(
        "<message to='TO'><p:data p:unit='ell'>3</p:data></message>",
        "<message to='TO'><data xmlns='urn:test' xmlns:p='urn:test' p:unit='ell'>3</data></message>")]
    [InlineData(
        "<message to='TO'><data xmlns='urn:other'><p:data/></data></message>",
        "<message to='TO'><data xmlns='urn:other'><data xmlns='urn:test'/></data></message>")]
    public async Task A_stanza_that_leans_on_its_stream_s_prefixes_arrives_with_its_meaning(string sent, string received)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var romeo = await OpenAsync(server, "xmlns:x='jabber:client' xmlns:p='urn:test'");

        await romeo.SendAsync(sent.Replace("TO", juliet.Jid.ToString(), StringComparison.Ordinal));

        await juliet.ExpectAsync(received.Replace("<message", $"<message from='{romeo.Jid}'", StringComparison.Ordinal)
            .Replace("TO", juliet.Jid.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<body>a &lt; b &amp;&amp; c &gt; d &quot;&apos; &#x1F339; \U0001F339</body>")]
    [InlineData("<body><![CDATA[<b>Hark!</b> &amp;]]></body>")]
    [InlineData("<body> white\n\tspace \n</body>")]
    [InlineData("<x xmlns='urn:test' a='&lt;&amp;&quot;&#10;&#9;'><y xmlns=''/></x>")]
    [InlineData("<a:x xmlns:a='urn:a'><a:y xmlns:a='urn:b'/><a:z/></a:x>")]
    [InlineData("text between<a/>elements<b/>")]
    public async Task Content_arrives_as_it_was_sent(string content)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message to='{juliet.Jid}' id='a&amp;b'>{content}</message>");

        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}' id='a&amp;b'>{content}</message>");
    }

    [Fact]
    public async Task An_error_returns_with_the_id_however_it_was_written()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='nobody@localhost' id='&lt;&#39;&amp;'/>");

        Assert.Equal("<'&", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["id"]);
    }

    /// <summary>romeo's session on a stream whose header has these attributes as well.</summary>
    private static async Task<TestClient> OpenAsync(TestServer server, string attributes)
    {
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync("romeo", TestServer.Password);
        await client.ReadAsync();
        await client.OpenWithAsync($"to='localhost' version='1.0' {attributes}");
        await client.BindAsync("orchard");
        return client;
    }
}
