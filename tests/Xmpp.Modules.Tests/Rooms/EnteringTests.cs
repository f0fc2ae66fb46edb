using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Entering a room (XEP-0045 §7.1, §7.2).</summary>
public sealed class EnteringTests
{
    [Xep0045(
        "5.1-1", "5.2-2", "7.1-1", "7.2.2-1", "7.2.2-3", "7.2.2-4", "7.2.2-5", "7.2.2-7", "7.2.4-1", "7.2.13-1", "7.2.13-4",
        "7.2.15-1", "7.2.15-2", "7.2.16-1", "17.3-8")]
    [Fact]
    public async Task Events_come_in_order()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("changesubject", "1"));
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><subject>Spells</subject></message>");
        await first.ExpectAsync(
            $"<message from='{Coven}/firstwitch' to='{first.Jid}' type='groupchat' id='1'><subject>Spells</subject></message>");
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='2'><body>Thrice</body></message>");
        await first.ExpectAsync(
            $"<message from='{Coven}/firstwitch' to='{first.Jid}' type='groupchat' id='2'><body>Thrice</body></message>");
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync($"<presence to='{Coven}/thirdwitch' id='n13mt3l'><show>away</show>{Join}</presence>");

        await third.ExpectAsync(Presence(third, "firstwitch", "owner", "moderator"));
        await third.ExpectAsync(Presence(
            third, "thirdwitch", "none", "participant", third.Jid.ToString(), "110", more: "id='n13mt3l'", content: "<show>away</show>"));
        var history = await third.ReadAsync();
        Assert.Equal("Thrice", history.Child(Namespaces.Client, "body")!.Text);
        Assert.Equal(Coven, history.Child("urn:xmpp:delay", "delay")!["from"]);
        var subject = await third.ReadAsync();
        Assert.Equal(($"{Coven}/firstwitch", "groupchat"), (subject["from"], subject["type"]));
        Assert.Equal("Spells", subject.Child(Namespaces.Client, "subject")!.Text);
        Assert.Equal(Coven, subject.Child("urn:xmpp:delay", "delay")!["from"]);
        // Others see who it is when they are moderators.
        await first.ExpectAsync(Presence(
            first, "thirdwitch", "none", "participant", third.Jid.ToString(), content: "<show>away</show>"));
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='3'><body>live</body></message>");
        Assert.Equal("3", (await third.ReadAsync())["id"]);
    }

    [Xep0045("5.2-1", "7.2.10-1", "7.2.15-3", "10.1.1-2", "10.1.1-3", "10.1.1-4", "10.1.1-9", "10.1.2-2")]
    [Fact]
    public async Task A_room_that_does_not_exist_is_made_and_locked()
    {
        await using var server = await StartAsync();
        var owner = await server.LoginAsync("crone1", "desktop");

        await owner.SendAsync($"<presence to='{Coven}/firstwitch'>{Join}</presence>");

        await owner.ExpectAsync(Presence(owner, "firstwitch", "owner", "moderator", owner.Jid.ToString(), "110 201"));
        await owner.ExpectAsync($"<message from='{Coven}' to='{owner.Jid}' type='groupchat'><subject/></message>");
        var third = await server.LoginAsync("hag66", "pda");
        await third.ExpectRefusedAsync(StanzaErrorCondition.ItemNotFound); // §7.2.11
        await owner.ConfigureAsync(Coven);
        await third.EnterAsync(Coven, "thirdwitch");
    }

    [Xep0045("7.2.1-4", "17.1-2")]
    [Fact]
    public async Task A_nick_is_needed()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync($"<presence to='{Coven}' id='1'>{Join}</presence>");

        var error = await third.ExpectErrorAsync(StanzaErrorCondition.JidMalformed);
        Assert.Equal((Coven, "1"), (error["from"], error["id"]));
        Assert.Equal(StanzaErrorType.Modify, StanzaError.Parse(error)!.Type);
    }

    [Xep0045("7.2.3-1", "7.2.3-2", "7.2.12-1", "14.3-1", "14.5-1", "17.3-11")]
    [Fact]
    public async Task In_a_non_anonymous_room_everybody_sees_everybody_and_is_warned()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: [("whois", "anyone"), ("enablelogging", "1")]);
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync($"<presence to='{Coven}/thirdwitch'>{Join}</presence>");

        await third.ExpectAsync(Presence(third, "firstwitch", "owner", "moderator", first.Jid.ToString()));
        await third.ExpectAsync(Presence(third, "thirdwitch", "none", "participant", third.Jid.ToString(), "100 110 170"));
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "participant", third.Jid.ToString()));
    }

    [Xep0045("7.2.5-1")]
    [Theory]
    [InlineData("", false)]
    [InlineData("<password>wrong</password>", false)]
    [InlineData("<password>cauldronburn</password>", true)]
    public async Task A_password_is_asked_for(string content, bool isLetIn)
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync(configuration: [("passwordprotectedroom", "1"), ("roomsecret", "cauldronburn")]);
        var third = await server.LoginAsync("hag66", "pda");

        if (isLetIn)
            await third.EnterAsync(Coven, "thirdwitch", content);
        else
            Assert.Equal(StanzaErrorType.Auth, (await third.ExpectRefusedAsync(StanzaErrorCondition.NotAuthorized, content: content)).Type);
    }

    [Xep0045("7.2.6-1", "9.5-9")]
    [Fact]
    public async Task Only_members_enter_a_members_only_room()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("membersonly", "1"));
        var third = await server.LoginAsync("hag66", "pda");
        Assert.Equal(StanzaErrorType.Auth, (await third.ExpectRefusedAsync(StanzaErrorCondition.RegistrationRequired)).Type);

        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='member' jid='hag66@localhost'/>"));

        await third.PassAsync();
        var received = await third.EnterAsync(Coven, "thirdwitch");
        Assert.Equal("member", received[1].Child(User, "x")!.Child(User, "item")!["affiliation"]);
    }

    [Xep0045("7.2.7-1")]
    [Theory]
    [InlineData("hag66@localhost")]
    [InlineData("localhost")]
    public async Task Who_is_banned_does_not_enter(string banned)
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "example.com"] });
        var first = await server.CreateRoomAsync("crone1@example.com");
        var third = await server.LoginAsync("hag66", "pda");

        var answer = await first.AskAsync("set", Coven, AdminQuery($"<item affiliation='outcast' jid='{banned}'/>"));

        Assert.Equal("result", answer["type"]);
        await third.PassAsync();
        Assert.Equal(StanzaErrorType.Auth, (await third.ExpectRefusedAsync(StanzaErrorCondition.Forbidden)).Type);
    }

    [Xep0045("7.2.8-1", "17.1-1")]
    [Theory]
    [InlineData("firstwitch", StanzaErrorCondition.Conflict)]
    [InlineData("FirstWitch", StanzaErrorCondition.Conflict)]
    [InlineData("ｆirstwitch", StanzaErrorCondition.Conflict)]
    [InlineData("firstwitch ", StanzaErrorCondition.Conflict)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789", StanzaErrorCondition.NotAcceptable)]
    public async Task A_nick_is_somebody_s_only_and_can_be_seen(string nick, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.ExpectRefusedAsync(condition, nick: nick);
    }

    [Xep0045("17.1-3")]
    [Fact]
    public async Task A_nick_of_blanks_is_none()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync($"<presence to='{Coven}/  '>{Join}</presence>");

        await third.ExpectErrorAsync(StanzaErrorCondition.JidMalformed); // RFC 7622 leaves no such address.
    }

    [Xep0045("7.2.9-1")]
    [Fact]
    public async Task A_full_room_lets_nobody_in_but_admins()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("maxusers", "1"));
        var third = await server.LoginAsync("hag66", "pda");
        Assert.Equal(StanzaErrorType.Wait, (await third.ExpectRefusedAsync(StanzaErrorCondition.ServiceUnavailable)).Type);

        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='admin' jid='hag66@localhost'/>"));

        await third.PassAsync();
        await third.EnterAsync(Coven, "thirdwitch");
    }

    [Xep0045("10.1.1-1")]
    [Fact]
    public async Task Who_may_not_make_rooms_is_told()
    {
        await using var server = await StartAsync(options => options with { Creators = Modules.Rooms.RoomCreators.Administrators });
        var third = await server.LoginAsync("hag66", "pda");

        Assert.Equal(StanzaErrorType.Cancel, (await third.ExpectRefusedAsync(StanzaErrorCondition.NotAllowed)).Type);
        await third.ExpectRefusedAsync(StanzaErrorCondition.NotAllowed);
    }

    [Xep0045("7.2.13-2", "7.2.13-3", "7.2.14-2", "7.2.14-3")]
    [Theory]
    [InlineData("maxstanzas='2'", "4 5")]
    [InlineData("maxstanzas='0'", "")]
    [InlineData("maxchars='0'", "")]
    [InlineData("maxchars='400'", "5")]
    [InlineData("maxchars='100000'", "1 2 3 4 5")]
    [InlineData("seconds='25'", "3 4 5")]
    [InlineData("seconds='1000'", "1 2 3 4 5")]
    [InlineData("since='2026-01-01T00:00:30Z'", "4 5")]
    [InlineData("seconds='15' maxstanzas='10'", "4 5")]
    [InlineData("seconds='1000' maxstanzas='1'", "5")]
    [InlineData("seconds='5' since='1970-01-01T00:00:00Z'", "5")]
    [InlineData("maxstanzas='many'", "1 2 3 4 5")]
    [InlineData("", "1 2 3 4 5")]
    public async Task History_is_what_was_asked_for(string attributes, string expected)
    {
        await using var server = await StartAsync();
        server.Time.Advance(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) - server.Time.GetUtcNow());
        var first = await server.CreateRoomAsync();
        for (var i = 1; i <= 5; i++)
        {
            await first.SendAsync($"<message to='{Coven}' type='groupchat' id='{i}'><body>{i}</body></message>");
            await first.ReadAsync();
            if (i < 5)
                server.Time.Advance(TimeSpan.FromSeconds(10));
        }

        var third = await server.LoginAsync("hag66", "pda");
        var received = await third.EnterAsync(Coven, "thirdwitch", attributes.Length == 0 ? "" : $"<history {attributes}/>");

        Assert.Equal(expected, string.Join(' ', received.Where(stanza => stanza.Child(Namespaces.Client, "body") is not null)
            .Select(stanza => stanza["id"])));
    }

    [Xep0045("7.2.18-1")]
    [Fact]
    public async Task Presence_without_the_protocol_s_element_does_not_enter()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync($"<presence to='{Coven}/thirdwitch'/>");

        await third.ExpectAsync(Presence(
            third, "thirdwitch", "none", "none", codes: "110 307 333", type: "unavailable",
            item: "<reason>You are not in the room.</reason>"));
    }

    [Xep0045("17.3-5")]
    [Fact]
    public async Task Who_enters_again_is_told_everything_again()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        var again = await third.EnterAsync(Coven, "thirdwitch", further: "<show>xa</show>");

        Assert.Equal(
            [$"{Coven}/firstwitch", $"{Coven}/thirdwitch", Coven], again.Select(stanza => stanza["from"]));
        Assert.Equal("110", CodesOf(again[1]));
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "participant", third.Jid.ToString(), content: "<show>xa</show>"));
    }

    [Xep0045("7.2.8-2")]
    [Fact]
    public async Task Two_clients_of_one_person_share_a_nick()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var pda = await server.EnterRoomAsync("hag66", "thirdwitch");
        var laptop = await server.EnterRoomAsync("hag66", "ThirdWitch", resource: "laptop");
        await first.PassAsync();
        await pda.PassAsync();

        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><body>to all</body></message>");
        Assert.Equal("1", (await pda.ReadAsync())["id"]);
        Assert.Equal("1", (await laptop.ReadAsync())["id"]);
        await laptop.SendAsync($"<message to='{Coven}' type='groupchat' id='2'><body>by one</body></message>");
        Assert.Equal($"{Coven}/thirdwitch", (await pda.ReadAsync())["from"]);
        await first.PassAsync();
        // One leaves: the occupant stays.
        await laptop.SendAsync($"<presence to='{Coven}/thirdwitch' type='unavailable'/>");
        await laptop.PassAsync();
        Assert.DoesNotContain(await first.PassAsync(), stanza => stanza["type"] == "unavailable");
        await pda.SendAsync($"<presence to='{Coven}/thirdwitch' type='unavailable'/>");
        await first.ExpectAsync(Presence(
            first, "thirdwitch", "none", "none", pda.Jid.ToString(), type: "unavailable"));
    }

    [Xep0045("7.2.2-6")]
    [Fact]
    public async Task A_nick_that_was_written_otherwise_is_told()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        await server.EnterRoomAsync("hag66", "thirdwitch");
        var laptop = await server.LoginAsync("hag66", "laptop");

        var received = await laptop.EnterAsync(Coven, "ThirdWitch");

        Assert.Equal("110 210", CodesOf(received[^2]));
        Assert.Equal($"{Coven}/thirdwitch", received[^2]["from"]);
    }
}
