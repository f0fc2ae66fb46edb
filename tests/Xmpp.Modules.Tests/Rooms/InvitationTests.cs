using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Invitations by way of the room (XEP-0045 §7.8.2, §9.5), and directly (XEP-0249).</summary>
public sealed class InvitationTests
{
    private const string Reason = "<reason>This is the place for all good witches!</reason>";

    [Xep0045("7.8.2-2")]
    [Theory]
    [InlineData("anyone", "crone1@localhost")]
    [InlineData("moderators", $"{Coven}/firstwitch")]
    public async Task An_invitation_says_who_invites_and_the_password(string whois, string inviter)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(
            configuration: [("whois", whois), ("passwordprotectedroom", "1"), ("roomsecret", "cauldronburn")]);
        var hecate = await server.LoginAsync("hecate", "broom");

        await InviteAsync(first, "<continue thread='e0ffe42b'/>", "hecate@localhost");

        var invitation = await hecate.ReadAsync();
        Assert.Equal((Coven, "hecate@localhost", null), (invitation["from"], invitation["to"], invitation["type"]));
        Assert.Equal(
            Element.Parse($"<x xmlns='{User}'><invite from='{inviter}'>{Reason}<continue thread='e0ffe42b'/></invite>"
                + "<password>cauldronburn</password></x>"),
            invitation.Child(User, "x"));
        // Through an open room nobody becomes a member.
        Assert.DoesNotContain(await MembersAsync(server), member => member.Jid.Local == "hecate");
    }

    [Fact]
    public async Task Several_can_be_invited_at_once()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var (hecate, hag) = (await server.LoginAsync("hecate", "broom"), await server.LoginAsync("hag66", "pda"));

        await InviteAsync(first, "", "hecate@localhost/broom", "hag66@localhost");

        Assert.Equal(hecate.Jid.ToString(), (await hecate.ReadAsync())["to"]);
        Assert.Equal("hag66@localhost", (await hag.ReadAsync())["to"]);
    }

    public static TheoryData<string, bool, bool> Inviters => new()
    {
        // To a members-only room: affiliation, whether members may, whether it is sent.
        { "member", false, false },
        { "member", true, true },
        { "admin", false, true },
        { "owner", false, true },
    };

    [Xep0045("9.5-11")]
    [Theory]
    [MemberData(nameof(Inviters))]
    public async Task To_a_members_only_room_invite_those_who_may_and_make_a_member(string affiliation, bool mayMembers, bool isSent)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: [("membersonly", "1"), ("allowinvites", mayMembers ? "1" : "0")]);
        await first.AskAsync("set", Coven, AdminQuery($"<item affiliation='{affiliation}' jid='hag66@localhost'/>"));
        await first.PassAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        var hecate = await server.LoginAsync("hecate", "broom");

        await InviteAsync(third, "", "hecate@localhost");

        if (isSent)
            Assert.Equal(Coven, (await hecate.ReadAsync())["from"]);
        else
            await third.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        Assert.Equal(isSent, (await MembersAsync(server)).Any(member => member.Jid == hecate.Jid.Bare));
    }

    [Theory]
    [InlineData("<invite to='@'/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("<invite/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("<invite to='localhost'/>", StanzaErrorCondition.JidMalformed)]
    [InlineData("<invite to='outcast@localhost'/>", StanzaErrorCondition.NotAllowed)]
    public async Task Invitations_that_are_none_are_refused(string invitation, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='outcast' jid='outcast@localhost'/>"));
        await first.PassAsync();

        await first.SendAsync($"<message to='{Coven}'><x xmlns='{User}'>{invitation}</x></message>");

        await first.ExpectErrorAsync(condition);
    }

    [Xep0045("9.5-12")]
    [Fact]
    public async Task An_invitation_to_an_open_room_makes_nobody_a_member()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hecate = await server.LoginAsync("hecate", "broom");

        await first.SendAsync($"<message to='{Coven}'><x xmlns='{User}'><invite to='hecate@localhost'/></x></message>");

        Assert.NotNull((await hecate.ReadAsync()).Child(User, "x")!.Child(User, "invite"));
        Assert.Single((await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None))!.Members);
    }

    [Fact]
    public async Task Who_is_not_in_the_room_does_not_invite()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");
        await InviteAsync(third, "", "hecate@localhost");
        await third.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
    }

    [Theory]
    [InlineData("anyone")]
    [InlineData("moderators")]
    public async Task Who_declines_tells_the_inviter(string whois)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("whois", whois));
        var hecate = await server.LoginAsync("hecate", "broom");
        await InviteAsync(first, "", "hecate@localhost");
        var from = (await hecate.ReadAsync()).Child(User, "x")!.Child(User, "invite")!["from"];

        await hecate.SendAsync(
            $"<message to='{Coven}'><x xmlns='{User}'><decline to='{from}'><reason>Sorry, I'm too busy.</reason></decline></x></message>");

        var declined = await first.ReadAsync();
        Assert.Equal(Coven, declined["from"]);
        Assert.Equal(
            Element.Parse($"<x xmlns='{User}'><decline from='hecate@localhost'><reason>Sorry, I'm too busy.</reason></decline></x>"),
            declined.Child(User, "x"));
    }

    [Fact]
    public async Task Only_who_was_invited_declines()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync($"<message to='{Coven}'><x xmlns='{User}'><decline to='crone1@localhost'/></x></message>");

        await third.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
        Assert.Empty(await first.PassAsync());
    }

    [Fact]
    public async Task A_direct_invitation_passes_as_any_message()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hecate = await server.LoginAsync("hecate", "broom");
        const string invitation = $"<x xmlns='jabber:x:conference' jid='{Coven}' password='cauldronburn' reason='Hey Hecate'/>";

        await first.SendAsync($"<message to='{hecate.Jid}'>{invitation}</message>");

        await hecate.ExpectAsync($"<message from='{first.Jid}' to='{hecate.Jid}'>{invitation}</message>");
    }

    private static async Task InviteAsync(TestClient inviter, string content, params IEnumerable<string> to) => await inviter.SendAsync(
        $"<message to='{Coven}'><x xmlns='{User}'>"
        + string.Concat(to.Select(invitee => $"<invite to='{invitee}'>{Reason}{content}</invite>")) + "</x></message>");

    private static async Task<IReadOnlyList<RoomMember>> MembersAsync(TestServer server) =>
        (await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None))!.Members;
}
