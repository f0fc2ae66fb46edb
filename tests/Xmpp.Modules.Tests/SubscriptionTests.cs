using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Modules.Rosters;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Subscriptions as dialogues (RFC 6121 §3): what is sent to whom, in which order.</summary>
public sealed class SubscriptionTests
{
    [Fact]
    public async Task Two_become_contacts()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber", isAvailable: false);
        var romeo = await server.ComeAsync("romeo", "orchard");

        // §3.1.2, §3.1.3: the request goes to available resources, without the resource that sent it.
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe' id='1'><status>Hark!</status></presence>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none' ask='subscribe'/>");
        await juliet.ExpectAsync(
            "<presence from='romeo@localhost' to='juliet@localhost' type='subscribe' id='1'><status>Hark!</status></presence>");
        await chamber.ExpectNothingFromAsync(romeo);

        // §3.1.5, §3.1.6: approval, push, presence.
        await juliet.SendAsync("<presence to='romeo@localhost' type='subscribed' id='2'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='from'/>");
        await chamber.ExpectPushAsync("<item jid='romeo@localhost' subscription='from'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='subscribed' id='2'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='to'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");

        // And the other way.
        await juliet.SendAsync("<presence to='romeo@localhost' type='subscribe' id='3'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='from' ask='subscribe'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='subscribe' id='3'/>");
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribed' id='4'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='both'/>");
        await juliet.ExpectAsync("<presence from='romeo@localhost' to='juliet@localhost' type='subscribed' id='4'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='both'/>");
        await juliet.ExpectAsync("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
    }

    [Fact]
    public async Task Who_is_no_longer_allowed_sees_all_resources_leave_before_being_told()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        var romeo = await server.ComeAsync("romeo");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
        await juliet.ReadAsync();
        var chamber = await server.ComeAsync("juliet", "chamber", isInterested: false);
        await romeo.ExpectAsync("<presence from='juliet@localhost/chamber' to='romeo@localhost'/>");
        await juliet.ReadAsync();

        await juliet.SendAsync("<presence to='romeo@localhost' type='unsubscribed' id='1'/>");

        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost' type='unavailable'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost/chamber' to='romeo@localhost' type='unavailable'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='unsubscribed' id='1'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='from'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='to'/>");

