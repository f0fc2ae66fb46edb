using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Leaving, other nicks, other presence (XEP-0045 §7.6, §7.7, §7.14, §17.3).</summary>
public sealed class LeavingTests
{
    [Xep0045("7.14-1", "7.14-3", "7.14-4")]
    [Fact]
    public async Task Who_leaves_is_told_and_so_are_the_others()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync($"<presence to='{Coven}/thirdwitch' id='1' type='unavailable'><status>gone</status></presence>");

        const string content = "<status>gone</status>";
        await third.ExpectAsync(Presence(
            third, "thirdwitch", "none", "none", third.Jid.ToString(), "110", "unavailable", "id='1'", content: content));
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "none", third.Jid.ToString(), "", "unavailable", content: content));
    }

    [Xep0045("7.2.4-1")]
    [Fact]
    public async Task Others_do_not_learn_who_it_was_in_a_semi_anonymous_room()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var second = await server.EnterRoomAsync("wiccarocks", "secondwitch");
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await second.ExpectAsync(Presence(second, "thirdwitch", "none", "participant"));

        await third.SendAsync($"<presence to='{Coven}/thirdwitch' type='unavailable'/>");

        await second.ExpectAsync(Presence(second, "thirdwitch", "none", "none", type: "unavailable"));
    }

    [Theory]
    [InlineData("<presence type='unavailable'/>")]
    [InlineData("</stream:stream>")]
    public async Task Whoever_goes_offline_leaves(string last)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(last);

        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "none", third.Jid.ToString(), type: "unavailable"));
    }

    [Fact]
    public async Task A_temporary_room_goes_with_the_last()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        Assert.NotNull(await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None));

        await first.SendAsync($"<presence to='{Coven}/firstwitch' type='unavailable'/>");
        await first.PassAsync();

        Assert.Null(await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None));
        var third = await server.LoginAsync("hag66", "pda");
        Assert.Contains("201", CodesOf((await third.EnterAsync(Coven, "thirdwitch"))[0]));
    }

    [Fact]
    public async Task A_persistent_room_stays_with_its_owner()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));

        await first.SendAsync($"<presence to='{Coven}/firstwitch' type='unavailable'/>");
        await first.PassAsync();

        var again = await first.EnterAsync(Coven, "firstwitch");
        Assert.Equal("110", CodesOf(again[0]));
        Assert.Equal("owner", again[0].Child(User, "x")!.Child(User, "item")!["affiliation"]);
    }

    [Fact]
    public async Task A_room_that_was_never_configured_goes_with_its_owner()
    {
        await using var server = await StartAsync();
        var first = await server.LoginAsync("crone1", "desktop");
        await first.EnterAsync(Coven, "firstwitch");

        await first.SendAsync($"<presence to='{Coven}/firstwitch' type='unavailable'/>");

        var presence = await first.ReadAsync();
        Assert.Equal("unavailable", presence["type"]);
        Assert.NotNull(presence.Child(User, "x")!.Child(User, "destroy"));
        var third = await server.LoginAsync("hag66", "pda");
        Assert.Contains("201", CodesOf((await third.EnterAsync(Coven, "thirdwitch"))[0]));
    }

    [Xep0045("17.3-6")]
    [Theory]
    [InlineData("<presence to='{0}/thirdwitch' type='unavailable'/>")]
    [InlineData("<presence to='{0}/firstwitch' type='unavailable'/>")]
    [InlineData("<presence to='{0}' type='unavailable'/>")]
    [InlineData("<presence to='{0}/thirdwitch' type='probe'/>")]
    [InlineData("<presence to='nowhere@conference.localhost/thirdwitch' type='unavailable'/>")]
    public async Task Of_who_is_not_there_nothing_is_said(string presence)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync(string.Format(null, presence, Coven));

        Assert.Empty(await third.PassAsync());
        Assert.Empty(await first.PassAsync());
    }

    [Xep0045("17.3-2", "17.3-4")]
    [Theory]
    [InlineData("subscribe")]
    [InlineData("unsubscribed")]
    public async Task Rooms_know_no_other_presence(string type)
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");

        await third.SendAsync($"<presence to='{Coven}/thirdwitch' type='{type}'/>");

        await third.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
    }

    [Xep0045("7.6-1")]
    [Fact]
    public async Task Another_nick_is_told_as_a_change()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync($"<presence to='{Coven}/oldhag' id='ifd1c35'/>");

        var jid = third.Jid.ToString();
        await third.ExpectAsync(Presence(third, "thirdwitch", "none", "participant", jid, "110 303", "unavailable", item: "nick='oldhag'"));
        await third.ExpectAsync(Presence(third, "oldhag", "none", "participant", jid, "110", more: "id='ifd1c35'"));
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "participant", jid, "303", "unavailable", item: "nick='oldhag'"));
        await first.ExpectAsync(Presence(first, "oldhag", "none", "participant", jid));
        await third.SendAsync($"<message to='{Coven}' type='groupchat'><body>1</body></message>");
        Assert.Equal($"{Coven}/oldhag", (await first.ReadAsync())["from"]);
    }

    [Xep0045("7.6-3")]
    [Theory]
    [InlineData("firstwitch")]
    [InlineData("FIRSTWITCH")]
    [InlineData("reserved")]
    public async Task A_nick_that_is_somebody_else_s_is_refused(string nick)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='member' jid='hecate@localhost' nick='reserved'/>"));

        await third.SendAsync($"<presence to='{Coven}/{nick}' id='1'/>");

        Assert.Equal($"{Coven}/{nick}", (await third.ExpectErrorAsync(StanzaErrorCondition.Conflict))["from"]);
    }

    [Xep0045("7.6-2")]
    [Fact]
    public async Task Who_takes_the_nick_of_another_client_of_ones_own_is_told_how_it_is_written()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        await server.EnterRoomAsync("hag66", "thirdwitch");
        var other = await server.EnterRoomAsync("hag66", "oldhag", resource: "laptop");
        await other.PassAsync();

        await other.SendAsync($"<presence to='{Coven}/ThirdWitch'/>");

        var told = await other.PassAsync();
        Assert.Equal(($"{Coven}/oldhag", "110 303"), (told[0]["from"], CodesOf(told[0])));
        Assert.Equal(($"{Coven}/thirdwitch", "110 210"), (told[1]["from"], CodesOf(told[1])));
    }

    [Fact]
    public async Task One_of_two_clients_takes_another_nick_and_the_other_keeps_its_own()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var pda = await server.EnterRoomAsync("hag66", "thirdwitch");
        var laptop = await server.EnterRoomAsync("hag66", "thirdwitch", resource: "laptop");
        await first.PassAsync();
        await pda.PassAsync();

        await laptop.SendAsync($"<presence to='{Coven}/oldhag'/>");

        Assert.Equal("110 303", CodesOf(await laptop.ReadAsync()));
        Assert.Equal(($"{Coven}/oldhag"), (await laptop.ReadAsync())["from"]);
        await first.ExpectAsync(Presence(first, "oldhag", "none", "participant", laptop.Jid.ToString()));
        Assert.Equal($"{Coven}/oldhag", (await pda.ReadAsync())["from"]);
        // And joins it again.
        await laptop.SendAsync($"<presence to='{Coven}/thirdwitch'/>");
        await first.ExpectAsync(Presence(
            first, "oldhag", "none", "participant", laptop.Jid.ToString(), "303", "unavailable", item: "nick='thirdwitch'"));
    }

    [Xep0045("7.2.2-2", "17.3-7")]
    [Fact]
    public async Task Other_presence_is_passed_on_without_what_only_the_room_says()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(
            $"<presence to='{Coven}/thirdwitch'><show>xa</show><x xmlns='{User}'><item affiliation='owner' role='moderator'/></x>"
            + "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>");

        await first.ExpectAsync(Presence(
            first, "thirdwitch", "none", "participant", third.Jid.ToString(),
            content: "<show>xa</show><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/>"));
    }

    [Xep0045("11.1-1", "11.1-2")]
    [Theory]
    [InlineData("gone", true)]
    [InlineData("item-not-found", true)]
    [InlineData("recipient-unavailable", true)]
    [InlineData("redirect", true)]
    [InlineData("remote-server-not-found", true)]
    [InlineData("remote-server-timeout", true)]
    [InlineData("feature-not-implemented", false)]
    [InlineData("service-unavailable", false)]
    public async Task A_ghost_is_removed(string condition, bool isRemoved)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(
            $"<message to='{Coven}' type='error'><error type='cancel'><{condition} xmlns='{Namespaces.StanzaErrors}'/></error></message>");

        if (isRemoved)
        {
            await first.ExpectAsync(Presence(first, "thirdwitch", "none", "none", third.Jid.ToString(), "333", "unavailable"));
            await third.ExpectAsync(Presence(third, "thirdwitch", "none", "none", third.Jid.ToString(), "110 333", "unavailable"));
        }
        else
        {
            await third.PassAsync();
            Assert.Empty(await first.PassAsync());
        }
    }
}
