using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Answers to presence probes (RFC 6121 §4.3.2, §4.6.6).</summary>
public sealed class PresenceProbeTests
{
    private const string Unsubscribed = "<presence type='unsubscribed' id='p' from='juliet@localhost' to='romeo@localhost'/>";

    /// <summary>
    /// How juliet has romeo in her roster, whether she is available at the balcony, whom the probe is for, and the answer.
    /// </summary>
    public static TheoryData<string, bool, string, string> Rules { get; } = new()
    {
        // Rule 1
        { "None", true, "juliet@localhost", Unsubscribed },
        { "None + Pending Out", true, "juliet@localhost", Unsubscribed },
        { "None + Pending In", true, "juliet@localhost", Unsubscribed },
        { "None + Pending Out+In", true, "juliet@localhost", Unsubscribed },
        { "To", true, "juliet@localhost", Unsubscribed },
        { "To + Pending In", false, "juliet@localhost", Unsubscribed },
        { "To", true, "juliet@localhost/balcony", Unsubscribed },
        // Rule 3
        { "From", false, "juliet@localhost", "<presence type='unavailable' id='p' from='juliet@localhost' to='romeo@localhost/orchard'/>" },
        { "Both", false, "juliet@localhost", "<presence type='unavailable' id='p' from='juliet@localhost' to='romeo@localhost/orchard'/>" },
        // Rule 4, and §4.3.2.1: the id is that of her own presence.
        {
            "From", true, "juliet@localhost",
            "<presence id='own' from='juliet@localhost/balcony' to='romeo@localhost'><show>away</show></presence>"
        },
        {
            "From + Pending Out", true, "juliet@localhost",
            "<presence id='own' from='juliet@localhost/balcony' to='romeo@localhost'><show>away</show></presence>"
        },
        // A full JID: only that it is there.
        { "Both", true, "juliet@localhost/balcony", "<presence id='p' from='juliet@localhost/balcony' to='romeo@localhost/orchard'/>" },
        {
            "Both", true, "juliet@localhost/chamber",
            "<presence type='unavailable' id='p' from='juliet@localhost/chamber' to='romeo@localhost/orchard'/>"
        },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task A_probe_is_answered_as_the_roster_of_the_probed_says(string state, bool isAvailable, string to, string answer)
    {
        await using var server = await TestServer.StartAsync();
        var contact = SubscriptionStates.Parse(state);
        await server.StoreAsync("juliet", new RosterEntry(RosterTesting.Account("romeo"))
        {
            IsListed = true,
            Subscription = contact.Subscription,
            IsAsking = contact.IsPendingOut,
            Request = contact.IsPendingIn
                ? Core.Xml.Element.Parse("<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>")
                : null,
        });
        var juliet = await server.ConnectAsync("juliet", "balcony");
        if (isAvailable)
        {
            await juliet.SendAsync("<presence id='own'><show>away</show></presence>");
            await juliet.ReadAsync();
        }
        var romeo = await server.ConnectAsync("romeo", "orchard");

        await romeo.SendAsync($"<presence type='probe' to='{to}' id='p'/>");

        await romeo.ExpectAsync(answer);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Who_is_not_there_is_told_apart_from_who_is_not_shown_by_nobody()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<presence type='probe' to='nobody@localhost' id='p'/>");
        await romeo.ExpectAsync("<presence type='unsubscribed' id='p' from='nobody@localhost' to='romeo@localhost'/>");
        foreach (var to in new[] { "localhost", "juliet@example.org" })
            await romeo.SendAsync($"<presence type='probe' to='{to}' id='p'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Who_is_offline_has_left_a_word_and_a_time()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var balcony = await server.ComeAsync("juliet", "balcony", isInterested: false);
        var chamber = await server.ComeAsync("juliet", "chamber", isInterested: false);
        await chamber.SendAsync("<presence type='unavailable'><status>not the last</status></presence>");
        await chamber.ReadAsync();
        server.Time.Advance(TimeSpan.FromMinutes(1));
        await balcony.SendAsync(
            "<presence type='unavailable' xml:lang='en' id='x'><status>Good night!</status>"
            + "<delay xmlns='urn:xmpp:delay' stamp='1595-01-01T00:00:00Z'/></presence>");
        for (var i = 0; i < 3; i++)
            await balcony.ReadAsync(); // What the chamber did, and the farewell.
        await balcony.ExpectNothingFromAsync(balcony);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        var romeo = await server.ConnectAsync("romeo", "orchard");

        await romeo.SendAsync("<presence type='probe' to='juliet@localhost' id='p'/>");

        await romeo.ExpectAsync(
            "<presence type='unavailable' id='p' from='juliet@localhost' to='romeo@localhost/orchard' xml:lang='en'>"
            + "<status>Good night!</status><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:01:00Z'/></presence>");
    }

    [Fact]
    public async Task Whose_connection_broke_has_left_a_time_only()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ComeAsync("juliet");
        juliet.Drop();
        await juliet.Served;
        var romeo = await server.ConnectAsync("romeo", "orchard");

        await romeo.SendAsync("<presence type='probe' to='juliet@localhost'/>");

        await romeo.ExpectAsync(
            "<presence type='unavailable' from='juliet@localhost' to='romeo@localhost/orchard'>"
            + "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></presence>");
    }

    [Fact]
    public async Task Who_believes_in_a_subscription_that_there_is_not_learns_better()
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("romeo", RosterTesting.Item("juliet", SubscriptionState.To));
        await server.StoreAsync("juliet", new RosterEntry(RosterTesting.Account("romeo")) { IsListed = true, IsApproved = true });
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync("<presence type='probe' to='juliet@localhost' id='p'/>");

        await romeo.ExpectAsync(Unsubscribed);
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none'/>");
        // Her approval of what he may ask is as it was.
        Assert.True((await server.Server.Context.Rosters.GetAsync(RosterTesting.Account("juliet"), CancellationToken.None))!
            .Find(RosterTesting.Account("romeo"))!.IsApproved);
    }

