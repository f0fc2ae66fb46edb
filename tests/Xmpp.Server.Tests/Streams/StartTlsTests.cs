using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>STARTTLS as far as it is XML (RFC 6120 §5); the handshake itself is the transport's.</summary>
public sealed class StartTlsTests
{
    private const string StartTls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

    [Fact]
    public async Task Nothing_can_be_done_before_tls()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect(ListenerTls.StartTls);
        await client.OpenAsync();

        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectFailureAsync("encryption-required");

        await client.SendAsync("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        await client.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Fact]
    public async Task After_tls_the_stream_starts_anew()
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "example.org"] });
        var client = server.Connect(ListenerTls.StartTls);
        await client.OpenAsync("localhost");
        await client.SendAsync(StartTls);
        await client.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");

        // What was said in clear doesn't count any more, not even the host (§5.4.3.3).
        var features = await client.OpenAsync("example.org");

        Assert.Equal("example.org", client.ServerHeader!.From);
        Assert.Null(features.Child(Namespaces.Tls, "starttls"));
        Assert.NotNull(features.Child(Namespaces.Sasl, "mechanisms"));
    }

    [Theory]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldABzZWNyZXQ=</auth>")]
    [InlineData("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>")]
    [InlineData("<")]
    public async Task Bytes_behind_starttls_end_the_stream(string injected)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect(ListenerTls.StartTls);
        await client.OpenAsync();

        await client.SendAsync(StartTls + injected);

        await client.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task A_line_feed_behind_starttls_is_thrown_away()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect(ListenerTls.StartTls);
        await client.OpenAsync();

        await client.SendAsync(StartTls + "\n");

        await client.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        Assert.Equal("features", (await client.OpenAsync()).Name.Local);
    }

    [Theory]
    [InlineData(ListenerTls.StartTls)]
    [InlineData(ListenerTls.Direct)]
    [InlineData(ListenerTls.None)]
    public async Task Who_asks_for_tls_where_it_is_not_offered_gets_a_failure_and_the_end(ListenerTls tls)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect(tls);
        var features = await client.OpenAsync();
        if (tls == ListenerTls.StartTls)
        {
            await client.SendAsync(StartTls);
            await client.ReadAsync();
            features = await client.OpenAsync();
        }
        Assert.Null(features.Child(Namespaces.Tls, "starttls"));

        await client.SendAsync(StartTls);

        await client.ExpectAsync($"<failure xmlns='{Namespaces.Tls}'/>");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task On_a_listener_without_tls_passwords_do_not_travel_in_clear()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect(ListenerTls.None, isEncrypted: false);

        var features = await client.OpenAsync();

        var mechanisms = features.Child(Namespaces.Sasl, "mechanisms")!.Elements.Select((Element mechanism) => mechanism.Text).ToList();
        Assert.Contains("SCRAM-SHA-256", mechanisms);
        Assert.DoesNotContain("PLAIN", mechanisms);
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectFailureAsync("encryption-required");
    }
}
