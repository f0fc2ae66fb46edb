using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Federation;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Federation.PlayedServer;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What was sent to a server that does no stream management, when its connection is lost.</summary>
public sealed class UnconfirmedStanzaTests : IDisposable
{
    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("type='result'/>")]
    [InlineData("type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")]
    public async Task What_an_answer_to_a_later_ping_confirms_is_not_returned(string answer)
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptAsync(played);
        await peer.ExpectMessageAsync("1");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        var ping = await peer.ExpectPingAsync();
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/><presence to='romeo@{Remote}' id='3'/>");
        await peer.ExpectMessageAsync("2");
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<iq id='{ping}' from='{Remote}' to='{Local}' {answer}");
        await peer.WaitUntilHandledAsync(juliet);
        peer.Client.Drop();

        foreach (var id in new[] { "2", "3" })
            Assert.Equal(id, (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='4'/>");
        await (await AcceptAsync(played)).ExpectMessageAsync("4");
    }

    [Fact]
    public async Task The_answer_may_come_by_a_stream_of_the_other_server()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptOneWayAsync(played);
        await peer.ExpectMessageAsync("1");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        var ping = await peer.ExpectPingAsync();
        var back = server.ConnectServer(_network.CertificateOf(Remote));
        await back.LoginServerAsync(Remote, Local);
        await back.SendAsync($"<iq id='{ping}' from='romeo@{Remote}' to='{Local}' type='result'/>");
        var link = Assert.Single(server.Server.Context.Federation.Links);
        await back.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        Assert.False(link.IsIdle, "Somebody there may not answer for the server.");
        await back.SendAsync($"<iq id='{ping}' from='{Remote}' to='{Local}' type='result'/>");
        await back.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='3'/>");
        Assert.Equal("3", (await juliet.ReadAsync())["id"]);
        Assert.True(link.IsIdle);
    }

    [Fact]
    public async Task What_a_server_ends_its_stream_for_is_returned_and_not_sent_again()
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptAsync(played);
        await peer.ExpectMessageAsync("1");
        await peer.Client.SendAsync(
            "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
        Assert.Equal("1", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        await (await AcceptAsync(played)).ExpectMessageAsync("2");
    }

    [Fact]
    public async Task A_server_that_answers_no_more_loses_its_connection()
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptAsync(played);
        await peer.ExpectMessageAsync("1");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await peer.Client.SendAsync($"<iq id='{await peer.ExpectPingAsync()}' from='{Remote}' to='{Local}' type='result'/>");
        await peer.WaitUntilHandledAsync(juliet);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        await peer.ExpectMessageAsync("2");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await peer.ExpectPingAsync();
        server.Time.Advance(server.Options.Limits.KeepAliveTimeout + TimeSpan.FromSeconds(2));
        Assert.Equal("2", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_never_answers_by_a_connection_for_both_directions_loses_it(bool isTheirs)
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var theirs = isTheirs ? await ConnectAsync(server) : null;
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = theirs ?? (await AcceptAsync(played)).Client;
        Assert.Equal("1", (await peer.ReadAsync())["id"]);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await peer.ReadAsync()).Child("urn:xmpp:ping", "ping"));
        server.Time.Advance(server.Options.Limits.KeepAliveTimeout + TimeSpan.FromSeconds(2));
        Assert.Equal("1", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
        Assert.Null(Assert.Single(server.Server.Context.Federation.Links).Stream);
    }

    [Fact]
    public async Task A_server_that_may_have_no_way_to_answer_is_believed_to_have_what_it_got()
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptOneWayAsync(played);
        await peer.ExpectMessageAsync("1");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await peer.ExpectPingAsync();
        server.Time.Advance(server.Options.Limits.KeepAliveTimeout + TimeSpan.FromSeconds(2));
        Assert.True(Assert.Single(server.Server.Context.Federation.Links).IsIdle);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        await peer.ExpectMessageAsync("2");
        peer.Client.Drop();
        Assert.Equal("2", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
    }

    [Fact]
    public async Task A_server_that_may_have_no_way_to_answer_gets_more_than_may_wait_for_it()
    {
        await using var server = await StartAsync(options => options with { S2s = options.S2s with { QueueStanzas = 10 } });
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptOneWayAsync(played);
        await peer.ExpectMessageAsync("1");
        for (var id = 2; id < 30; id++)
        {
            await juliet.SendAsync($"<message to='romeo@{Remote}' id='{id}'/>");
            await peer.ExpectMessageAsync($"{id}");
        }
        peer.Client.Drop();
        for (var id = 20; id < 30; id++)
            Assert.Equal($"{id}", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
    }

    [Fact]
    public async Task An_administrator_s_closing_waits_for_the_answer()
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptAsync(played);
        await peer.ExpectMessageAsync("1");
        var federation = server.Server.Context.Federation;
        var closed = new FederationControl(server.Server.Context, federation).CloseAsync(Remote);
        var ping = await peer.ExpectPingAsync();
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        await juliet.ExpectNothingFromAsync(juliet);
        await peer.Client.SendAsync($"<iq id='{ping}' from='{Remote}' to='{Local}' type='result'/>");
        await peer.Client.ExpectEndAsync();
        Assert.Equal(1, await closed);
        await (await AcceptAsync(played)).ExpectMessageAsync("2");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_sent_before_this_server_ends_the_stream_is_returned_if_there_are_answers(bool isAnswered)
    {
        await using var server = await StartAsync();
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await (isAnswered ? AcceptAsync(played) : AcceptOneWayAsync(played));
        await peer.ExpectMessageAsync("1");
        if (isAnswered)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            await peer.Client.SendAsync($"<iq id='{await peer.ExpectPingAsync()}' from='{Remote}' to='{Local}' type='result'/>");
            await peer.WaitUntilHandledAsync(juliet);
        }
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        await peer.ExpectMessageAsync("2");
        Assert.Single(server.Server.Context.Federation.Links).Close(new(StanzaErrorCondition.NotAllowed, "Closed in the test."));
        await peer.Client.ExpectEndAsync();
        if (isAnswered)
            Assert.Equal("2", (await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAllowed))["id"]);
        await juliet.ExpectNothingFromAsync(juliet);
    }

    /// <summary>The end of the process before, and whether the next one sends again what that has sent.</summary>
    public enum Ending
    {
        Killed,
        Confirmed,
        NotConfirmed,
    }

    [Theory]
    [InlineData(Ending.Killed, true)]
    [InlineData(Ending.Confirmed, false)]
    [InlineData(Ending.NotConfirmed, true)]
    public async Task The_next_process_sends_again_what_was_not_confirmed_to_the_one_before(Ending ending, bool isAgain)
    {
        await using var server = await StartAsync(options => options with
        {
            StreamManagement = options.StreamManagement with
            {
                Journal = new JournalOptions { File = Path.Combine(_network.Certificates, "journal"), Bytes = 32 * 1024 * 1024 },
            },
        });
        await using var played = new PlayedServer(_network);
        await using var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await AcceptAsync(played);
        await peer.ExpectMessageAsync("1");
        var restarted = server.RestartAsync(ending == Ending.Killed);
        var ping = await peer.ExpectPingAsync();
        if (ending == Ending.Confirmed)
            await peer.Client.SendAsync($"<iq id='{ping}' from='{Remote}' to='{Local}' type='result'/>");
        else
            peer.Client.Drop();
        await restarted;
        server.Time.Advance(TimeSpan.FromSeconds(2));
        var again = await server.LoginAsync($"juliet@{Local}", "balcony");
        await again.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        peer = await AcceptAsync(played);
        if (isAgain)
            await peer.ExpectMessageAsync("1");
        await peer.ExpectMessageAsync("2");
    }

    private Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? configure = null) => _network.StartAsync(Local, options =>
        (configure?.Invoke(options) ?? options) is var configured ? configured with { S2s = configured.S2s with { Bidi = true } } : options);

    /// <summary>One connection for both directions (XEP-0288), so that the test can answer by it.</summary>
    private static async Task<Played> AcceptAsync(PlayedServer server)
    {
        var played = await server.AcceptSecuredAsync();
        await played.Client.AnswerServerAsync(Header, External + "<bidi xmlns='urn:xmpp:features:bidi'/>");
        await played.Client.ReadAsync();
        await played.Client.ReadAsync();
        await played.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await played.Client.AnswerServerAsync(Header, "");
        return played;
    }

    /// <summary>One by which it can't answer, as most servers make them.</summary>
    private static Task<Played> AcceptOneWayAsync(PlayedServer server) => server.AcceptAuthenticatedAsync(features: "");

    /// <summary>One for both directions, which the other server has made.</summary>
    private async Task<TestClient> ConnectAsync(TestServer server)
    {
        var peer = server.ConnectServer(_network.CertificateOf(Remote));
        await peer.LoginServerAsync(Remote, Local, "<bidi xmlns='urn:xmpp:bidi'/>");
        // So long it has to enable stream management.
        server.Time.Advance(TimeSpan.FromSeconds(2));
        return peer;
    }
}

file static class PlayedExtensions
{
    public static async Task ExpectMessageAsync(this Played peer, string id) => Assert.Equal(id, (await peer.Client.ReadAsync())["id"]);

    /// <returns>Its id.</returns>
    public static async Task<string> ExpectPingAsync(this Played peer)
    {
        var ping = await peer.Client.ReadAsync();
        Assert.Equal(("get", Local, Remote), (ping["type"], ping["from"], ping["to"]));
        Assert.NotNull(ping.Child("urn:xmpp:ping", "ping"));
        return ping["id"]!;
    }

    /// <summary>All that was sent before has been handled.</summary>
    public static async Task WaitUntilHandledAsync(this Played peer, TestClient client)
    {
        await peer.Client.SendAsync($"<message from='romeo@{Remote}' to='{client.Jid}' id='marker'/>");
        Assert.Equal("marker", (await client.ReadAsync())["id"]);
    }
}