    [Fact]
    public async Task A_request_that_waits_goes_on_waiting()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe'/>");
        await romeo.ReadAsync();

        await romeo.SendAsync("<presence type='probe' to='juliet@localhost' id='p'/>");

        await romeo.ExpectAsync(Unsubscribed);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Ones_own_account_can_be_probed()
    {
        await using var server = await TestServer.StartAsync();
        var balcony = await server.ComeAsync("juliet", "balcony");
        var silent = await server.ConnectAsync("juliet", "silent");

        await silent.SendAsync("<presence type='probe' to='juliet@localhost'/><presence type='probe'/>");

        await silent.ExpectAsync("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
        await silent.ExpectAsync("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
        await balcony.ExpectNothingFromAsync(silent);
    }

    [Fact]
    public async Task Whoever_was_sent_presence_may_ask_the_resource_that_sent_it()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await server.ComeAsync("juliet", "chamber");
        await juliet.SendAsync($"<presence to='{romeo.Jid}'><show>chat</show></presence>");
        await romeo.ReadAsync();

        await romeo.SendAsync("<presence type='probe' to='juliet@localhost/balcony' id='1'/>");
        await romeo.ExpectAsync("<presence id='1' from='juliet@localhost/balcony' to='romeo@localhost/orchard'/>");
        foreach (var other in new[] { "juliet@localhost/chamber", "juliet@localhost" })
        {
            await romeo.SendAsync($"<presence type='probe' to='{other}' id='p'/>");
            await romeo.ExpectAsync(Unsubscribed);
        }

        await juliet.SendAsync($"<presence to='{romeo.Jid}' type='unavailable'/>");
        await romeo.ReadAsync();
        await romeo.SendAsync("<presence type='probe' to='juliet@localhost/balcony' id='p'/>");
        await romeo.ExpectAsync(Unsubscribed);
    }
}
