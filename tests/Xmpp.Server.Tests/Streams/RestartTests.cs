using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Clients resume their streams (XEP-0198 §5) after the server was restarted, and after it was killed.</summary>
public sealed class RestartTests
{
    private const string Ns = "urn:xmpp:sm:3";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_restart_loses_and_doubles_nothing(bool isKilled)
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = (await juliet.EnableAsync(isResumable: true))!;
        var romeosId = (await romeo.EnableAsync(isResumable: true))!;
        await romeo.TellAsync(juliet, 1, 4);
        await juliet.ExpectToldAsync(romeo, 1, 4);
        await juliet.SendAsync($"<a xmlns='{Ns}' h='1'/>");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='5'/>");
        await juliet.ExpectHandledAsync(1);

        await server.RestartAsync(isKilled);
        romeo = await ResumeAsync(server, romeo.Jid, romeosId, received: 0, handled: 4);
        await romeo.ExpectAsync($"<message to='{romeo.Jid}' from='{juliet.Jid}' id='5'/>");
        await romeo.ExpectAsync($"<r xmlns='{Ns}'/>");
        await romeo.TellAsync(juliet, 6, 6);
        await romeo.ExpectHandledAsync(5);
        // She has received three, and comes late.
        juliet = await ResumeAsync(server, juliet.Jid, id, received: 3, handled: 1);

        await juliet.ExpectToldAsync(romeo, 4, 4);
        await juliet.ExpectToldAsync(romeo, 6, 6);
        await juliet.ExpectAsync($"<r xmlns='{Ns}'/>");

