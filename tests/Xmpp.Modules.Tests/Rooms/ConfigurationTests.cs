using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Rooms are made, configured and destroyed by their owners (XEP-0045 §10.1, §10.2, §10.9).</summary>
public sealed class ConfigurationTests
{
    [Xep0045("10.1.1-7", "10.1.3-2", "10.2-2")]
    [Fact]
    public async Task The_form_has_every_registered_field_filled_out()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(
            configuration: [("roomname", "A Dark Cave"), ("roomadmins", "wiccarocks@localhost"), ("roomadmins", "hecate@localhost")]);

        var form = await FormAsync(first);

        string[] registered =
        [
            "muc#maxhistoryfetch", "allowpm", "allowinvites", "changesubject", "enablelogging", "getmemberlist", "lang", "pubsub",
            "maxusers", "membersonly", "moderatedroom", "passwordprotectedroom", "persistentroom", "presencebroadcast", "publicroom", "roomadmins",
            "roomdesc", "roomname", "roomowners", "roomsecret", "whois",
        ];
        Assert.Empty(registered.Select(var => var.Contains('#') ? var : $"muc#roomconfig_{var}")
            .Except(form.Fields.Select(field => field.Var)));
        Assert.Equal($"{Ns}#roomconfig", form.FormType);
        Assert.Equal("A Dark Cave", form.Value("muc#roomconfig_roomname"));
        Assert.Equal(["hecate@localhost", "wiccarocks@localhost"], form.Values("muc#roomconfig_roomadmins"));
        Assert.Equal(["crone1@localhost"], form.Values("muc#roomconfig_roomowners"));
    }

    [Xep0045("10.1.3-4")]
    [Theory]
    [InlineData("roomname", "A Dark Cave")]
    [InlineData("roomdesc", "The place for all good witches!")]
    [InlineData("lang", "en")]
    [InlineData("pubsub", "xmpp:pubsub.localhost?;node=the-coven-node")]
    [InlineData("enablelogging", "1")]
    [InlineData("changesubject", "1")]
    [InlineData("allowinvites", "1")]
    [InlineData("allowpm", "moderators")]
    [InlineData("maxusers", "42")]
    [InlineData("maxusers", "none")]
    [InlineData("presencebroadcast", "moderator")]
    [InlineData("getmemberlist", "participant")]
    [InlineData("publicroom", "0")]
    [InlineData("persistentroom", "1")]
    [InlineData("moderatedroom", "1")]
    [InlineData("membersonly", "1")]
    [InlineData("roomsecret", "cauldronburn")]
    [InlineData("whois", "anyone")]
    [InlineData("muc#maxhistoryfetch", "7")]
    public async Task What_is_configured_is_kept(string var, string value)
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.CreateRoomAsync();
        await first.ConfigureAsync(Coven, [.. new[] { (var, value), ("persistentroom", "1") }.Distinct()]);
        await server.RestartAsync(isKilled: false);
        first = await server.LoginAsync("crone1", "desktop");

        Assert.Equal(value, (await FormAsync(first)).Value(var.Contains('#') ? var : $"muc#roomconfig_{var}"));
    }

    [Xep0045("10.1.3-5")]
    [Theory]
    [InlineData("maxusers", "0")]
    [InlineData("maxusers", "many")]
    [InlineData("maxusers", "1000000")]
    [InlineData("muc#maxhistoryfetch", "1000000")]
    [InlineData("muc#maxhistoryfetch", "-1")]
    [InlineData("passwordprotectedroom", "1")]
    [InlineData("moderatedroom", "perhaps")]
    [InlineData("whois", "none of them")]
    [InlineData("presencebroadcast", "king")]
    public async Task What_the_service_does_not_allow_is_not_acceptable(string var, string value)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();

        Assert.Equal(StanzaErrorCondition.NotAcceptable, ConditionOf(await first.AskAsync("set", Coven, Form((var, value)))));
    }

    [Xep0045("10.2-1", "10.9-5")]
    [Theory]
    [InlineData("get", "")]
    [InlineData("set", "<x xmlns='jabber:x:data' type='submit'/>")]
    [InlineData("set", "<destroy/>")]
    public async Task Only_owners_do_this(string type, string content)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("roomadmins", "hag66@localhost"));
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");

        var answer = await third.AskAsync(type, Coven, $"<query xmlns='{Owner}'>{content}</query>");

        Assert.Equal(StanzaErrorCondition.Forbidden, ConditionOf(answer));
        Assert.NotNull(first);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<x xmlns='jabber:x:data' type='form'/>")]
    [InlineData("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>other</value></field></x>")]
    public async Task What_is_no_form_is_a_bad_request(string content)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        Assert.Equal(
            StanzaErrorCondition.BadRequest, ConditionOf(await first.AskAsync("set", Coven, $"<query xmlns='{Owner}'>{content}</query>")));
    }

    [Xep0045("10.1.1-10", "10.1.3-6", "10.1.3-7", "10.2-4")]
    [Fact]
    public async Task Cancelling_the_first_configuration_ends_the_room_and_later_nothing()
    {
        await using var server = await StartAsync();
        var first = await server.LoginAsync("crone1", "desktop");
        await first.EnterAsync(Coven, "firstwitch");
        const string cancel = $"<query xmlns='{Owner}'><x xmlns='jabber:x:data' type='cancel'/></query>";

        await first.SendAsync($"<iq type='set' id='create2' to='{Coven}'>{cancel}</iq>");
        await first.ExpectAsync(
            $"<presence type='unavailable' from='{Coven}/firstwitch' to='{first.Jid}'><x xmlns='{User}'>"
            + "<item affiliation='none' role='none'/><destroy/><status code='110'/></x></presence>");
        await first.ExpectAsync($"<iq type='result' id='create2' from='{Coven}' to='{first.Jid}'/>");

        await first.EnterAsync(Coven, "firstwitch");
        await first.ConfigureAsync(Coven, ("roomname", "A Dark Cave"));
        Assert.Equal("result", (await first.AskAsync("set", Coven, cancel))["type"]);
        Assert.Equal("A Dark Cave", (await FormAsync(first)).Value("muc#roomconfig_roomname"));
    }

    [Xep0045("10.2.1-1")]
    [Theory]
    [InlineData("enablelogging", "1", "0", "170", "171")]
    [InlineData("whois", "anyone", "moderators", "172", "173")]
    [InlineData("roomname", "one", "two", "104", "104")]
    [InlineData("publicroom", "0", "1", "104", "104")]
    public async Task Changes_are_told_by_codes(string var, string one, string other, string first, string then)
    {
        await using var server = await StartAsync();
        var owner = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        foreach (var (value, code) in ((string, string)[])[(one, first), (other, then)])
        {
            await owner.ConfigureAsync(Coven, (var, value));
            var told = await third.ReadAsync();
            Assert.Equal(("message", "groupchat", Coven, code), (told.Name.Local, told["type"], told["from"], CodesOf(told)));
        }
    }

    [Fact]
    public async Task Several_changes_are_told_together()
    {
        await using var server = await StartAsync();
        var owner = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await owner.ConfigureAsync(Coven, ("whois", "anyone"), ("enablelogging", "1"), ("roomname", "n"));
        Assert.Equal("104 170 172", CodesOf(await third.ReadAsync()));
    }

    [Xep0045("10.2-10")]
    [Fact]
    public async Task Who_is_no_member_leaves_when_the_room_becomes_members_only()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await first.SendAsync($"<iq type='set' id='1' to='{Coven}'>{Form(("membersonly", "1"))}</iq>");

        const string item = "<actor nick='firstwitch'/>";
        await third.ExpectAsync(Presence(third, "thirdwitch", "none", "none", third.Jid.ToString(), "110 322", "unavailable", item: item));
        Assert.Equal("1", (await first.ReadAsync())["id"]);
        await first.ExpectAsync(Presence(first, "thirdwitch", "none", "none", third.Jid.ToString(), "322", "unavailable", item: item));
    }

    [Xep0045("10.2-5", "10.2-6", "10.2-7", "10.2-9")]
    [Fact]
    public async Task Admins_and_owners_of_the_form_are_the_whole_lists()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("roomadmins", "hag66@localhost"));
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await first.AskAsync("set", Coven, Form(("roomadmins", "hecate@localhost")));
        var lost = await third.ReadAsync();
        Assert.Equal(("none", "participant"), RoleOf(lost));
        await first.AskAsync("set", Coven, Form(("roomowners", "hag66@localhost"), ("roomowners", "crone1@localhost")));
        Assert.Equal(("owner", "moderator"), RoleOf((await third.PassAsync())[0]));
        Assert.Equal(StanzaErrorCondition.Conflict, ConditionOf(await first.AskAsync("set", Coven, Form(("roomowners", "")))));
        Assert.Equal(
            StanzaErrorCondition.JidMalformed, ConditionOf(await first.AskAsync("set", Coven, Form(("roomowners", "@")))));
        Assert.Equal(["hecate@localhost"], (await FormAsync(first)).Values("muc#roomconfig_roomadmins"));
    }

    [Xep0045("10.9-1", "10.9-3", "10.9-4")]
    [Fact]
    public async Task A_room_is_destroyed_and_all_are_told_where_the_talk_goes_on()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await first.SendAsync(
            $"<iq type='set' id='begone' to='{Coven}'><query xmlns='{Owner}'><destroy jid='darkcave@{Domain}'>"
            + "<password>cauldronburn</password><reason>Macbeth doth come.</reason></destroy></query></iq>");

        string Destroyed(TestClient client, string nick) =>
            $"<presence type='unavailable' from='{Coven}/{nick}' to='{client.Jid}'><x xmlns='{User}'><item affiliation='none' role='none'/>"
            + $"<destroy jid='darkcave@{Domain}'><password>cauldronburn</password><reason>Macbeth doth come.</reason></destroy>"
            + "<status code='110'/></x></presence>";
        await third.ExpectAsync(Destroyed(third, "thirdwitch"));
        await first.ExpectAsync(Destroyed(first, "firstwitch"));
        await first.ExpectAsync($"<iq type='result' id='begone' from='{Coven}' to='{first.Jid}'/>");
        Assert.Null(await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None));
        Assert.Equal(
            StanzaErrorCondition.ItemNotFound,
            ConditionOf(await first.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}'/>")));
    }

    public static TheoryData<string, string, bool> Broadcast => new()
    {
        { "moderator", "participant", false },
        { "moderator participant", "participant", true },
        { "moderator participant", "visitor", false },
        { "visitor", "visitor", true },
    };

    [Theory]
    [MemberData(nameof(Broadcast))]
    public async Task Presence_of_roles_that_are_not_broadcast_is_seen_by_nobody_else(string roles, string role, bool isSeen)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration:
            [("moderatedroom", role == "visitor" ? "1" : "0"), .. roles.Split(' ').Select(shown => ("presencebroadcast", shown))]);
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");

        Assert.Equal(isSeen ? 1 : 0, (await first.PassAsync()).Count);
        await third.SendAsync($"<presence to='{Coven}/thirdwitch' type='unavailable'/>");
        Assert.Equal("110", CodesOf(await third.ReadAsync()));
        Assert.Equal(isSeen ? 1 : 0, (await first.PassAsync()).Count);
    }

    private static async Task<DataForm> FormAsync(TestClient owner)
    {
        var answer = await owner.AskAsync("get", Coven, $"<query xmlns='{Owner}'/>");
        return DataForm.Parse(answer.Child(Owner, "query")!.Child(DataForm.Name))!;
    }

    private static (string?, string?) RoleOf(Core.Xml.Element presence)
    {
        var item = presence.Child(User, "x")!.Child(User, "item")!;
        return (item["affiliation"], item["role"]);
    }
}
