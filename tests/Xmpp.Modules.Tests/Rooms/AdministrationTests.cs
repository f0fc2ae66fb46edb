using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Roles and affiliations are given and taken (XEP-0045 §8.2-8.5, §9, §10.3-10.8).</summary>
public sealed class AdministrationTests
{
    [Xep0045("8.2-1", "8.2-2", "8.2-3")]
    [Fact]
    public async Task Who_is_kicked_is_told_first_then_the_moderator_then_all()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var pistol = await server.EnterRoomAsync("pistol", "pistol");
        var gower = await server.EnterRoomAsync("gower", "gower");
        await first.PassAsync();

        await first.SendAsync(
            $"<iq type='set' id='kick1' to='{Coven}'>"
            + AdminQuery("<item nick='pistol' role='none'><reason>Avaunt, you cullion!</reason></item>") + "</iq>");

        const string item = "<actor nick='firstwitch'/><reason>Avaunt, you cullion!</reason>";
        Assert.Equal($"{Coven}/gower", (await pistol.ReadAsync())["from"]);
        await pistol.ExpectAsync(Presence(pistol, "pistol", "none", "none", pistol.Jid.ToString(), "110 307", "unavailable", item: item));
        await first.ExpectAsync($"<iq type='result' id='kick1' from='{Coven}' to='{first.Jid}'/>");
        await first.ExpectAsync(Presence(first, "pistol", "none", "none", pistol.Jid.ToString(), "307", "unavailable", item: item));
        await gower.ExpectAsync(Presence(gower, "pistol", "none", "none", codes: "307", type: "unavailable", item: item));
        await pistol.SendAsync($"<message to='{Coven}' type='groupchat'><body>1</body></message>");
        await pistol.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await pistol.EnterAsync(Coven, "pistol");
    }

    [Xep0045("9.1-1", "9.1-3", "9.1-4", "9.1-5", "9.2-3", "9.2-4", "9.2-5")]
    [Fact]
    public async Task Who_is_banned_leaves_and_its_nick_is_free()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var cambridge = await server.EnterRoomAsync("earlofcambridge", "cambridge");
        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='member' jid='earlofcambridge@localhost' nick='cambridge'/>"));
        await first.PassAsync();
        await cambridge.PassAsync();

        await first.SendAsync(
            $"<iq type='set' id='ban1' to='{Coven}'>"
            + AdminQuery("<item affiliation='outcast' jid='earlofcambridge@localhost'><reason>Treason</reason></item>") + "</iq>");

        const string item = "<actor nick='firstwitch'/><reason>Treason</reason>";
        await cambridge.ExpectAsync(Presence(
            cambridge, "cambridge", "outcast", "none", cambridge.Jid.ToString(), "110 301", "unavailable", item: item));
        await first.ExpectAsync($"<iq type='result' id='ban1' from='{Coven}' to='{first.Jid}'/>");
        await first.ExpectAsync(Presence(
            first, "cambridge", "outcast", "none", cambridge.Jid.ToString(), "301", "unavailable", item: item));
        await cambridge.ExpectRefusedAsync(StanzaErrorCondition.Forbidden);
        var list = await first.AskAsync("get", Coven, AdminQuery("<item affiliation='outcast'/>"));
        Assert.Equal(
            Core.Xml.Element.Parse(AdminQuery(
                "<item affiliation='outcast' jid='earlofcambridge@localhost'><reason>Treason</reason></item>")),
            list.Elements.Single());
        await (await server.LoginAsync("hag66")).EnterAsync(Coven, "cambridge");
    }

    [Xep0045("9.4-1", "9.4-3", "9.5-7")]
    [Fact]
    public async Task A_member_that_is_none_any_more_leaves_a_members_only_room()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("membersonly", "1"));
        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='member' jid='hag66@localhost'/>"));
        await first.PassAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='none' jid='hag66@localhost/pda'/>"));

        const string item = "<actor nick='firstwitch'/>";
        await third.ExpectAsync(Presence(third, "thirdwitch", "none", "none", third.Jid.ToString(), "110 321", "unavailable", item: item));
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "none", third.Jid.ToString(), "321", "unavailable", item: item));
        await third.ExpectRefusedAsync(StanzaErrorCondition.RegistrationRequired);
    }

    public static TheoryData<string, string, string> Granted => new()
    {
        // In a moderated room: affiliation before, affiliation after, role after.
        { "none", "member", "participant" },
        { "none", "admin", "moderator" },
        { "none", "owner", "moderator" },
        { "member", "none", "visitor" },
        { "member", "admin", "moderator" },
        { "admin", "member", "participant" },
        { "admin", "none", "visitor" },
        { "admin", "owner", "moderator" },
        { "owner", "admin", "moderator" },
        { "owner", "member", "participant" },
        { "owner", "none", "visitor" },
    };

    [Xep0045(
        "5.1.3-1", "5.2.2-1", "9.3-1", "9.3-2", "9.4-2", "9.5-5", "9.5-6", "9.5-8", "9.5-10", "9.5-13", "10.3-2", "10.3-3",
        "10.4-4", "10.4-5", "10.5-7", "10.5-8", "10.6-2", "10.6-3", "10.7-2", "10.7-3", "10.8-6", "10.8-7", "17.3-9", "17.3-10")]
    [Theory]
    [MemberData(nameof(Granted))]
    public async Task All_are_told_of_an_affiliation_and_the_role_that_goes_with_it(string before, string after, string role)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("moderatedroom", "1"));
        if (before != "none")
            await first.AskAsync("set", Coven, AdminQuery($"<item affiliation='{before}' jid='hag66@localhost'/>"));
        var third = await server.LoginAsync("hag66", "pda");
        await third.PassAsync();
        await third.EnterAsync(Coven, "thirdwitch");
        await first.PassAsync();

        var change = AdminQuery($"<item affiliation='{after}' jid='hag66@localhost'/>");
        await first.SendAsync($"<iq type='set' id='1' to='{Coven}'>{change}</iq>");

        await first.ExpectAsync($"<iq type='result' id='1' from='{Coven}' to='{first.Jid}'/>");
        const string item = "<actor nick='firstwitch'/>";
        await first.ExpectAsync(Presence(first, "thirdwitch", after, role, third.Jid.ToString(), item: item));
        await third.ExpectAsync(Presence(third, "thirdwitch", after, role, third.Jid.ToString(), "110", item: item));
        var stored = (await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None))!.Members;
        Assert.Equal(
            after, stored.FirstOrDefault(member => member.Jid == third.Jid.Bare)?.Affiliation.ToString().ToLowerInvariant() ?? "none");
    }

    /// <summary>§8.3, §8.4, §9.6, §9.7: the one who wants it is told first, then all.</summary>
    [Xep0045("8.3-1", "8.3-2", "8.4-1", "8.4-2", "8.5-3", "8.5-4", "9.6-1", "9.6-2", "9.7-1", "9.7-2", "9.8-3", "9.8-4")]
    [Theory]
    [InlineData("visitor", "participant")]
    [InlineData("participant", "visitor")]
    [InlineData("participant", "moderator")]
    [InlineData("moderator", "participant")]
    public async Task Voice_and_moderation_are_given_and_taken(string before, string after)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        if (before != "participant")
            await first.AskAsync("set", Coven, AdminQuery($"<item nick='thirdwitch' role='{before}'/>"));
        await first.PassAsync();
        await third.PassAsync();

        await first.SendAsync($"<iq type='set' id='1' to='{Coven}'>"
            + AdminQuery($"<item nick='thirdwitch' role='{after}'><reason>Macbeth</reason></item>") + "</iq>");

        const string item = "<actor nick='firstwitch'/><reason>Macbeth</reason>";
        await first.ExpectAsync($"<iq type='result' id='1' from='{Coven}' to='{first.Jid}'/>");
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", after, third.Jid.ToString(), item: item));
        await third.ExpectAsync(Presence(third, "thirdwitch", "none", after, third.Jid.ToString(), "110", item: item));
    }

    [Xep0045("17.4-2")]
    [Theory]
    [InlineData("set", "")]
    [InlineData("set", "<item/>")]
    [InlineData("set", "<item nick='thirdwitch'/>")]
    [InlineData("set", "<item nick='thirdwitch' role='visitor' affiliation='none'/>")]
    [InlineData("set", "<item nick='thirdwitch' role='king'/>")]
    [InlineData("set", "<item role='visitor'/>")]
    [InlineData("set", "<item jid='hag66@localhost' affiliation='king'/>")]
    [InlineData("set", "<item affiliation='member'/>")]
    [InlineData("get", "")]
    [InlineData("get", "<item/>")]
    [InlineData("get", "<item role='moderator'/><item role='visitor'/>")]
    [InlineData("get", "<item role='moderator' affiliation='owner'/>")]
    [InlineData("get", "<item role='none'/>")]
    [InlineData("get", "<item affiliation='none'/>")]
    [InlineData("get", "<item affiliation='king'/>")]
    public async Task Requests_that_are_none_are_bad(string type, string items)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        await server.EnterRoomAsync("hag66", "thirdwitch");

        Assert.Equal(StanzaErrorCondition.BadRequest, ConditionOf(await first.AskAsync(type, Coven, AdminQuery(items))));
    }

    /// <summary>Who sees which list: rows are lists, columns who asks: owner, admin, member, nobody's moderator, nobody.</summary>
    [Xep0045("5.2.1-1", "10.5-1", "10.8-1")]
    [Theory]
    [InlineData("affiliation='owner'", "moderators", "ynnnn")]
    [InlineData("affiliation='admin'", "moderators", "ynnnn")]
    [InlineData("affiliation='member'", "moderators", "yynnn")]
    [InlineData("affiliation='outcast'", "moderators", "yynnn")]
    [InlineData("role='moderator'", "moderators", "yynnn")]
    [InlineData("role='participant'", "moderators", "yynyn")]
    [InlineData("role='visitor'", "moderators", "yynyn")]
    [InlineData("affiliation='owner'", "anyone", "yyyyn")]
    [InlineData("affiliation='admin'", "anyone", "yyyyn")]
    [InlineData("affiliation='member'", "anyone", "yyyyn")]
    [InlineData("affiliation='outcast'", "anyone", "yynnn")]
    public async Task Lists_are_seen_by_those_who_may(string list, string whois, string expected)
    {
        await using var server = await StartAsync();
        var owner = await server.CreateRoomAsync(configuration: [("whois", whois), ("getmemberlist", "moderator")]);
        var moderator = await server.EnterRoomAsync("moderator", "moderator");
        var nobody = await server.EnterRoomAsync("nobody", "nobody");
        await owner.AskAsync("set", Coven, AdminQuery(
            "<item affiliation='admin' jid='admin@localhost'/><item affiliation='member' jid='member@localhost'/>"));
        await owner.AskAsync("set", Coven, AdminQuery("<item nick='moderator' role='moderator'/>"));
        var (admin, member) = (await server.LoginAsync("admin"), await server.LoginAsync("member"));

        var seen = "";
        foreach (var client in (TestClient[])[owner, admin, member, moderator, nobody])
        {
            var answer = await client.AskAsync("get", Coven, AdminQuery($"<item {list}/>"));
            seen += answer["type"] == "result" ? 'y' : ConditionOf(answer) == StanzaErrorCondition.Forbidden ? 'n' : '?';
        }

        Assert.Equal(expected, seen);
    }

    [Xep0045("9.2-6", "10-1", "10.2-8", "10.4-2", "10.5-6")]
    [Theory]
    [InlineData("<item nick='nobody' role='none'/>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<item nick='nobody' affiliation='member'/>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<item jid='@' affiliation='member'/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("<item jid='crone1@localhost' affiliation='outcast'/>", StanzaErrorCondition.Conflict)]
    [InlineData("<item jid='crone1@localhost' affiliation='admin'/>", StanzaErrorCondition.Conflict)]
    [InlineData("<item nick='firstwitch' role='none'/>", StanzaErrorCondition.Conflict)]
    [InlineData("<item nick='firstwitch' role='participant'/>", StanzaErrorCondition.NotAllowed)]
    [InlineData("<item jid='example.com' affiliation='owner'/>", StanzaErrorCondition.NotAllowed)]
    [InlineData("<item jid='a@localhost' nick='n' affiliation='member'/><item jid='b@localhost' nick='N' affiliation='member'/>",
        StanzaErrorCondition.Conflict)]
    public async Task What_even_an_owner_can_not_do(string items, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        // All or nothing.
        Assert.Equal(condition, ConditionOf(
            await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='member'/>" + items))));
        Assert.Empty(await third.PassAsync());
        var stored = (await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None))!.Members;
        Assert.Equal([new RoomMember(Jid.Parse("crone1@localhost"), Affiliation.Owner)], stored);
    }

    [Fact]
    public async Task An_owner_gives_it_up_when_there_is_another()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        Assert.Equal("result", (await first.AskAsync("set", Coven, AdminQuery(
            "<item jid='hag66@localhost' affiliation='owner'/><item jid='crone1@localhost' affiliation='none'/>")))["type"]);
        Assert.Equal(StanzaErrorCondition.Forbidden, ConditionOf(
            await first.AskAsync("set", Coven, AdminQuery("<item jid='a@localhost' affiliation='member'/>"))));
    }

    [Xep0045("18.1-1")]
    [Fact]
    public async Task Those_who_are_not_there_are_told_and_invited()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(
            configuration: [("membersonly", "1"), ("passwordprotectedroom", "1"), ("roomsecret", "cauldronburn")]);
        var hecate = await server.LoginAsync("hecate", "broom");

        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='member' jid='hecate@localhost'/>"));

        var invitation = await hecate.ReadAsync();
        Assert.Equal((Coven, "hecate@localhost"), (invitation["from"], invitation["to"]));
        Assert.Equal(
            Core.Xml.Element.Parse($"<x xmlns='{User}'><invite from='{Coven}'/><password>cauldronburn</password></x>"),
            invitation.Child(User, "x"));
        // Who may know is told by a message.
        var told = await first.ReadAsync();
        Assert.Equal(
            Core.Xml.Element.Parse($"<x xmlns='{User}'><item affiliation='member' jid='hecate@localhost' role='none'/></x>"),
            told.Child(User, "x"));
        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='admin' jid='hecate@localhost'/>"));
        Assert.Equal("101", CodesOf(await hecate.ReadAsync()));
    }

    [Xep0045("8.5-1", "9.2-1", "9.5-1", "9.8-1", "10.5-2", "10.8-2")]
    [Fact]
    public async Task Lists_are_given_to_whom_they_concern()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.AskAsync("set", Coven, AdminQuery(
            "<item affiliation='admin' jid='wiccarocks@localhost'/><item affiliation='member' jid='hag66@localhost' nick='hag'/>"));

        async Task ExpectListAsync(string request, string items) => Assert.Equal(
            Core.Xml.Element.Parse(AdminQuery(items)), (await first.AskAsync("get", Coven, AdminQuery(request))).Elements.Single());

        await ExpectListAsync("<item affiliation='owner'/>", "<item affiliation='owner' jid='crone1@localhost'/>");
        await ExpectListAsync("<item affiliation='admin'/>", "<item affiliation='admin' jid='wiccarocks@localhost'/>");
        await ExpectListAsync("<item affiliation='member'/>", "<item affiliation='member' jid='hag66@localhost' nick='hag'/>");
        await ExpectListAsync("<item affiliation='outcast'/>", "");
        await ExpectListAsync(
            "<item role='moderator'/>", $"<item affiliation='owner' jid='{first.Jid}' nick='firstwitch' role='moderator'/>");
        await ExpectListAsync(
            "<item role='participant'/>", $"<item affiliation='member' jid='{third.Jid}' nick='thirdwitch' role='participant'/>");
        await ExpectListAsync("<item role='visitor'/>", "");
    }
}