        await chamber.SendAsync("<presence><show>away</show></presence>");
        await romeo.ExpectNothingFromAsync(chamber);
    }

    [Theory]
    [InlineData("subscribe", "None", "<item jid='romeo@localhost' subscription='none' ask='subscribe'/>")]
    [InlineData("unsubscribe", "To", "<item jid='romeo@localhost' subscription='none'/>")]
    [InlineData("subscribed", "None", "<item jid='romeo@localhost' subscription='none' approved='true'/>")]
    [InlineData("unsubscribed", "From", "<item jid='romeo@localhost' subscription='none'/>")]
    public async Task What_is_for_a_resource_is_for_its_account(string type, string state, string item)
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", new RosterEntry(RosterTesting.Account("romeo"))
        {
            IsListed = state != "None",
            Subscription = SubscriptionStates.Parse(state).Subscription,
        });
        var juliet = await server.ComeAsync("juliet", isAvailable: false);

        await juliet.SendAsync($"<presence to='romeo@localhost/orchard' type='{type}'/>");

        await juliet.ExpectPushAsync(item);
    }

    [Fact]
    public async Task A_request_waits_with_all_its_content_and_comes_at_every_login_until_it_is_answered()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var romeo = await server.ComeAsync("romeo");
        await romeo.SendAsync(
            "<presence to='juliet@localhost' type='subscribe' id='1'><nick xmlns='http://jabber.org/protocol/nick'>R</nick></presence>");
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe' id='2'/>");
        await romeo.ReadAsync();
        await romeo.ExpectNothingFromAsync(romeo);
        const string request = "<presence from='romeo@localhost' to='juliet@localhost' type='subscribe' id='1'>"
            + "<nick xmlns='http://jabber.org/protocol/nick'>R</nick></presence>";

        var phone = await server.ComeAsync("juliet", "phone", isInterested: false);
        await phone.ExpectAsync(request);
        await phone.SendAsync("<presence><show>away</show></presence>");
        await phone.ReadAsync();
        await phone.ExpectNothingFromAsync(phone);
        // It is not in the roster, and survives what is in memory.
        await server.Server.Context.Rosters.ForgetAsync(RosterTesting.Account("juliet"));
        var balcony = await server.ConnectAsync("juliet", "balcony");
        Assert.Empty((await balcony.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
        await balcony.SendAsync("<presence><priority>-1</priority></presence>");
        await balcony.ReadAsync();
        await balcony.ReadAsync();
        await balcony.ExpectAsync(request);

        await balcony.SendAsync("<presence to='romeo@localhost' type='unsubscribed'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='unsubscribed'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none'/>");
        var chamber = await server.ComeAsync("juliet", "chamber");
        await chamber.ExpectNothingFromAsync(chamber);
    }

    [Fact]
    public async Task A_pre_approval_answers_one_request_which_nobody_sees()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var romeo = await server.ComeAsync("romeo");

        await juliet.SendAsync("<presence to='romeo@localhost' type='subscribed'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='none' approved='true'/>");
        await romeo.ExpectNothingFromAsync(juliet);
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe' id='1'/>");

        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='from'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none' ask='subscribe'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='subscribed' id='1'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='to'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
    }

    [Fact]
    public async Task Of_accounts_that_do_not_exist_nothing_is_heard()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync("<presence to='nobody@localhost' type='subscribe'/>");

        await romeo.ExpectPushAsync("<item jid='nobody@localhost' subscription='none' ask='subscribe'/>");
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("romeo@localhost", "subscribe", StanzaErrorCondition.NotAllowed)]
    [InlineData("romeo@localhost/orchard", "subscribe", StanzaErrorCondition.NotAllowed)]
    [InlineData("juliet@example.org", "subscribe", StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData("localhost", "subscribe", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("juliet@localhost", "befriend", StanzaErrorCondition.BadRequest)]
    public async Task Who_can_not_be_asked_is_not_asked(string to, string type, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo", "orchard");

        await romeo.SendAsync($"<presence to='{to}' type='{type}' id='1'/>");

        var error = await romeo.ExpectErrorAsync(condition);
        Assert.Equal((to, romeo.Jid.ToString(), "1"), (error["from"], error["to"], error["id"]));
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("unsubscribe")]
    [InlineData("subscribed")]
    [InlineData("unsubscribed")]
    public async Task To_oneself_there_is_nothing_to_say(string type)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync($"<presence to='romeo@localhost' type='{type}'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Without_an_address_a_subscription_is_nobodys()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync("<presence type='subscribe' id='1'/>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
    }

    [Fact]
    public async Task Only_so_many_requests_wait_and_none_that_is_too_large()
    {
        await using var server = await TestServer.StartAsync(
            RosterTests.With(new RosterOptions { MaxRequests = 1, RequestBytes = 300 }));
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var romeo = await server.ComeAsync("romeo");
        var tybalt = await server.ComeAsync("tybalt");

        await romeo.SendAsync($"<presence to='juliet@localhost' type='subscribe'><status>{new string('x', 300)}</status></presence>");
        await romeo.ReadAsync();
        await romeo.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe'/>");
        await romeo.ExpectNothingFromAsync(romeo);
        await tybalt.SendAsync("<presence to='juliet@localhost' type='subscribe'/>");
        await tybalt.ReadAsync();
        await tybalt.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);

        var juliet = await server.ComeAsync("juliet");
        await juliet.ExpectAsync("<presence from='romeo@localhost' to='juliet@localhost' type='subscribe'/>");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Contacts_can_be_made_at_once()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var romeo = await server.ComeAsync("romeo", "orchard");
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe'/>");
        await juliet.ReadAsync();
        await romeo.ReadAsync();

        await server.BefriendAsync("juliet", "romeo");

        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='both'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='both'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
        await juliet.ExpectAsync("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
        // Again there is nothing to be told but presence.
        await server.BefriendAsync("juliet", "romeo");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Only_two_that_exist_become_contacts()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var subscriptions = server.Server.Context.Subscriptions;

        foreach (var other in new[] { "juliet", "nobody" })
        {
            Assert.False(await subscriptions.MakeContactsAsync(
                RosterTesting.Account("juliet"), RosterTesting.Account(other), CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_removed_account_takes_leave_of_its_contacts()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        await juliet.ReadAsync();
        await romeo.ReadAsync();

        await server.Server.Context.Accounts.RemoveAsync(RosterTesting.Account("juliet"), null, CancellationToken.None);

        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='unsubscribe'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='to'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost' type='unavailable'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost' to='romeo@localhost' type='unsubscribed'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none'/>");
        await juliet.Served;
        await romeo.ExpectNothingFromAsync(romeo);
        Assert.Null(await server.Server.Context.Rosters.GetAsync(RosterTesting.Account("juliet"), CancellationToken.None));

        // Whoever gets the name next has nothing of it.
        var newcomer = await server.ComeAsync("juliet");
        Assert.Empty((await newcomer.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
        await newcomer.ExpectNothingFromAsync(newcomer);
    }

    [Fact]
    public async Task What_can_not_be_stored_has_not_happened()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo");
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe' id='1'/>");

        Assert.Equal("1", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        server.Store.Failure = null;
        await juliet.ExpectNothingFromAsync(romeo);
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe' id='2'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none' ask='subscribe'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
    }
}
