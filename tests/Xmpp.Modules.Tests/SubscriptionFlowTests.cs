using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Subscriptions from the first request to the last farewell, in the order of RFC 6121 §3.</summary>
public sealed class SubscriptionFlowTests
{
    private const string Item = "<item jid='juliet@localhost' subscription=";

    [Fact]
    [Rfc6121(
        "3-1", "3.1.2-1", "3.1.2-2", "3.1.2-3", "3.1.2-5", "3.1.2-7", "3.1.3-1", "3.1.3-2", "3.1.3-3", "3.1.3-5", "3.1.3-10",
        "3.1.5-1", "3.1.5-2", "3.1.5-3", "3.1.6-1", "3.1.6-2", "3.1.6-3", "3.1.6-4", "8.5.2.1.2-2", "8.5.3.1-4", "8.5.3.2.2-2")]
    public async Task A_request_is_made_to_whatever_address_and_approved_and_presence_follows()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var romeo = await server.ComeAsync("romeo", "orchard");

        await romeo.SendAsync("<presence type='subscribe' id='s' to='juliet@localhost/elsewhere'><status>It is I</status></presence>");

        await romeo.ExpectPushAsync($"{Item}'none' ask='subscribe'/>");
        await juliet.ExpectAsync(
            "<presence type='subscribe' id='s' from='romeo@localhost' to='juliet@localhost'><status>It is I</status></presence>");
        Assert.Empty((await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);

        await juliet.SendAsync("<presence type='subscribed' id='a' to='romeo@localhost'/>");

        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='from'/>");
        await romeo.ExpectAsync("<presence type='subscribed' id='a' from='juliet@localhost' to='romeo@localhost'/>");
        await romeo.ExpectPushAsync($"{Item}'to'/>");
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='romeo@localhost'/>");
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    [Rfc6121("3.1.3-7", "3.1.3-8", "3.1.3-9", "8.5.2.2.2-1")]
    public async Task A_request_waits_for_who_is_offline_and_comes_back_until_it_is_answered()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var romeo = await server.ComeAsync("romeo");
        const string request = "<presence type='subscribe' id='s' from='romeo@localhost' to='juliet@localhost'><x xmlns='urn:x'/></presence>";

        await romeo.SendAsync("<presence type='subscribe' id='s' to='juliet@localhost'><x xmlns='urn:x'/></presence>");
        await romeo.SendAsync("<presence type='subscribe' id='again' to='juliet@localhost'/>");
        await romeo.ExpectPushAsync($"{Item}'none' ask='subscribe'/>");
        await romeo.ExpectNothingFromAsync(romeo);

        for (var login = 0; login < 2; login++)
        {
            var juliet = await server.ComeAsync("juliet");
            await juliet.ExpectAsync(request);
            await juliet.ExpectNothingFromAsync(romeo);
            if (login == 1)
                await juliet.SendAsync("<presence type='unsubscribed' to='romeo@localhost'/>");
            await juliet.ExpectNothingFromAsync(juliet);
            juliet.Drop();
            await juliet.Served;
        }
        await romeo.ExpectAsync("<presence type='unsubscribed' from='juliet@localhost' to='romeo@localhost'/>");
        await romeo.ExpectPushAsync($"{Item}'none'/>");
        var last = await server.ComeAsync("juliet");
        await last.ExpectNothingFromAsync(romeo);
    }

    /// <summary>§3.1.2, the last paragraph. As after the server was killed between the two rosters.</summary>
    [Fact]
    public async Task What_was_lost_on_its_way_arrives_when_who_asked_comes_again()
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync(
            "romeo",
            RosterTesting.Item("juliet", SubscriptionState.None) with { IsAsking = true },
            RosterTesting.Item("nurse", SubscriptionState.None) with { IsAsking = true });
        await server.StoreAsync("juliet");
        await server.StoreAsync("nurse", RosterTesting.Item("romeo", SubscriptionState.From));
        var juliet = await server.ComeAsync("juliet");
        var nurse = await server.ComeAsync("nurse");

        var romeo = await server.ComeAsync("romeo");

        // The request was lost,
        var request = await juliet.ReadAsync();
        Assert.Equal(("subscribe", "romeo@localhost"), (request["type"], request["from"]));
        Assert.NotNull(request["id"]);
        // and the nurse's approval.
        var approval = await romeo.ReadAsync();
        Assert.Equal(("subscribed", "nurse@localhost"), (approval["type"], approval["from"]));
        await romeo.ExpectPushAsync("<item jid='nurse@localhost' subscription='to'/>");
        await romeo.ExpectAsync($"<presence from='{nurse.Jid}' to='romeo@localhost'/>");

        // Who has the request is not told again.
        await server.ComeAsync("romeo");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    [Rfc6121(
        "3.2.2-1", "3.2.2-4", "3.2.2-5", "3.2.2-6", "3.2.2-7", "3.2.3-1", "3.2.3-2", "3.2.3-3", "3.2.3-4", "4.6.1-3")]
    public async Task Who_cancels_is_unavailable_first_and_then_unsubscribed_from()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet");
        await romeo.ReadAsync();
        await juliet.ReadAsync();

        await juliet.SendAsync("<presence type='unsubscribed' id='c' to='romeo@localhost'/>");

        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='romeo@localhost'/>");
        await romeo.ExpectAsync("<presence type='unsubscribed' id='c' from='juliet@localhost' to='romeo@localhost'/>");
        await romeo.ExpectPushAsync($"{Item}'from'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='to'/>");
    }

    [Fact]
    [Rfc6121("3.3.2-1", "3.3.2-2", "3.3.2-4", "3.3.2-5", "3.3.3-1", "3.3.3-2", "3.3.3-3")]
    public async Task Who_unsubscribes_is_told_that_the_other_is_unavailable()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet");
        await romeo.ReadAsync();
        await juliet.ReadAsync();

        await romeo.SendAsync("<presence type='unsubscribe' id='u' to='juliet@localhost'/>");

        await juliet.ExpectAsync("<presence type='unsubscribe' id='u' from='romeo@localhost' to='juliet@localhost'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='to'/>");
        await romeo.ExpectPushAsync($"{Item}'from'/>");
        await romeo.ExpectAsync($"<presence type='unavailable' from='{juliet.Jid}' to='romeo@localhost'/>");
    }

    [Theory]
    [InlineData("<presence type='subscribe' to='@localhost'/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("<presence type='subscribe' to='juliet@example.com'/>", StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData("<presence type='subscribe' to='localhost'/>", StanzaErrorCondition.ServiceUnavailable)]
    [Rfc6121("3.1.2-6", "4.7.1-1")]
    public async Task A_request_that_can_reach_nobody_is_returned(string request, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync(request);

        await romeo.ExpectErrorAsync(condition);
        Assert.Empty((await romeo.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rfc6121("3.1.1-2")]
    public async Task A_request_and_an_item_come_in_either_order(bool isItemFirst)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var romeo = await server.ComeAsync("romeo");
        const string set = "<iq type='set' id='set'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='J'/></query></iq>";
        const string request = "<presence type='subscribe' to='juliet@localhost'/>";

        await romeo.SendAsync(isItemFirst ? set + request : request + set);
        // A result and two pushes, in the order of what was sent.
        for (var i = 0; i < 3; i++)
            await romeo.ReadAsync();

        var item = Assert.Single((await romeo.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
        Assert.Equal(("J", "none", "subscribe"), (item["name"], item["subscription"], item["ask"]));
    }
}
