using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Rosters: getting them, and what clients change in them (RFC 6121 §2).</summary>
public sealed class RosterTests
{
    [Fact]
    [Rfc6121("2.1.4-1", "2.2-3")]
    public async Task A_new_account_has_an_empty_roster_with_a_version()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var result = await juliet.AskForRosterAsync();

        Assert.Equal(("result", "roster", null), (result["type"], result["id"], result["from"]));
        var query = result.Child("jabber:iq:roster", "query")!;
        Assert.Empty(query.Elements);
        Assert.NotNull(query["ver"]);
    }

    [Theory]
    [InlineData("", "<item jid='nurse@example.com' subscription='none'/>")]
    [InlineData("name='Nurse'", "<item jid='nurse@example.com' name='Nurse' subscription='none'/>")]
    [InlineData("name=''", "<item jid='nurse@example.com' subscription='none'/>")]
    [InlineData("subscription='both' ask='subscribe' approved='true'", "<item jid='nurse@example.com' subscription='none'/>")]
    [Rfc6121("2-1", "2.1.2.3-1", "2.1.2.5-3", "2.1.5-2", "2.1.6-1", "2.2-1", "2.3.2-1", "2.3.2-2", "2.3.2-3")]
    public async Task An_item_is_added_and_pushed_behind_the_result(string attributes, string item)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber", isAvailable: false);
        var silent = await server.ComeAsync("juliet", "silent", isInterested: false, isAvailable: false);

        await juliet.SendAsync(
            $"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='Nurse@Example.com' {attributes}/></query></iq>");

        await juliet.ExpectAsync($"<iq type='result' id='1' to='{juliet.Jid}'/>");
        Assert.Equal(await juliet.ExpectPushAsync(item), await chamber.ExpectPushAsync(item));
        await silent.ExpectNothingFromAsync(juliet);
        var roster = (await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!;
        Assert.Equal([Element.Parse(item, "jabber:iq:roster")], roster.Elements);
    }

    [Fact]
    [Rfc6121("2.4.1-1", "2.4.2-1")]
    public async Task An_item_is_what_was_last_said_of_it_and_its_subscription_stays()
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", new RosterEntry(RosterTesting.Account("romeo"))
        {
            IsListed = true,
            Subscription = SubscriptionState.Both,
            Name = "Romeo",
            Groups = ["Friends"],
        });
        var juliet = await server.ComeAsync("juliet");

        string[] contents = ["name='MyRomeo'><group>Friends</group><group>Lovers &amp; others</group>", "><group>Lovers</group>", ">"];
        foreach (var content in contents)
        {
            await SetAsync(juliet, $"<item jid='romeo@localhost' {content}</item>");
            await juliet.ExpectPushAsync($"<item jid='romeo@localhost' subscription='both' {content}</item>");
        }
    }

    [Theory]
    [InlineData("", StanzaErrorCondition.BadRequest, "modify")]
    [InlineData("<item/>", StanzaErrorCondition.BadRequest, "modify")]
    [InlineData("<item jid='a@example.com'/><item jid='b@example.com'/>", StanzaErrorCondition.BadRequest, "modify")]
    [InlineData("<item jid='a@b@c'/>", StanzaErrorCondition.JidMalformed, "modify")]
    [InlineData("<item jid='a@example.com'><group>A</group><group>A</group></item>", StanzaErrorCondition.BadRequest, "modify")]
    [InlineData("<item jid='a@example.com'><group/></item>", StanzaErrorCondition.NotAcceptable, "modify")]
    [InlineData("<item jid='a@example.com' name='12345678901'/>", StanzaErrorCondition.NotAcceptable, "modify")]
    [InlineData("<item jid='a@example.com'><group>12345678901</group></item>", StanzaErrorCondition.NotAcceptable, "modify")]
    [InlineData("<item jid='a@b.c'><group>1</group><group>2</group><group>3</group></item>", StanzaErrorCondition.NotAcceptable, "modify")]
    [InlineData("<item jid='juliet@localhost'/>", StanzaErrorCondition.NotAllowed, "cancel")]
    [InlineData("<item jid='a@example.com' subscription='remove'/>", StanzaErrorCondition.ItemNotFound, "modify")]
    [Rfc6121("2.1.5-1", "2.3.3-1", "2.3.3-3", "2.3.3-4", "2.5.3-1")]
    public async Task What_can_not_be_set_is_refused_and_changes_nothing(string items, StanzaErrorCondition condition, string type)
    {
        await using var server = await TestServer.StartAsync(With(new() { NameBytes = 10, GroupBytes = 10, GroupsPerItem = 2 }));
        var juliet = await server.ComeAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1'><query xmlns='jabber:iq:roster'>{items}</query></iq>");

        var error = await juliet.ExpectErrorAsync(condition);
        Assert.Equal((type, "1"), (error.Child(Namespaces.Client, "error")!["type"], error["id"]));
        Assert.Empty((await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
    }

    [Fact]
    public async Task What_just_fits_is_taken()
    {
        await using var server = await TestServer.StartAsync(
            With(new() { NameBytes = 10, GroupBytes = 9, GroupsPerItem = 2, MaxItems = 2 }));
        var juliet = await server.ComeAsync("juliet");
        const string item = "<item jid='a@example.com' name='12345678é' subscription='none'><group>123456789</group><group>2</group></item>";

        await SetAsync(juliet, item);
        await juliet.ExpectPushAsync(item);
        await SetAsync(juliet, "<item jid='b@example.com'/>");
        await juliet.ReadAsync();

        // Full for newcomers, not for those who are there.
        await juliet.SendAsync("<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='c@example.com'/></query></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        await juliet.SendAsync("<presence type='subscribe' to='c@localhost'/><presence type='subscribed' to='d@localhost'/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        await SetAsync(juliet, item);
        await juliet.ExpectPushAsync(item);
    }

    [Theory]
    [InlineData("get", "romeo@localhost")]
    [InlineData("set", "romeo@localhost")]
    [InlineData("get", "nobody@localhost")]
    [InlineData("set", "nobody@localhost")]
    [Rfc6121("2-2", "2.1.5-3", "2.3.3-2")]
    public async Task Others_rosters_are_none_of_ones_business(string type, string to)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync(
            $"<iq type='{type}' id='1' to='{to}'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>");

        var error = await juliet.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        Assert.Equal(("auth", to), (error.Child(Namespaces.Client, "error")!["type"], error["from"]));
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    [Rfc6121("2.1.4-2")]
    public async Task Who_has_no_account_any_more_has_no_roster()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await server.Store.Accounts.DeleteAsync(juliet.Jid.Bare, CancellationToken.None);

        await juliet.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task A_request_for_the_roster_contains_no_items()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:roster'><item jid='a@example.com'/></query></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
    }

    [Fact]
    public async Task The_address_of_the_account_may_be_given()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1' to='juliet@localhost'><query xmlns='jabber:iq:roster'/></iq>");

        Assert.Equal(("result", "juliet@localhost"), await juliet.ReadAsync() is var result ? (result["type"], result["from"]) : default);
    }

    [Fact]
    [Rfc6121("2.2-3", "2.3.3-1")]
    public async Task What_can_not_be_stored_is_not_there()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        server.Store.Failure = StanzaErrorCondition.InternalServerError;

        await juliet.SendAsync("<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.InternalServerError);
        server.Store.Failure = null;
        Assert.Empty((await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
    }

    [Fact]
    public async Task What_was_stored_although_the_store_failed_is_there_and_has_its_version_alone()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        (server.Store.Failure, server.Store.LosesAnswers) = (StanzaErrorCondition.ResourceConstraint, true);
        await SetAsync("nurse");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        server.Store.Failure = null;

        await SetAsync("friar");

        Assert.Equal("result", (await juliet.ReadAsync())["type"]);
        Assert.Equal("set", (await juliet.ReadAsync())["type"]);
        Assert.Equal(2, (await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements.Count());
        var stored = await server.Store.Rosters.LoadAsync(RosterTesting.Account("juliet"), CancellationToken.None);
        Assert.Equal(2, stored!.Entries.Select(entry => entry.Version).Distinct().Count());

        ValueTask SetAsync(string name) => juliet.SendAsync(
            $"<iq type='set' id='{name}'><query xmlns='jabber:iq:roster'><item jid='{name}@example.com'/></query></iq>");
    }

    [Theory]
    [InlineData(SubscriptionState.None, false, false, "")]
    [InlineData(SubscriptionState.To, false, false, "unsubscribe")]
    [InlineData(SubscriptionState.From, false, false, "unavailable unsubscribed")]
    [InlineData(SubscriptionState.Both, false, false, "unsubscribe unavailable unsubscribed")]
    [InlineData(SubscriptionState.None, true, false, "unsubscribe")]
    [InlineData(SubscriptionState.None, false, true, "unsubscribed")]
    [Rfc6121("2.5.2-1", "2.5.2-2", "2.5.2-3", "2.5.2-4")]
    public async Task Removing_an_item_ends_what_there_is_between_the_two(
        SubscriptionState subscription, bool isAsking, bool isAsked, string stanzas)
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (RosterTesting.Account("romeo"), RosterTesting.Account("juliet"));
        var request = Element.Parse("<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>");
        await server.StoreAsync("juliet", new RosterEntry(romeo)
        {
            IsListed = true,
            Subscription = subscription,
            IsAsking = isAsking,
            Request = isAsked ? request : null,
        });
        await server.StoreAsync("romeo", new RosterEntry(juliet)
        {
            IsListed = true,
            Subscription = (SubscriptionState)(((int)subscription >> 1) | ((int)subscription << 1 & 2)),
            IsAsking = isAsked,
            Request = isAsking ? request.With("from", "juliet@localhost").With("to", "romeo@localhost") : null,
        });
        var him = await server.ComeAsync("romeo");
        if (isAsking)
            await him.ReadAsync();
        var her = await server.ComeAsync("juliet");
        if (subscription is SubscriptionState.From or SubscriptionState.Both)
            await him.ReadAsync();
        if (subscription is SubscriptionState.To or SubscriptionState.Both || isAsked)
            await her.ReadAsync();

        await SetAsync(her, "<item jid='romeo@localhost' subscription='remove'/>");

        await her.ExpectPushAsync("<item jid='romeo@localhost' subscription='remove'/>");
        foreach (var type in stanzas.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var from = type == "unavailable" ? her.Jid : juliet;
            await him.ExpectAsync($"<presence type='{type}' from='{from}' to='romeo@localhost'/>");
            if (type == "unsubscribe" && subscription == SubscriptionState.Both)
                await him.ExpectPushAsync("<item jid='juliet@localhost' subscription='to'/>");
            else if (type == "unsubscribe" && subscription == SubscriptionState.To || type == "unsubscribed")
                await him.ExpectPushAsync("<item jid='juliet@localhost' subscription='none'/>");
        }
        await him.ExpectNothingFromAsync(her);
        Assert.Empty((await server.Store.Rosters.LoadAsync(juliet, CancellationToken.None))!.Entries);
        var left = Assert.Single((await server.Store.Rosters.LoadAsync(romeo, CancellationToken.None))!.Entries);
        Assert.Equal((SubscriptionState.None, false, null), (left.Subscription, left.IsAsking, left.Request));
    }

    internal static async Task SetAsync(TestClient client, string item)
    {
        await client.SendAsync($"<iq type='set' id='set'><query xmlns='jabber:iq:roster'>{item}</query></iq>");
        await client.ExpectAsync($"<iq type='result' id='set' to='{client.Jid}'/>");
    }

    internal static Func<Xmpp.Server.Hosting.ServerOptions, Xmpp.Server.Hosting.ServerOptions> With(RosterOptions roster) =>
        options => options with { Modules = options.Modules with { Roster = roster } };
}
