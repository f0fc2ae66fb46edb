using System.Net;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>What one client may cost.</summary>
public sealed class StreamLimitTests
{
    [Fact]
    public async Task Before_authentication_stanzas_have_to_be_small()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { UnauthenticatedStanzaBytes = 10_000, StanzaBytes = 20_000 },
        });
        var client = server.Connect();
        await client.OpenAsync();

        await client.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'>{new string('A', 10_000)}</auth>");

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Theory]
    [InlineData(20_000, true)]
    [InlineData(20_001, false)]
    public async Task Afterwards_they_may_be_larger(int size, bool isAccepted)
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { UnauthenticatedStanzaBytes = 10_000, StanzaBytes = 20_000 },
        });
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        var (start, end) = ($"<message to='{juliet.Jid}'><body>", "</body></message>");
        var body = new string('x', size - start.Length - end.Length);

        await romeo.SendAsync(start + body + end);

        if (isAccepted)
            await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}'><body>{body}</body></message>");
        else
            await romeo.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task A_stanza_without_end_is_not_waited_for()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { StanzaBytes = 20_000 },
        });
        var client = await server.ConnectAsync("romeo");

        for (var i = 0; i < 3; i++)
            await client.SendAsync((i == 0 ? "<message><body>" : "") + new string('x', 10_000));

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task Elements_are_not_nested_without_end()
    {
        await using var server = await TestServer.StartAsync(options => options with { Limits = options.Limits with { Depth = 10 } });
        var client = await server.ConnectAsync("romeo");

        await client.SendAsync($"<message to='{client.Jid}'>{Nested(9)}</message>");
        Assert.Equal("message", (await client.ReadAsync()).Name.Local);
        await client.SendAsync($"<message to='{client.Jid}'>{Nested(10)}</message>");

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);

        static string Nested(int depth) => string.Concat(Enumerable.Repeat("<x>", depth)) + string.Concat(Enumerable.Repeat("</x>", depth));
    }

    [Fact]
    public async Task An_element_has_a_limited_number_of_attributes()
    {
        await using var server = await TestServer.StartAsync(options => options with { Limits = options.Limits with { Attributes = 8 } });
        var client = await server.ConnectAsync("romeo");

        await client.SendAsync($"<message to='{client.Jid}' {Attributes(7)}/>");
        Assert.Equal("message", (await client.ReadAsync()).Name.Local);
        await client.SendAsync($"<message to='{client.Jid}' {Attributes(8)}/>");

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);

        static string Attributes(int count) => string.Join(' ', Enumerable.Range(0, count).Select(i => $"a{i}='{i}'"));
    }

    [Fact]
    public async Task Who_sends_too_fast_is_read_more_slowly_and_loses_nothing()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { SessionBytesPerSecond = 1000, SessionBurstBytes = 2000 },
        });
        var juliet = await server.ConnectAsync("juliet");
        var nurse = await server.ConnectAsync("nurse");
        var romeo = await server.ConnectAsync("romeo");

        var waiting = server.Time.NextTimerAsync();
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'><body>{new string('x', 5000)}</body></message>");
        await juliet.ReadAsync();
        await waiting;
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/><message to='{juliet.Jid}' id='3'/>");
        await juliet.ExpectNothingFromAsync(nurse);

        server.Time.Advance(TimeSpan.FromSeconds(5));
        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}' id='2'/>");
        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}' id='3'/>");
    }

    [Fact]
    public async Task A_server_that_stops_does_not_wait_for_who_sends_too_fast()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { SessionBytesPerSecond = 1000, SessionBurstBytes = 2000 },
        });
        var romeo = await server.ConnectAsync("romeo");
        var waiting = server.Time.NextTimerAsync();
        await romeo.SendAsync($"<message to='juliet@localhost'><body>{new string('x', 5000)}</body></message>");
        await waiting;

        await server.Server.StopAsync().WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Who_does_not_read_is_dropped_and_the_sender_does_not_notice()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { OutputBytes = 65_536, SessionBytesPerSecond = 0 },
        });
        var romeo = await server.ConnectAsync("romeo");
        var nurse = await server.ConnectAsync("nurse");
        var juliet = await server.ConnectAsync("juliet");

        for (var i = 0; i < 10; i++)
        {
            await romeo.SendAsync($"<message to='{juliet.Jid}' type='headline'><body>{new string('x', 10_000)}</body></message>");
            await romeo.SendAsync("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
            await romeo.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{romeo.Jid}'/>");
        }

        await juliet.Served;
        await nurse.ExpectNothingFromAsync(romeo);
        Assert.Null(server.Server.Context.Sessions.Find(juliet.Jid));
    }

    [Fact]
    public async Task One_address_has_a_limited_number_of_connections()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { ConnectionsPerAddress = 2 },
        });
        var (first, _) = (server.Connect(), server.Connect());

        await server.Connect().ExpectEndAsync();
        Assert.Equal("features", (await server.Connect(address: IPAddress.Parse("192.0.2.1")).OpenAsync()).Name.Local);

        first.Drop();
        await first.Served;
        Assert.Equal("features", (await server.Connect().OpenAsync()).Name.Local);
    }
}
