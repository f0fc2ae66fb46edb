using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>The service behind the rooms: administrators, reloading, its end (XEP-0045 §14.2).</summary>
public sealed class RoomServiceTests
{
    [Fact]
    public async Task Administrators_are_owners_of_every_room_without_being_listed()
    {
        await using var server = await TestServer.StartAsync(options => options with { Administrators = ["duncan@localhost"] });
        var first = await server.CreateRoomAsync(configuration: ("membersonly", "1"));
        var duncan = await server.LoginAsync("duncan", "throne");

        var received = await duncan.EnterAsync(Coven, "duncan");

        var item = received[^2].Child(User, "x")!.Child(User, "item")!;
        Assert.Equal(("owner", "moderator"), (item["affiliation"], item["role"]));
        Assert.Equal("result", (await duncan.AskAsync("set", Coven, Form(("roomname", "The king's"))))["type"]);
        var owners = await first.AskAsync("get", Coven, AdminQuery("<item affiliation='owner'/>"));
        Assert.Equal(["crone1@localhost"], owners.Elements.Single().Elements.Select(owner => owner["jid"]));
        Assert.Equal(StanzaErrorCondition.Conflict, ConditionOf(
            await first.AskAsync("set", Coven, AdminQuery("<item jid='crone1@localhost' affiliation='member'/>"))));
    }

    [Fact]
    public async Task A_reload_leaves_everybody_where_they_are()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await server.ReloadAsync(options => options with
        {
            Modules = options.Modules with { Rooms = options.Modules.Rooms with { Name = "Other rooms", NickLength = 8 } },
        });

        await third.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><body>still here</body></message>");
        Assert.Equal("1", (await first.ReadAsync())["id"]);
        await (await server.LoginAsync("hecate")).ExpectRefusedAsync(StanzaErrorCondition.NotAcceptable, nick: "a long nick");
        var info = await first.AskAsync("get", Domain, $"<query xmlns='{Namespaces.DiscoInfo}'/>");
        Assert.Equal("Other rooms", info.Elements.Single().Child(Namespaces.DiscoInfo, "identity")!["name"]);
    }

    [Fact]
    public async Task When_the_server_ends_occupants_are_told()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();

        var stopped = server.Server.StopAsync();

        await first.ExpectAsync(Presence(first, "firstwitch", "none", "none", codes: "110 332", type: "unavailable"));
        await first.SendAsync("</stream:stream>");
        await stopped;
    }

    [Fact]
    public async Task Another_client_with_the_same_address_is_not_the_one_that_was_there()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        var again = await server.EnterRoomAsync("hag66", "thirdwitch");

        Assert.Equal(
            [("unavailable", $"{Coven}/thirdwitch"), (null, $"{Coven}/thirdwitch")],
            (await first.PassAsync()).Select(presence => (presence["type"], presence["from"])));
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><body>there you are</body></message>");
        Assert.Equal("1", (await again.ReadAsync())["id"]);
    }

    [Fact]
    public async Task A_moderator_of_late_sees_who_others_are_and_a_hidden_role_is_gone()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: [("presencebroadcast", "moderator"), ("presencebroadcast", "participant")]);
        var second = await server.EnterRoomAsync("wiccarocks", "secondwitch");
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await second.PassAsync();

        await first.AskAsync("set", Coven, AdminQuery("<item nick='secondwitch' role='moderator'/>"));
        var told = await second.PassAsync();
        Assert.Equal(third.Jid.ToString(), told.Single(presence => presence["from"] == $"{Coven}/thirdwitch")
            .Child(User, "x")!.Child(User, "item")!["jid"]);

        await first.AskAsync("set", Coven, AdminQuery("<item nick='thirdwitch' role='visitor'/>"));
        var gone = await second.ReadAsync();
        Assert.Equal(("unavailable", $"{Coven}/thirdwitch"), (gone["type"], gone["from"]));
        Assert.Equal("visitor", (await third.PassAsync())[^1].Child(User, "x")!.Child(User, "item")!["role"]);
    }
}
