using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Presence between contacts (RFC 6121 §4): who is told what when somebody comes, changes, goes or is asked about.</summary>
public sealed class PresenceOfContactsTests
{
    private const string Away = "<show>away</show><status>be right back</status><priority>-3</priority><x xmlns='urn:example:x'/>";

    [Fact]
    [Rfc6121("4.2.2-1", "4.2.2-3", "4.2.3-1", "4.3-1", "4.3.2-1", "4.3.2-4", "8.5.2.1.2-1", "8.5.2.1.2-4")]
    public async Task Who_comes_is_told_of_contacts_and_they_of_the_newcomer_by_each_resource()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var balcony = await server.ComeAsync("juliet", "balcony");
        await balcony.SendAsync($"<presence>{Away}</presence>");
        await balcony.ReadAsync();
        var chamber = await server.LoginAsync("juliet", "chamber", priority: 2);
        await balcony.ReadAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<presence id='1'><show>chat</show></presence>");

        foreach (var juliet in new[] { balcony, chamber })
            await juliet.ExpectAsync($"<presence id='1' from='{romeo.Jid}' to='juliet@localhost'><show>chat</show></presence>");
        await romeo.ExpectAsync($"<presence id='1' from='{romeo.Jid}' to='{romeo.Jid}'><show>chat</show></presence>");
        await romeo.ExpectAsync($"<presence from='{balcony.Jid}' to='romeo@localhost'>{Away}</presence>");
        await romeo.ExpectAsync($"<presence from='{chamber.Jid}' to='romeo@localhost'><priority>2</priority></presence>");
        await romeo.ExpectNothingFromAsync(balcony);
    }

    [Theory]
    [InlineData("To")]
    [InlineData("None")]
    [InlineData("None + Pending In")]
    public async Task Who_is_not_subscribed_is_told_nothing(string state)
    {
        await using var server = await TestServer.StartAsync();
        var parsed = SubscriptionStates.Parse(state);
        await server.StoreAsync("romeo", new Core.Storage.RosterEntry(RosterTesting.Account("juliet"))
        {
            IsListed = true,
            Subscription = parsed.Subscription,
            Request = parsed.IsPendingIn
                ? Element.Parse("<presence type='subscribe' from='juliet@localhost' to='romeo@localhost'/>")
                : null,
        });
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo");
        if (parsed.IsPendingIn)
            await romeo.ReadAsync();

        await romeo.SendAsync("<presence><show>dnd</show></presence><presence type='unavailable'/>");

        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    [Rfc6121("4.4.2-1", "4.4.2-2", "4.4.3-1", "4.7.2.3-5")]
    public async Task A_change_is_told_whole_to_contacts_and_to_the_other_resources()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo", "orchard");
        await juliet.ReadAsync();
        await romeo.ReadAsync();
        var garden = await server.LoginAsync("romeo", "garden");
        await juliet.ReadAsync();
        await garden.ReadAsync();
        await romeo.ReadAsync();

        await romeo.SendAsync($"<presence xml:lang='en'>{Away}</presence>");

        await juliet.ExpectAsync($"<presence from='{romeo.Jid}' to='juliet@localhost' xml:lang='en'>{Away}</presence>");
        await garden.ExpectAsync($"<presence from='{romeo.Jid}' to='{garden.Jid}' xml:lang='en'>{Away}</presence>");
        await romeo.ExpectAsync($"<presence from='{romeo.Jid}' to='{romeo.Jid}' xml:lang='en'>{Away}</presence>");
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    [Rfc6121("4.5.2-2", "4.5.2-3", "4.5.2-4", "4.5.2-5", "4.5.2-7", "4.5.3-1", "4.5.3-2")]
    public async Task A_farewell_is_told_whole_and_who_comes_back_has_come_anew()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo");
        await juliet.ReadAsync();
        await romeo.ReadAsync();

        await romeo.SendAsync("<presence type='unavailable'><status>O, I am fortune's fool!</status></presence>");

        const string farewell = "<status>O, I am fortune's fool!</status>";
        await juliet.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='juliet@localhost'>{farewell}</presence>");
        await romeo.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='{romeo.Jid}'>{farewell}</presence>");
        await romeo.SendAsync("<presence/>");
        await juliet.ExpectAsync($"<presence from='{romeo.Jid}' to='juliet@localhost'/>");
        await romeo.ExpectAsync($"<presence from='{romeo.Jid}' to='{romeo.Jid}'/>");
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='romeo@localhost'/>");
    }

    [Fact]
    [Rfc6121("4.5.2-1", "4.5.2-6")]
    public async Task Whose_connection_breaks_is_unavailable_to_contacts()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo");
        await juliet.ReadAsync();

        romeo.Drop();

        await juliet.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='juliet@localhost'/>");
    }

    [Theory]
    [InlineData("juliet@localhost")]
    [InlineData("nobody@localhost")]
    [Rfc6121("4.3-2", "4.3.2-2", "4.3.2-3", "8.5.1-5", "8.5.2.1.2-3", "8.5.2.2.2-2")]
    public async Task A_probe_without_a_subscription_is_answered_by_unsubscribed_from_the_bare_jid(string to)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync($"<presence type='probe' id='p' to='{to}'/>");

        await romeo.ExpectAsync($"<presence type='unsubscribed' id='p' from='{to}' to='romeo@localhost'/>");
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    [Rfc6121("4.3.2-5", "4.3.2-6", "8.5.3.1-5", "8.5.3.2.2-4", "4.6.6-1")]
    public async Task A_probe_of_one_resource_tells_only_whether_it_is_there()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var romeo = await server.ComeAsync("romeo");
        var balcony = await server.ComeAsync("juliet", "balcony");
        await romeo.ReadAsync();
        await balcony.SendAsync($"<presence>{Away}</presence>");
        await romeo.ReadAsync();

        await romeo.SendAsync(
            $"<presence type='probe' id='1' to='{balcony.Jid}'/><presence type='probe' id='2' to='juliet@localhost/tomb'/>");

        await romeo.ExpectAsync($"<presence id='1' from='{balcony.Jid}' to='{romeo.Jid}'/>");
        await romeo.ExpectAsync($"<presence type='unavailable' id='2' from='juliet@localhost/tomb' to='{romeo.Jid}'/>");
    }

    [Fact]
    [Rfc6121("4.6.3-2", "4.6.3-3", "4.6.6-2", "4.6.1-4", "8.5.3.1-3", "8.5.3.2.2-1")]
    public async Task Who_was_sent_presence_is_told_of_the_end_too_and_only_once()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        var nurse = await server.ComeAsync("nurse");
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync(
            $"<presence to='{juliet.Jid}'><status>psst</status></presence><presence to='nurse@localhost'/>"
            + "<presence to='juliet@localhost/tomb'/><presence type='unavailable' to='nurse@localhost'/>");
        await juliet.ExpectAsync($"<presence from='{romeo.Jid}' to='{juliet.Jid}'><status>psst</status></presence>");
        await nurse.ExpectAsync($"<presence from='{romeo.Jid}' to='nurse@localhost'/>");
        await nurse.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='nurse@localhost'/>");
        // A probe from one who was sent presence is answered, but tells no more than that.
        await juliet.SendAsync($"<presence type='probe' id='p' to='{romeo.Jid}'/>");
        await juliet.ExpectAsync($"<presence id='p' from='{romeo.Jid}' to='{juliet.Jid}'/>");
        romeo.Drop();

        await juliet.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='{juliet.Jid}'/>");
        await romeo.Served;
        await nurse.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    [Rfc6121("4.6.1-1", "4.6.1-2", "4.6.3-1")]
    public async Task A_subscriber_who_was_sent_presence_besides_is_told_of_the_end_once()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var juliet = await server.ComeAsync("juliet");
        var romeo = await server.ComeAsync("romeo");
        await juliet.ReadAsync();

        await romeo.SendAsync("<presence to='juliet@localhost'><show>dnd</show></presence>");
        await juliet.ExpectAsync($"<presence from='{romeo.Jid}' to='juliet@localhost'><show>dnd</show></presence>");
        await romeo.SendAsync("<presence type='unavailable'/>");

        await juliet.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='juliet@localhost'/>");
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    [Rfc6121("8.5.1-3", "8.5.1-4", "8.5.3.2.2-3")]
    public async Task Presence_for_an_account_that_does_not_exist_vanishes()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        foreach (var type in new[] { "", "type='unavailable'", "type='subscribed'", "type='unsubscribe'", "type='unsubscribed'" })
            await romeo.SendAsync($"<presence {type} to='nobody@localhost/x'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Whoever_is_offline_is_known_by_the_last_farewell()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var juliet = await server.ComeAsync("juliet");
        await juliet.SendAsync("<presence type='unavailable'><status>Thus with a kiss</status></presence>");
        await juliet.ReadAsync();
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync("<presence type='probe' id='p' to='juliet@localhost'/>");

        var answer = await romeo.ReadAsync();
        Assert.Equal(("unavailable", "p", "Thus with a kiss"), (answer["type"], answer["id"], answer.Child("jabber:client", "status")?.Text));
        Assert.Equal("2026-01-01T00:00:00Z", answer.Child("urn:xmpp:delay", "delay")?["stamp"]);
    }
}
