using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Acknowledgements of stream management (XEP-0198 §2-4, §6).</summary>
public sealed class StreamManagementTests
{
    private const string Ns = "urn:xmpp:sm:3";

    [Fact]
    public async Task It_is_offered_when_the_client_has_authenticated()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var juliet = server.Connect();

        Assert.Null((await juliet.OpenAsync()).Child(Ns, "sm"));
        await juliet.AuthenticateAsync("juliet", TestServer.Password);
        await juliet.ReadAsync();
        Assert.NotNull((await juliet.OpenAsync()).Child(Ns, "sm"));
    }

    [Theory]
    [InlineData(false, "<enable xmlns='urn:xmpp:sm:3'/>")]
    [InlineData(false, "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>")]
    [InlineData(true, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>")]
    [InlineData(true, "<r xmlns='urn:xmpp:sm:3'/>")]
    public async Task Too_early_it_fails_and_negotiation_goes_on(bool isAuthenticated, string element)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var juliet = server.Connect();
        await juliet.OpenAsync();
        if (!isAuthenticated)
        {
            await juliet.SendAsync(element);
            await juliet.ExpectFailedAsync("unexpected-request");
        }
        await juliet.AuthenticateAsync("juliet", TestServer.Password);
        await juliet.ReadAsync();
        await juliet.OpenAsync();
        if (isAuthenticated)
        {
            await juliet.SendAsync(element);
            await juliet.ExpectFailedAsync("unexpected-request");
        }
        await juliet.BindAsync("balcony");
    }

    [Theory]
    [InlineData("", false, null)]
    [InlineData("resume='false'", false, null)]
    [InlineData("resume='true'", true, "600")]
    [InlineData("resume='1' max='60'", true, "60")]
    [InlineData("resume='true' max='86400'", true, "600")]
    [InlineData("resume='true' max='0'", false, null)]
    [InlineData("resume='true' max='soon'", true, "600")]
    public async Task Enabled_says_whether_and_for_how_long_the_stream_can_be_resumed(string attributes, bool isResumable, string? max)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<enable xmlns='{Ns}' {attributes}/>");
        var enabled = await juliet.ReadAsync();

        Assert.Equal(new XmlName(Ns, "enabled"), enabled.Name);
        Assert.Equal(isResumable ? "true" : null, enabled["resume"]);
        Assert.Equal(isResumable, enabled["id"] is { Length: >= 24 });
        Assert.Equal(max, enabled["max"]);
    }

    [Fact]
    public async Task An_operator_can_forbid_that_streams_are_resumed()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            StreamManagement = options.StreamManagement with { ResumeTime = TimeSpan.Zero },
        });
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync($"<enable xmlns='{Ns}' resume='true'/>");
        await juliet.ExpectAsync($"<enabled xmlns='{Ns}'/>");
    }

    [Fact]
    public async Task It_is_enabled_once()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await juliet.EnableAsync();

        await juliet.SendAsync($"<enable xmlns='{Ns}'/>");

        await juliet.ExpectFailedAsync("unexpected-request");
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task With_a_resource_nothing_can_be_resumed()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync($"<resume xmlns='{Ns}' previd='x' h='0'/>");
        await juliet.ExpectFailedAsync("unexpected-request");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Theory]
    [InlineData("<r xmlns='urn:xmpp:sm:3'/>", false, StreamErrorCondition.UnsupportedStanzaType)]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='0'/>", false, StreamErrorCondition.UnsupportedStanzaType)]
    [InlineData("<a xmlns='urn:xmpp:sm:3'/>", true, StreamErrorCondition.InvalidXml)]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='-1'/>", true, StreamErrorCondition.InvalidXml)]
    [InlineData("<b xmlns='urn:xmpp:sm:3'/>", true, StreamErrorCondition.UnsupportedStanzaType)]
    public async Task What_means_nothing_ends_the_stream(string element, bool isEnabled, StreamErrorCondition error)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        if (isEnabled)
            await juliet.EnableAsync();
        await juliet.SendAsync(element);
        await juliet.ExpectStreamErrorAsync(error);
    }

    [Fact]
    public async Task The_server_says_how_many_stanzas_it_has_handled()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<message to='romeo@localhost' type='headline'/>");
        await juliet.EnableAsync();
        await juliet.ExpectHandledAsync(0);

        // Kept before it counts.
        await juliet.SendAsync("<message to='romeo@localhost' type='chat'><body>Art thou gone so?</body></message>");
        await juliet.ExpectHandledAsync(1);
        Assert.Equal(1, await server.Store.Offline.CountAsync(Jid.Parse("romeo@localhost"), CancellationToken.None));

        await juliet.SendAsync($"<presence/><r xmlns='{Ns}'/><iq type='result' id='1'/>");
        await juliet.ReadAsync();
        await juliet.ExpectAsync($"<a xmlns='{Ns}' h='2'/>");
        await juliet.ExpectHandledAsync(3);
    }

    [Fact]
    public async Task A_message_that_could_not_be_kept_is_answered_before_it_counts()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var juliet = await server.ConnectAsync("juliet");
        await juliet.EnableAsync();
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        await juliet.SendAsync($"<message to='romeo@localhost' id='1'><body>Hist!</body></message><r xmlns='{Ns}'/>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        await juliet.ExpectAsync($"<a xmlns='{Ns}' h='1'/>");
        server.Store.Failure = null;
    }

    [Fact]
    public async Task The_server_asks_when_there_are_some_or_a_second_later()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");
        await juliet.EnableAsync();
        await romeo.TellAsync(juliet, 1, 8);
        await juliet.ExpectToldAsync(romeo, 1, 8);
        await juliet.ExpectAsync($"<r xmlns='{Ns}'/>");

        // Once, until it is answered.
        await romeo.TellAsync(juliet, 9, 20);
        await juliet.ExpectToldAsync(romeo, 9, 20);
        server.Time.Advance(TimeSpan.FromSeconds(2));
        await juliet.SendAsync($"<a xmlns='{Ns}' h='20'/>");
        await romeo.TellAsync(juliet, 21, 21);
        await juliet.ExpectToldAsync(romeo, 21, 21);
        await juliet.ExpectHandledAsync(0);

        server.Time.Advance(TimeSpan.FromSeconds(2));
        await juliet.ExpectAsync($"<r xmlns='{Ns}'/>");
        await juliet.SendAsync($"<a xmlns='{Ns}' h='21'/>");
        await juliet.ExpectHandledAsync(0);
        server.Time.Advance(TimeSpan.FromSeconds(2));
        await juliet.ExpectHandledAsync(0);
    }

    [Fact]
    public async Task Who_acknowledges_more_than_was_sent_is_told_the_count()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");
        await juliet.EnableAsync();
        await romeo.TellAsync(juliet, 1, 2);
        await juliet.ExpectToldAsync(romeo, 1, 2);

        await juliet.SendAsync($"<a xmlns='{Ns}' h='3'/>");

        var error = await juliet.ReadAsync();
        var tooHigh = error.Child(Ns, "handled-count-too-high")!;
        Assert.Equal(("3", "2"), (tooHigh["h"], tooHigh["send-count"]));
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.UndefinedCondition, error);
    }

    [Fact]
    public async Task Who_acknowledges_nothing_loses_the_session_and_no_message()
    {
        const int limit = 100;
        await using var server = await TestServer.StartAsync(options => options with
        {
            StreamManagement = options.StreamManagement with { QueueStanzas = limit },
        });
        var juliet = await server.LoginAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");
        await juliet.EnableAsync();

        await romeo.TellAsync(juliet, 1, limit + 1);

        await juliet.ExpectToldAsync(romeo, 1, 8);
        await juliet.ExpectAsync($"<r xmlns='{Ns}'/>");
        await juliet.ExpectToldAsync(romeo, 9, limit + 1);
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.ResourceConstraint);
        Assert.Equal(limit + 1, await server.Store.Offline.CountAsync(juliet.Jid.Bare, CancellationToken.None));
    }
}

