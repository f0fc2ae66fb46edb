using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Who comes back goes on where the connection was lost (XEP-0198 §5), and what becomes of the messages of who doesn't.</summary>
public sealed class StreamResumptionTests
{
    private const string Ns = "urn:xmpp:sm:3";

    private static readonly TimeSpan ResumeTime = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_lost_or_doubled_when_a_connection_is(bool isLostBefore)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = (await juliet.EnableAsync(isResumable: true))!;
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>");
        await romeo.ReadAsync();
        await romeo.TellAsync(juliet, 1, 3);
        await juliet.ExpectToldAsync(romeo, 1, 3);
        await juliet.SendAsync($"<a xmlns='{Ns}' h='1'/>");
        await juliet.ExpectHandledAsync(1);
        if (isLostBefore)
            await juliet.LoseAsync();
        await romeo.TellAsync(juliet, 4, 5);
        // He doesn't notice.
        await romeo.ExpectNothingFromAsync(romeo);

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='2'/>");

        await again.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='1'/>");
        await again.ExpectToldAsync(romeo, 3, 5);
        await again.ExpectAsync($"<r xmlns='{Ns}'/>");
        await again.SendAsync($"<a xmlns='{Ns}' h='5'/>");
        await again.SendAsync($"<message to='{romeo.Jid}' id='6'/>");
        await romeo.ExpectAsync($"<message to='{romeo.Jid}' from='{juliet.Jid}' id='6'/>");
        await again.ExpectHandledAsync(2);
        await romeo.TellAsync(juliet, 6, 6);
        await again.ExpectToldAsync(romeo, 6, 6);
        if (!isLostBefore)
        {
            await juliet.ExpectToldAsync(romeo, 4, 5);
            await juliet.ExpectStreamErrorAsync(StreamErrorCondition.Conflict);
        }
    }

    [Fact]
    public async Task A_stream_is_resumed_again_and_again()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = (await juliet.EnableAsync(isResumable: true))!;
        var client = juliet;
        for (var i = 1; i <= 5; i++)
        {
            await client.LoseAsync();
            await romeo.TellAsync(juliet, i, i);
            await romeo.ExpectNothingFromAsync(romeo); // It has arrived.
            client = await server.AuthenticateAsync("juliet");
            await client.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='{i - 1}'/>");
            await client.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='0'/>");
            await client.ExpectToldAsync(romeo, i, i);
            await client.ExpectAsync($"<r xmlns='{Ns}'/>");
        }
    }

    [Fact]
    public async Task What_was_still_being_handled_counts()
    {
        var isReached = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(null, builder => builder.Message(MessageStage.Guard, async (message, _) =>
        {
            if (message.Stanza.Attribute("id"u8) == "slow")
            {
                isReached.SetResult();
                await release.Task;
            }
            return Verdict.Continue;
        }));
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = await juliet.EnableAsync(isResumable: true);
        await juliet.SendAsync("<message to='localhost' id='slow'/>");
        await isReached.Task;

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        await juliet.ExpectConflictAsync();
        release.SetResult();

        Assert.Equal("1", (await again.ReadAsync())["h"]);
    }

    [Theory]
    [InlineData("previd='unknown' h='0'", "item-not-found")]
    [InlineData("previd='ID' h='0'", "item-not-found")]
    [InlineData("previd='ID'", "bad-request")]
    [InlineData("previd='ID' h='x'", "bad-request")]
    [InlineData("h='0'", "bad-request")]
    public async Task What_is_not_ones_own_is_not_there_and_a_resource_can_be_bound(string attributes, string condition)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");
        var id = await juliet.EnableAsync(isResumable: true);
        await server.CreateAccountAsync(Jid.Parse("paris@localhost"));
        var paris = await server.AuthenticateAsync("paris");

        await paris.SendAsync($"<resume xmlns='{Ns}' {attributes.Replace("ID", id, StringComparison.Ordinal)}/>");

        Assert.Null((await paris.ExpectFailedAsync(condition))["h"]);
        await paris.BindAsync("garden");
        await juliet.ExpectHandledAsync(0);
    }

    [Fact]
    public async Task Who_says_too_high_a_count_may_try_again()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");
        var id = await juliet.EnableAsync(isResumable: true);
        await juliet.LoseAsync();

        var liar = await server.AuthenticateAsync("juliet");
        await liar.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='1'/>");
        await liar.ExpectStreamErrorAsync(StreamErrorCondition.UndefinedCondition);

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='0'/>");
    }

    [Fact]
    public async Task Who_stays_away_is_unavailable_in_the_end_and_finds_the_messages_later()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            StreamManagement = options.StreamManagement with { ResumeTime = ResumeTime },
        });
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = await juliet.EnableAsync(isResumable: true);
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>");
        await romeo.ReadAsync();
        await romeo.TellAsync(juliet, 1, 2);
        await juliet.ExpectToldAsync(romeo, 1, 2);
        await juliet.SendAsync($"<a xmlns='{Ns}' h='1'/>");
        await juliet.ExpectHandledAsync(1);
        await juliet.LoseAsync();
        var sent = server.Time.GetUtcNow();

        server.Time.Advance(ResumeTime);
        await romeo.TellAsync(juliet, 3, 3);
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat' id='typing'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
        await romeo.SendAsync($"<iq type='get' to='{juliet.Jid}' id='ask'><x xmlns='urn:x'/></iq>");
        await romeo.ExpectNothingFromAsync(romeo);
        server.Time.Advance(TimeSpan.FromSeconds(2));

        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{romeo.Jid}'/>");
        Assert.Equal("typing", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["id"]);
        Assert.Equal("ask", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["id"]);

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='1'/>");
        Assert.Equal("1", (await again.ExpectFailedAsync("item-not-found"))["h"]);
        await again.BindAsync("balcony");
        await again.SendAsync("<presence/>");
        var first = await again.ReadAsync();
        Assert.Equal("2", first.Child(Namespaces.Client, "body")?.Text);
        Assert.Equal(sent, Delay.Parse(Assert.Single(first.Elements, child => child.Name == Delay.Name))?.Stamp);
        await again.ExpectToldAsync(romeo, 3, 3);
    }

    [Fact]
    public async Task Who_closes_the_stream_is_gone_at_once()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.EnableAsync(isResumable: true);
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/></stream:stream>");
        await romeo.ReadAsync();
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{romeo.Jid}'/>");
    }

    [Fact]
    public async Task A_session_that_is_about_to_end_is_not_resumed()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = await juliet.EnableAsync(isResumable: true);
        // As when her closing tag has been read, and the stream not ended yet.
        server.Server.Context.Sessions.Find(juliet.Jid)!.Leave();

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");

        await again.ExpectFailedAsync("item-not-found");
        await again.BindAsync("balcony");
    }

    [Fact]
    public async Task Without_resumption_what_was_not_acknowledged_waits_for_the_next_session()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.EnableAsync();
        await romeo.TellAsync(juliet, 1, 3);
        await juliet.ExpectToldAsync(romeo, 1, 3);
        await juliet.SendAsync($"<a xmlns='{Ns}' h='1'/>");
        await juliet.ExpectHandledAsync(0);
        juliet.Drop();
        await juliet.Served;

        var again = await server.ConnectAsync("juliet");
        await again.SendAsync("<presence/>");
        await again.ExpectToldAsync(romeo, 2, 3);
        await again.ReadAsync(); // A ping behind them,
        await again.ReadAsync(); // and its own presence.
        await again.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(true, false, 1)]
    [InlineData(false, false, 0)]
    public async Task A_message_that_another_client_has_is_not_lost(bool isOtherManaged, bool isAcknowledged, int lost)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var balcony = await server.LoginAsync("juliet", "balcony");
        var chamber = await server.LoginAsync("juliet", "chamber");
        await balcony.ReadAsync();
        await balcony.EnableAsync();
        if (isOtherManaged)
            await chamber.EnableAsync();
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>1</body></message>");
        await balcony.ExpectToldAsync(romeo, 1, 1);
        await chamber.ExpectToldAsync(romeo, 1, 1);
        if (isAcknowledged)
        {
            await chamber.SendAsync($"<a xmlns='{Ns}' h='1'/>");
            await chamber.ExpectHandledAsync(0);
        }

        chamber.Drop();
        await chamber.Served;
        // Only when the other is gone too is it certain.
        Assert.Equal(0, await server.Store.Offline.CountAsync(balcony.Jid.Bare, CancellationToken.None));
        balcony.Drop();
        await balcony.Served;

        Assert.Equal(lost, await server.Store.Offline.CountAsync(balcony.Jid.Bare, CancellationToken.None));
    }

    [Fact]
    public async Task What_one_client_lost_another_gets()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var balcony = await server.LoginAsync("juliet", "balcony");
        await balcony.EnableAsync();
        await romeo.TellAsync(balcony, 1, 1);
        await balcony.ExpectToldAsync(romeo, 1, 1);
        var chamber = await server.LoginAsync("juliet", "chamber");

        balcony.Drop();

        var first = await chamber.ReadAsync();
        var message = first.Name.Local == "message" ? first : await chamber.ReadAsync();
        Assert.Equal("1", message.Child(Namespaces.Client, "body")?.Text);
        Assert.NotNull(message.Child(Delay.Ns, "delay"));
    }

    [Fact]
    public async Task Messages_that_are_kept_anyway_are_not_kept_twice()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>1</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var juliet = await server.ConnectAsync("juliet");
        await juliet.EnableAsync();
        await juliet.SendAsync("<presence/>");
        await juliet.ExpectToldAsync(romeo, 1, 1);
        juliet.Drop();
        await juliet.Served;

        Assert.Equal(1, await server.Store.Offline.CountAsync(juliet.Jid.Bare, CancellationToken.None));
    }

    [Fact]
    public async Task Who_is_away_keeps_nobody_out()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { SessionsPerAccount = 2 },
        });
        var first = await server.LoginAsync("juliet", "1");
        await first.EnableAsync(isResumable: true);
        await first.LoseAsync();
        await server.ConnectAsync("juliet", "2");

        var third = await server.ConnectAsync("juliet", "3");
        Assert.Equal(["2", "3"], server.Server.Context.Sessions.All.Select(session => session.Jid.Resource).Order());

        var fourth = await server.AuthenticateAsync("juliet");
        Assert.Equal("error", (await fourth.TryBindAsync("4"))["type"]);
        await third.ExpectNothingFromAsync(third);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_server_stops_what_was_not_acknowledged_is_kept(bool isAway)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.EnableAsync(isResumable: true);
        await romeo.TellAsync(juliet, 1, 2);
        await juliet.ExpectToldAsync(romeo, 1, 2);
        if (isAway)
            await juliet.LoseAsync();

        await server.Server.StopAsync();

        Assert.Equal(2, await server.Store.Offline.CountAsync(juliet.Jid.Bare, CancellationToken.None));
    }

    [Fact]
    public async Task An_administrator_ends_sessions_of_who_is_away_too()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.EnableAsync(isResumable: true);
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>");
        await romeo.ReadAsync();
        await juliet.LoseAsync();

        var context = server.Server.Context;
        Assert.Equal(1, context.Sessions.End(juliet.Jid, except: null, new StreamError(StreamErrorCondition.NotAuthorized)));

        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{romeo.Jid}'/>");
    }
}

/// <summary>What tests of resumption do.</summary>
internal static class StreamResumptionTesting
{
    /// <summary>A client that has authenticated, and neither bound a resource nor resumed a stream.</summary>
    public static async Task<TestClient> AuthenticateAsync(this TestServer server, string name)
    {
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync(name, TestServer.Password);
        await client.ReadAsync();
        await client.OpenAsync();
        return client;
    }

    /// <summary>Loses the connection, and waits until the server has noticed.</summary>
    public static async Task LoseAsync(this TestClient client)
    {
        client.Drop();
        await client.Served;
    }

    /// <summary>Expects that another connection has taken the session.</summary>
    public static async Task ExpectConflictAsync(this TestClient client)
    {
        var error = await client.ReadAsync();
        Assert.NotNull(error.Child(Namespaces.StreamErrors, "conflict"));
    }
}