        // And so on.
        await server.RestartAsync(!isKilled);
        juliet = await ResumeAsync(server, juliet.Jid, id, received: 4, handled: 1);
        await juliet.ExpectToldAsync(romeo, 6, 6);
    }

    [Fact]
    public async Task A_client_that_can_resume_is_cut_off_and_others_are_told()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.EnableAsync(isResumable: true);
        var romeo = await server.LoginAsync("romeo");

        await server.RestartAsync(isKilled: false);

        await romeo.ExpectStreamErrorAsync(StreamErrorCondition.SystemShutdown);
        Assert.Null(await juliet.ReadOrEndAsync());
        Assert.False(juliet.IsStreamClosed);
    }

    [Fact]
    public async Task A_session_is_there_for_others_before_its_client_is()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var juliet = await server.LoginAsync("juliet", "balcony", priority: 3);
        await juliet.SendAsync("<presence><show>away</show><priority>3</priority></presence>");
        await juliet.ReadAsync();
        await juliet.SendAsync("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
        await juliet.ReadAsync();
        await juliet.SendAsync("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
        await juliet.ReadAsync();
        var id = (await juliet.EnableAsync(isResumable: true))!;
        await juliet.SendAsync("<presence to='romeo@localhost/orchard'/>");
        await juliet.ExpectHandledAsync(1);

        await server.RestartAsync(isKilled: true);
        var session = Assert.Single(server.Server.Context.Sessions.All);
        Assert.Equal((juliet.Jid, "away", 3), (session.Jid, session.Presence!.Show, session.Presence.Priority));
        // Another client of hers: it sees the first one, whose session learns of the roster, and of what it sends.
        var other = await server.ConnectAsync("juliet", "garden");
        await other.SendAsync("<presence/>");
        Assert.Equal(juliet.Jid.ToString(), (await other.ReadAsync())["from"]);
        await other.ReadAsync();
        await other.SendAsync("<iq type='set' id='add'><query xmlns='jabber:iq:roster'><item jid='paris@localhost'/></query></iq>");
        await other.ReadAsync();
        await other.SendAsync("<message to='paris@localhost' type='chat'><body>No.</body></message>");
        await other.ExpectNothingFromAsync(other);

        juliet = await ResumeAsync(server, juliet.Jid, id, received: 0, handled: 1);
        Assert.Equal(other.Jid.ToString(), (await juliet.ReadAsync())["from"]);
        Assert.NotNull((await juliet.ReadAsync()).Child("jabber:iq:roster", "query"));
        Assert.NotNull((await juliet.ReadAsync()).Child("urn:xmpp:carbons:2", "sent"));
    }

    [Fact]
    public async Task Whoever_was_sent_presence_learns_that_a_session_has_ended_since()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.SendAsync($"<enable xmlns='{Ns}' resume='true' max='60'/>");
        await juliet.ReadAsync();
        await juliet.SendAsync("<presence to='romeo@localhost/orchard'/>");
        await juliet.ExpectHandledAsync(1);

        await server.RestartAsync(isKilled: true);
        var romeo = await server.LoginAsync("romeo", "orchard");
        server.Time.Advance(TimeSpan.FromSeconds(62));

        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='{romeo.Jid}'/>");
    }

    [Fact]
    public async Task What_a_client_never_came_back_for_waits_for_the_next_one()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.EnableAsync(isResumable: true);
        var romeo = await server.LoginAsync("romeo");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Wherefore?</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);

        await server.RestartAsync(isKilled: true);
        server.Time.Advance(TimeSpan.FromSeconds(660));

        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(juliet.Jid.Bare, CancellationToken.None) == 1);
        Assert.Empty(server.Server.Context.Sessions.All);
    }

    [Fact]
    public async Task Messages_that_waited_still_come_when_the_server_was_restarted_while_it_brought_them()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var romeo = await server.LoginAsync("romeo");
        for (var i = 1; i <= 101; i++)
            await romeo.SendAsync($"<message to='juliet@localhost' type='chat' id='{i}'><body>{i}</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var id = (await juliet.EnableAsync(isResumable: true))!;
        await juliet.SendAsync("<presence/>");
        uint received = 0;
        for (var stanza = await juliet.ReadAsync(); stanza["id"] != "100"; stanza = await juliet.ReadAsync())
            received++;

        await server.RestartAsync(isKilled: true);
        juliet = await server.AuthenticateAsync("juliet");
        await juliet.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='{received}'/>");
        var resumed = await juliet.ReadAsync();
        Assert.Equal("resumed", resumed.Name.Local);
        // As clients do: messages come before the presence that lets them come counts as handled.
        if (resumed["h"] == "0")
            await juliet.SendAsync("<presence/>");

        for (var stanza = await juliet.ReadAsync(); stanza["id"] != "101"; stanza = await juliet.ReadAsync())
        {
            // A page is removed when its client has answered behind it.
            if (stanza.Child("urn:xmpp:ping", "ping") is not null)
                await juliet.SendAsync($"<iq type='result' id='{stanza["id"]}' to='localhost'/>");
        }
    }

    [Fact]
    public async Task Contacts_who_left_while_the_server_was_down_are_unavailable_to_who_comes_back()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var (julietsAccount, romeosAccount) = (Jid.Parse("juliet@localhost"), Jid.Parse("romeo@localhost"));
        await server.CreateAccountAsync(julietsAccount);
        await server.CreateAccountAsync(romeosAccount);
        await server.Server.Context.Subscriptions.MakeContactsAsync(julietsAccount, romeosAccount, CancellationToken.None);
        var juliet = await server.LoginAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo");
        await romeo.SendAsync("<presence/>");
        Assert.Equal(romeo.Jid.ToString(), (await juliet.ReadAsync())["from"]);
        var id = (await juliet.EnableAsync(isResumable: true))!;

        await server.RestartAsync(isKilled: true);
        juliet = await ResumeAsync(server, juliet.Jid, id, received: 0, handled: 0);

        await juliet.ExpectAsync($"<presence type='unavailable' from='{romeosAccount}' to='{juliet.Jid}'/>");
    }

    [Fact]
    public async Task A_session_that_ended_in_time_is_not_there_any_more()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var juliet = await server.LoginAsync("juliet", "balcony");
        var id = (await juliet.EnableAsync(isResumable: true))!;
        await juliet.SendAsync("</stream:stream>");
        await juliet.Served;

        await server.RestartAsync(isKilled: true);

        var again = await server.AuthenticateAsync("juliet");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.ExpectFailedAsync("item-not-found");
        Assert.Empty(server.Server.Context.Sessions.All);
    }

    private static async Task<TestClient> ResumeAsync(TestServer server, Jid jid, string id, uint received, uint handled)
    {
        var client = await server.AuthenticateAsync(jid.Local!);
        await client.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='{received}'/>");
        await client.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='{handled}'/>");
        client.Jid = jid;
        return client;
    }
}