/// <summary>What tests of stream management say and expect.</summary>
internal static class StreamManagementTesting
{
    private const string Ns = "urn:xmpp:sm:3";

    /// <summary>Enables stream management and gives the id, if there is one.</summary>
    public static async Task<string?> EnableAsync(this TestClient client, bool isResumable = false)
    {
        await client.SendAsync($"<enable xmlns='{Ns}'{(isResumable ? " resume='true'" : "")}/>");
        var enabled = await client.ReadAsync();
        Assert.Equal(new XmlName(Ns, "enabled"), enabled.Name);
        return enabled["id"];
    }

    public static async Task<Element> ExpectFailedAsync(this TestClient client, string condition)
    {
        var failed = await client.ReadAsync();
        Assert.Equal(new XmlName(Ns, "failed"), failed.Name);
        Assert.NotNull(failed.Child(Namespaces.StanzaErrors, condition));
        return failed;
    }

    public static async Task ExpectHandledAsync(this TestClient client, int count)
    {
        await client.SendAsync($"<r xmlns='{Ns}'/>");
        await client.ExpectAsync($"<a xmlns='{Ns}' h='{count}'/>");
    }

    /// <summary>Sends numbered chat messages to the other client's full JID.</summary>
    public static async Task TellAsync(this TestClient client, TestClient other, int from, int to)
    {
        for (var i = from; i <= to; i++)
            await client.SendAsync($"<message to='{other.Jid}' type='chat' id='{i}'><body>{i}</body></message>");
    }

    public static async Task ExpectToldAsync(this TestClient client, TestClient other, int from, int to)
    {
        for (var i = from; i <= to; i++)
        {
            var message = await client.ReadAsync();
            Assert.Equal(
                (other.Jid.ToString(), i.ToString(CultureInfo.InvariantCulture)),
                (message["from"], message.Child(Namespaces.Client, "body")?.Text));
        }
    }
}
