using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Requests between occupants (XEP-0045 §6.6, §17.4), and whether one is there (XEP-0410).</summary>
public sealed class OccupantTests
{
    [Xep0045("17.4-1")]
    [Fact]
    public async Task Requests_and_answers_are_passed_on_and_nobody_learns_who_it_is()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var second = await server.EnterRoomAsync("wiccarocks", "secondwitch");
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await second.PassAsync();

        await third.SendAsync($"<iq type='get' id='1' to='{Coven}/secondwitch'><query xmlns='jabber:iq:version'/></iq>");
        var request = await second.ReadAsync();
        Assert.Equal(("get", $"{Coven}/thirdwitch", second.Jid.ToString()), (request["type"], request["from"], request["to"]));
        Assert.NotNull(request.Child("jabber:iq:version", "query"));
        await second.SendAsync(
            $"<iq type='result' id='{request["id"]}' to='{Coven}/thirdwitch'><query xmlns='jabber:iq:version'><name>x</name></query></iq>");

        await third.ExpectAsync(
            $"<iq type='result' id='1' from='{Coven}/secondwitch' to='{third.Jid}'>"
            + "<query xmlns='jabber:iq:version'><name>x</name></query></iq>");
        // An error is an answer too, and no sign that somebody is gone.
        await third.SendAsync($"<iq type='get' id='2' to='{Coven}/secondwitch'><query xmlns='{Namespaces.DiscoInfo}' node='x'/></iq>");
        request = await second.ReadAsync();
        await second.SendAsync(
            $"<iq type='error' id='{request["id"]}' to='{Coven}/thirdwitch'><error type='cancel'>"
            + $"<item-not-found xmlns='{Namespaces.StanzaErrors}'/></error></iq>");
        await third.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
        Assert.Empty(await third.PassAsync());
    }

    [Fact]
    public async Task Cards_are_given_by_accounts_to_occupants()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        var outside = await server.LoginAsync("hecate");
        await third.AskAsync("set", "hag66@localhost", "<vCard xmlns='vcard-temp'><FN>Hag</FN></vCard>");
        const string request = "<vCard xmlns='vcard-temp'/>";

        var answer = await first.AskAsync("get", $"{Coven}/thirdwitch", request);

        Assert.Equal(("result", $"{Coven}/thirdwitch"), (answer["type"], answer["from"]));
        Assert.Equal("Hag", answer.Child("vcard-temp", "vCard")!.Child("vcard-temp", "FN")!.Text);
        Assert.Equal(StanzaErrorCondition.ServiceUnavailable, ConditionOf(await third.AskAsync("get", $"{Coven}/firstwitch", request)));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(await third.AskAsync("get", $"{Coven}/nobody", request)));
        Assert.Equal(StanzaErrorCondition.NotAcceptable, ConditionOf(await outside.AskAsync("get", $"{Coven}/thirdwitch", request)));
    }

    [Fact]
    public async Task Nobody_else_answers()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var second = await server.EnterRoomAsync("wiccarocks", "secondwitch");
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await second.PassAsync();
        await first.PassAsync();

        await third.SendAsync($"<iq type='get' id='1' to='{Coven}/secondwitch'><query xmlns='jabber:iq:version'/></iq>");
        var id = (await second.ReadAsync())["id"];
        await first.SendAsync($"<iq type='result' id='{id}' to='{Coven}/thirdwitch'/>");
        await first.PassAsync();

        Assert.Empty(await third.PassAsync());
    }

    [Xep0045("6.6-1")]
    [Theory]
    [InlineData($"<query xmlns='{Namespaces.DiscoInfo}'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<ping xmlns='urn:xmpp:ping'/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("<query xmlns='jabber:iq:version'/>", StanzaErrorCondition.NotAcceptable)]
    public async Task Who_is_not_in_the_room_asks_nobody(string payload, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66");

        Assert.Equal(condition, ConditionOf(await third.AskAsync("get", $"{Coven}/firstwitch", payload)));
        Assert.Equal(condition, ConditionOf(await third.AskAsync("get", $"nowhere@{Domain}/firstwitch", payload)));
    }

    [Fact]
    public async Task Who_pings_itself_learns_whether_it_is_there()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        const string ping = "<ping xmlns='urn:xmpp:ping'/>";

        Assert.Equal("result", (await first.AskAsync("get", $"{Coven}/firstwitch", ping))["type"]);
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(await first.AskAsync("get", $"{Coven}/othernick", ping)));
        await first.SendAsync($"<presence to='{Coven}/firstwitch' type='unavailable'/>");
        Assert.Equal(StanzaErrorCondition.NotAcceptable, ConditionOf(await first.AskAsync("get", $"{Coven}/firstwitch", ping)));
    }
}
