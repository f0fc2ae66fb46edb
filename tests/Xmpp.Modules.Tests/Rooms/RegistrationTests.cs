using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Registering with a room (XEP-0045 §7.10, §7.12, §9.9), and asking for voice (§7.13, §8.6).</summary>
public sealed class RegistrationTests
{
    private const string Register = "jabber:iq:register";

    [Xep0045("7.10-3", "7.10-4", "7.10-8", "7.10-9", "7.12-2", "7.12-4", "7.12-5")]
    [Fact]
    public async Task In_an_open_room_registering_makes_a_member_with_a_nick()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();
        var query = (await third.AskAsync("get", Coven, $"<query xmlns='{Register}'/>")).Elements.Single();
        var form = DataForm.Parse(query.Child(DataForm.Name))!;
        Assert.Equal($"{Ns}#register", form.FormType);
        Assert.Equal(
            ["email", "faqentry", "first", "last", "notify", "roomnick", "url"],
            form.Fields.Select(field => field.Var!.Split('_', '}')[^1]).Where(name => name != "TYPE").Order());

        Assert.Equal("result", (await RegisterAsync(third, "thirdwitch"))["type"]);

        await first.ExpectAsync(Presence(
            first, "thirdwitch", "member", "participant", third.Jid.ToString(), item: "<actor nick='thirdwitch'/>"));
        var registered = (await third.AskAsync("get", Coven, $"<query xmlns='{Register}'/>")).Elements.Single();
        Assert.Equal("<registered/> <username>thirdwitch</username>", string.Join(' ', registered.Elements.Take(2)
            .Select(child => child.ToString().Replace($" xmlns='{Register}'", "", StringComparison.Ordinal))));
        Assert.Equal("thirdwitch", DataForm.Parse(registered.Child(DataForm.Name))!.Value("muc#register_roomnick"));
        Assert.Equal("thirdwitch", (await NickAsync(third)).Elements.Single()["name"]);
        // The nick is nobody else's, whether its owner is there or not.
        await third.SendAsync($"<presence to='{Coven}/thirdwitch' type='unavailable'/>");
        await (await server.LoginAsync("hecate")).ExpectRefusedAsync(StanzaErrorCondition.Conflict);
        Assert.Equal(StanzaErrorCondition.Conflict, ConditionOf(await RegisterAsync(await server.LoginAsync("other"), "ThirdWitch")));
    }

    [Xep0045("7.12-3", "18.1.1-3")]
    [Fact]
    public async Task Who_has_no_nick_gets_an_empty_answer_and_other_nodes_are_not_known()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        Assert.Empty((await NickAsync(first)).Elements);
        // Nothing is left out of what is said (§16.1.1).
        Assert.Equal(StanzaErrorCondition.ServiceUnavailable, ConditionOf(
            await first.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}' node='{Ns}#traffic'/>")));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(
            await first.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}' node='other'/>")));
    }

    [Xep0045("7.10-2", "7.10-5", "7.10-7")]
    [Fact]
    public async Task Registrations_that_are_wrong_are_refused()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        await first.AskAsync("set", Coven, AdminQuery("<item affiliation='outcast' jid='outcast@localhost'/>"));
        var third = await server.LoginAsync("hag66", "pda");
        var outcast = await server.LoginAsync("outcast");

        Assert.Equal(StanzaErrorCondition.BadRequest, ConditionOf(await third.AskAsync("set", Coven, $"<query xmlns='{Register}'/>")));
        Assert.Equal(StanzaErrorCondition.Conflict, ConditionOf(await RegisterAsync(third, "firstwitch")));
        Assert.Equal(StanzaErrorCondition.NotAcceptable, ConditionOf(await RegisterAsync(third, new string('x', 65))));
        Assert.Equal(StanzaErrorCondition.NotAllowed, ConditionOf(await RegisterAsync(outcast, "outcast")));
        Assert.Equal(StanzaErrorCondition.NotAllowed, ConditionOf(await outcast.AskAsync("get", Coven, $"<query xmlns='{Register}'/>")));
        Assert.Equal(StanzaErrorCondition.RegistrationRequired, ConditionOf(await RemoveAsync(third)));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(
            await third.AskAsync("get", $"nowhere@{Domain}", $"<query xmlns='{Register}'/>")));
    }

    [Fact]
    public async Task Who_gives_it_up_is_no_member_any_more()
    {
        await using var server = await StartAsync();
        await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");
        await RegisterAsync(third, "thirdwitch");

        Assert.Equal("result", (await RemoveAsync(third))["type"]);

        Assert.Empty((await NickAsync(third)).Elements);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task In_a_members_only_room_an_admin_is_asked(bool isAllowed)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("membersonly", "1"));
        var third = await server.LoginAsync("hag66", "pda");
        Assert.Equal("result", (await RegisterAsync(third, "thirdwitch"))["type"]);
        await third.ExpectRefusedAsync(StanzaErrorCondition.RegistrationRequired);

        var asked = await first.ReadAsync();
        var form = DataForm.Parse(asked.Child(DataForm.Name))!;
        Assert.Equal((Coven, $"{Ns}#register", "thirdwitch"), (asked["from"], form.FormType, form.Value("muc#register_roomnick")));
        var answer = new DataForm(DataFormType.Submit,
            [.. form.Fields.Select(field => field.Var == "muc#register_allow" ? field with { Values = [isAllowed ? "1" : "0"] } : field)]);
        await first.SendAsync($"<message to='{Coven}'>{answer.ToElement()}</message>");
        await first.PassAsync();

        if (isAllowed)
            Assert.Equal(Coven, (await third.ReadAsync())["from"]); // An invitation.
        if (isAllowed)
            await third.EnterAsync(Coven, "thirdwitch");
        else
            await third.ExpectRefusedAsync(StanzaErrorCondition.RegistrationRequired);
        // Nobody else answers.
        await third.SendAsync($"<message to='{Coven}'>{answer.ToElement()}</message>");
        Assert.Contains(await third.PassAsync(), stanza => ConditionOf(stanza) == StanzaErrorCondition.Forbidden);
    }

    [Theory]
    [InlineData("1", "participant")]
    [InlineData("0", "visitor")]
    public async Task A_visitor_asks_for_voice_and_a_moderator_answers(string allow, string role)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("moderatedroom", "1"));
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(VoiceForm("<field var='muc#role'><value>participant</value></field>"));

        var asked = await first.ReadAsync();
        var form = DataForm.Parse(asked.Child(DataForm.Name))!;
        Assert.Equal(Coven, asked["from"]);
        Assert.Equal(
            ["participant", third.Jid.ToString(), "thirdwitch", "0"],
            ((string[])["muc#role", "muc#jid", "muc#roomnick", "muc#request_allow"]).Select(form.Value));
        await first.SendAsync(VoiceForm(
            $"<field var='muc#role'><value>participant</value></field><field var='muc#jid'><value>{third.Jid}</value></field>"
            + $"<field var='muc#roomnick'><value>thirdwitch</value></field><field var='muc#request_allow'><value>{allow}</value></field>"));
        await first.PassAsync();

        var list = await first.AskAsync("get", Coven, AdminQuery($"<item role='{role}'/>"));
        Assert.Equal("thirdwitch", list.Elements.Single().Elements.Single()["nick"]);
    }

    [Fact]
    public async Task Voice_is_asked_for_by_visitors_and_granted_by_moderators()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("moderatedroom", "1"));
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(VoiceForm("<field var='muc#role'><value>moderator</value></field>"));
        await third.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
        await first.SendAsync(VoiceForm("<field var='muc#role'><value>participant</value></field>"));
        await first.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
        await third.SendAsync(VoiceForm(
            $"<field var='muc#jid'><value>{third.Jid}</value></field><field var='muc#request_allow'><value>1</value></field>"));
        await third.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    private static string VoiceForm(string fields) =>
        $"<message to='{Coven}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{Ns}#request</value></field>"
        + $"{fields}</x></message>";

    private static Task<Element> RegisterAsync(TestClient client, string nick) => client.AskAsync("set", Coven,
        $"<query xmlns='{Register}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{Ns}#register</value></field>"
        + $"<field var='muc#register_roomnick'><value>{nick}</value></field></x></query>");

    private static Task<Element> RemoveAsync(TestClient client) =>
        client.AskAsync("set", Coven, $"<query xmlns='{Register}'><remove/></query>");

    private static async Task<Element> NickAsync(TestClient client) =>
        (await client.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}' node='x-roomuser-item'/>")).Elements.Single();
}
