using Xmpp.Core.Stanzas;
using Xmpp.Modules.Rosters;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Directed presence (RFC 6121 §4.6) and presence of type "error".</summary>
public sealed class PresenceDirectedTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Whoever_was_sent_presence_is_told_when_it_is_over(bool isAvailable, bool isOrderly)
    {
        await using var server = await TestServer.StartAsync();
        var orchard = await server.ComeAsync("romeo", "orchard");
        var silent = await server.ConnectAsync("romeo", "silent");
        var mercutio = await server.ComeAsync("mercutio");
        var juliet = await server.ComeAsync("juliet", isAvailable: isAvailable);
        await juliet.SendAsync($"<presence to='{silent.Jid}'/><presence to='mercutio@localhost'><show>chat</show></presence>");
        await silent.ExpectAsync($"<presence from='{juliet.Jid}' to='{silent.Jid}'/>");
        await mercutio.ExpectAsync($"<presence from='{juliet.Jid}' to='mercutio@localhost'><show>chat</show></presence>");
        // A change is not for them.
        if (isAvailable)
            await juliet.SendAsync("<presence><show>away</show></presence>");

        if (isOrderly)
            await juliet.SendAsync("<presence type='unavailable'><status>Adieu</status></presence>");
        else
            juliet.Drop();

        var status = isOrderly ? "<status>Adieu</status>" : "";
        await silent.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{silent.Jid}'>{status}</presence>");
        await mercutio.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='mercutio@localhost'>{status}</presence>");
        await orchard.ExpectNothingFromAsync(silent);
        if (isOrderly)
        {
            // Once is enough.
            await juliet.SendAsync("<presence/><presence type='unavailable'/>");
            await mercutio.ExpectNothingFromAsync(juliet);
        }
    }

    [Fact]
    public async Task Who_was_told_already_is_not_told_again()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "benvolio");
        var romeo = await server.ComeAsync("romeo");
        var mercutio = await server.ComeAsync("mercutio");
        var benvolio = await server.ComeAsync("benvolio");
        var juliet = await server.ComeAsync("juliet");
        await benvolio.ReadAsync();
        await juliet.ReadAsync();
        await juliet.SendAsync(
            $"<presence to='romeo@localhost'/><presence to='{mercutio.Jid}'/>"
            + $"<presence to='benvolio@localhost'/><presence to='{benvolio.Jid}'/>");
        foreach (var client in new[] { romeo, mercutio, benvolio, benvolio })
            await client.ReadAsync();

        // By directed presence, by having left oneself, and by the broadcast.
        await juliet.SendAsync("<presence to='romeo@localhost' type='unavailable'/>");
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='romeo@localhost'/>");
        await mercutio.SendAsync("<presence type='unavailable' to='juliet@localhost'/>");
        await juliet.ExpectAsync($"<presence type='unavailable' from='{mercutio.Jid}' to='juliet@localhost'/>");
        await juliet.SendAsync("<presence type='unavailable'/>");

        await benvolio.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='benvolio@localhost'/>");
        foreach (var client in new[] { romeo, mercutio, benvolio })
            await client.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task A_subscriber_who_ends_the_subscription_needs_not_be_told_twice()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var romeo = await server.ComeAsync("romeo", isInterested: false);
        var juliet = await server.ConnectAsync("juliet");
        // Before it is available, a subscriber is like anybody else (§4.6.3, rule 3).
        await juliet.SendAsync("<presence to='romeo@localhost'/><presence/>");
        await romeo.ReadAsync();
        await romeo.ReadAsync();

        await juliet.SendAsync("<presence to='romeo@localhost' type='unsubscribed'/>");
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='romeo@localhost'/>");
        await juliet.SendAsync("<presence type='unavailable'/>");

        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Only_so_many_can_be_sent_presence()
    {
        await using var server = await TestServer.StartAsync(RosterTests.With(new RosterOptions { MaxDirectedPresences = 1 }));
        var romeo = await server.ComeAsync("romeo");
        var mercutio = await server.ComeAsync("mercutio");
        var juliet = await server.ComeAsync("juliet");

        await juliet.SendAsync(
            "<presence to='romeo@localhost'/><presence to='mercutio@localhost' id='1'/><presence to='romeo@localhost'/>");

        Assert.Equal("1", (await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        await romeo.ReadAsync();
        await romeo.ReadAsync();
        await mercutio.ExpectNothingFromAsync(juliet);
        await juliet.SendAsync("<presence to='romeo@localhost' type='unavailable'/><presence to='mercutio@localhost'/>");
        await mercutio.ExpectAsync($"<presence from='{juliet.Jid}' to='mercutio@localhost'/>");
    }

    [Theory]
    [InlineData("")]
    [InlineData("type='unavailable'")]
    public async Task Nothing_goes_to_other_servers(string type)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");

        await juliet.SendAsync($"<presence to='romeo@example.org' id='1' {type}/>");

        Assert.Equal("1", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound))["id"]);
    }

    [Fact]
    public async Task An_error_goes_to_whom_it_answers_and_is_not_answered()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        const string error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

        await juliet.SendAsync($"<presence to='{romeo.Jid}' type='error' id='1'>{error}</presence>");
        await juliet.SendAsync($"<presence to='romeo@localhost' type='error' id='2'>{error}</presence>");
        await juliet.SendAsync("<presence to='nobody@localhost/a' type='error'/><presence type='error'/>");

        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='{romeo.Jid}' type='error' id='1'>{error}</presence>");
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='romeo@localhost' type='error' id='2'>{error}</presence>");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Theory]
    [InlineData(SubscriptionState.From, false, true)]
    [InlineData(SubscriptionState.Both, false, true)]
    [InlineData(SubscriptionState.To, false, false)]
    [InlineData(SubscriptionState.None, false, false)]
    [InlineData(SubscriptionState.None, true, true)]
    public async Task Who_may_know_that_somebody_is_there(SubscriptionState subscription, bool isDirected, bool maySee)
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", RosterTesting.Item("romeo", subscription));
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber");
        if (isDirected)
            await juliet.SendAsync("<presence to='romeo@localhost'/>");
        await juliet.ReadAsync();
        await juliet.ExpectNothingFromAsync(juliet);

        var presences = server.Server.Context.Presences;
        Assert.Equal(maySee, await presences.MaySeeAsync(romeo.Jid, juliet.Jid, CancellationToken.None));
        Assert.Equal(maySee, await presences.MaySeeAsync(romeo.Jid, juliet.Jid.Bare, CancellationToken.None));
        Assert.Equal(maySee && !isDirected, await presences.MaySeeAsync(romeo.Jid, chamber.Jid, CancellationToken.None));
        Assert.True(await presences.MaySeeAsync(juliet.Jid, chamber.Jid, CancellationToken.None));
        Assert.False(await presences.MaySeeAsync(romeo.Jid, RosterTesting.Account("nobody"), CancellationToken.None));
    }

    [Fact]
    public async Task Who_shares_no_presence_is_asked_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");

        // §8.5.3.1: as if she weren't there (§8.5.3.2.3).
        foreach (var to in (string[])[juliet.Jid.ToString(), "juliet@localhost/tomb"])
        {
            await romeo.SendAsync($"<iq type='get' id='1' to='{to}'><query xmlns='urn:test'/></iq>");
            Assert.Equal(to, (await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["from"]);
        }
        await juliet.ExpectNothingFromAsync(romeo);

        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>");
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='{romeo.Jid}'/>");
        await romeo.SendAsync($"<iq type='get' id='2' to='{juliet.Jid}'><query xmlns='urn:test'/></iq>");
        await juliet.ExpectAsync($"<iq type='get' id='2' from='{romeo.Jid}' to='{juliet.Jid}'><query xmlns='urn:test'/></iq>");
    }
}
