using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>The deadline of negotiation, and what notices that a client is gone.</summary>
public sealed class PassingTimeTests
{
    private static readonly TimeSpan Negotiation = TimeSpan.FromSeconds(61);
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(ListenerTls.None)]
    [InlineData(ListenerTls.StartTls)]
    public async Task A_connection_that_says_nothing_is_ended(ListenerTls tls)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect(tls);

        server.Time.Advance(Negotiation);

        await client.ExpectStreamErrorAsync(StreamErrorCondition.ConnectionTimeout);
        Assert.Equal("localhost", client.ServerHeader!.From);
    }

    [Fact]
    public async Task Saying_a_little_now_and_then_does_not_buy_time()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();

        server.Time.Advance(Negotiation / 3);
        await client.OpenAsync();
        server.Time.Advance(Negotiation / 3);
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();
        await client.OpenAsync();
        server.Time.Advance(Negotiation / 3 + TimeSpan.FromSeconds(1));

        await client.ExpectStreamErrorAsync(StreamErrorCondition.ConnectionTimeout);
    }

    [Fact]
    public async Task A_bound_session_has_no_deadline()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        server.Time.Advance(Negotiation * 2);

        await PingAsync(juliet);
    }

    [Fact]
    public async Task A_silent_client_is_asked_whether_it_is_there_and_stays_if_it_answers()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        for (var i = 0; i < 3; i++)
        {
            server.Time.Advance(KeepAliveInterval);
            await ExpectKeepAliveAsync(juliet);
            await juliet.SendAsync($"<iq type='result' id='keep-alive' to='localhost'/>");
            await PingAsync(juliet);
        }
    }

    [Fact]
    public async Task White_space_is_a_sign_of_life()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        server.Time.Advance(KeepAliveInterval);
        await ExpectKeepAliveAsync(juliet);

        // Handled before the ping behind it, which proves that it came.
        await juliet.SendAsync(" ");
        await PingAsync(juliet);
        server.Time.Advance(KeepAliveTimeout * 2);

        await PingAsync(juliet);
    }

    [Fact]
    public async Task A_client_that_no_longer_answers_is_dropped()
    {
        await using var server = await TestServer.StartAsync();
        var orchard = await server.LoginAsync("juliet", "orchard");
        var balcony = await server.LoginAsync("juliet", "balcony");
        await orchard.ReadAsync();
        server.Time.Advance(KeepAliveInterval);
        await ExpectKeepAliveAsync(balcony);
        await ExpectKeepAliveAsync(orchard);
        await PingAsync(orchard);

        server.Time.Advance(KeepAliveTimeout);

        await balcony.ExpectEndAsync();
        await orchard.ExpectAsync($"<presence type='unavailable' from='{balcony.Jid}' to='{orchard.Jid}'/>");
        await PingAsync(orchard);
    }

    private static Task<Element> ExpectKeepAliveAsync(TestClient client) => client.ExpectAsync(
        $"<iq type='get' id='keep-alive' from='localhost' to='{client.Jid}'><ping xmlns='urn:xmpp:ping'/></iq>");

    private static async Task PingAsync(TestClient client)
    {
        await client.SendAsync("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await client.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{client.Jid}'/>");
    }
}
