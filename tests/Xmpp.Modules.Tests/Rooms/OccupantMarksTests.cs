using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>What the room says of occupants beside XEP-0045: ids (XEP-0421) and hats (XEP-0317); and nicks that look alike.</summary>
public sealed class OccupantMarksTests
{
    private const string Ids = "urn:xmpp:occupant-id:0";
    private const string Commands = "http://jabber.org/protocol/commands";

    [Fact]
    public async Task All_presences_and_messages_of_an_occupant_have_its_id()
    {
        await using var server = await TestServer.StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.LoginAsync("hag66", "pda");
        var own = IdOf((await hag.EnterAsync(Coven, "thirdwitch", further: $"<occupant-id xmlns='{Ids}' id='forged'/>"))[1]);
        Assert.Equal(own, IdOf(await first.ReadAsync()));

        await hag.SendAsync($"<message to='{Coven}' type='groupchat'><body>1</body><occupant-id xmlns='{Ids}' id='forged'/></message>"
            + $"<message to='{Coven}' type='groupchat'/><message to='{Coven}/firstwitch' type='chat'><body>2</body></message>"
            + $"<presence to='{Coven}/oldhag'/><presence to='{Coven}/oldhag' type='unavailable'/>");

        // Two messages to all, one to her; away from a nick, there under another; gone.
        for (var i = 0; i < 6; i++)
        {
            var stanza = await first.ReadAsync();
            Assert.Equal(own, IdOf(stanza));
            Assert.Single(stanza.Elements, child => child.Name.Namespace == Ids);
        }
        var crone = await server.LoginAsync("crone2", "pda");
        var history = (await crone.EnterAsync(Coven, "secondwitch")).First(stanza => stanza.Name.Local == "message");
        Assert.Equal(own, IdOf(history));
    }

    [Fact]
    public async Task The_id_is_the_same_after_coming_back_and_after_a_restart_and_another_one_elsewhere()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await server.CreateRoomAsync("crone2", "secondwitch", "heath@conference.localhost");
        var hag = await server.LoginAsync("hag66", "pda");
        var id = IdOf((await hag.EnterAsync(Coven, "thirdwitch"))[1]);
        Assert.Equal(id, IdOf((await first.PassAsync())[0]));
        Assert.NotEqual(id, IdOf((await hag.EnterAsync("heath@conference.localhost", "thirdwitch"))[1]));

        await server.RestartAsync(isKilled: false);

        hag = await server.LoginAsync("hag66", "desktop");
        Assert.Equal(id, IdOf((await hag.EnterAsync(Coven, "another"))[^2]));
    }

    [Fact]
    public async Task The_subject_has_the_id_of_who_set_it()
    {
        await using var server = await TestServer.StartAsync();
        var first = await server.CreateRoomAsync();
        await first.SendAsync($"<message to='{Coven}' type='groupchat'><subject>Fire burn</subject></message>");
        var id = IdOf(await first.ReadAsync());

        var hag = await server.LoginAsync("hag66", "pda");

        Assert.Equal(id, IdOf((await hag.EnterAsync(Coven, "thirdwitch"))[^1]));
    }

    [Fact]
    public async Task Both_the_service_and_the_room_say_so()
    {
        await using var server = await TestServer.StartAsync();
        var first = await server.CreateRoomAsync();

        foreach (var to in (string[])[Coven, Domain])
        {
            var info = (await first.AskAsync("get", to, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).Elements.Single();
            Assert.Contains(info.Elements, child => child["var"] == Ids);
        }
    }

    [Theory]
    [InlineData("paul", "pauI")]
    [InlineData("paul", "p\u0430ul")]
    [InlineData("\u0412\u043E\u0431", "Bo\u0431")]
    [InlineData("B0b", "Bob")]
    public async Task Nobody_takes_a_nick_that_looks_like_that_of_another(string nick, string other)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateRoomAsync(nick: nick);
        var hag = await server.LoginAsync("hag66", "pda");

        await hag.ExpectRefusedAsync(StanzaErrorCondition.Conflict, nick: other);
        await hag.EnterAsync(Coven, other + "ette");
    }

    [Fact]
    public async Task A_hat_is_made_given_seen_and_taken_away()
    {
        await using var server = await TestServer.StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        Assert.Equal("completed", StatusOf(await CommandAsync(first, "create",
            ("hats#title", "Host"), ("hats#uri", "urn:x#host"), ("hats#hue", "327.255249"))));
        Assert.Equal("104", CodesOf(await hag.ReadAsync()));
        Assert.Equal("completed", StatusOf(await CommandAsync(first, "assign", ("hats#jid", hag.Jid.ToString()), ("hats#uri", "urn:x#host"))));
        Assert.Equal(
            Element.Parse("<hats xmlns='urn:xmpp:hats:0'><hat uri='urn:x#host' title='Host' hue='327.255249'/></hats>"),
            HatsOf(await hag.ReadAsync()));

        // Who comes sees it, and nobody puts one on.
        var crone = await server.LoginAsync("crone2", "pda");
        var seen = await crone.EnterAsync(Coven, "secondwitch", further: "<hats xmlns='urn:xmpp:hats:0'><hat uri='urn:x#host' title='Host'/></hats>");
        Assert.NotNull(HatsOf(seen.First(stanza => stanza["from"] == $"{Coven}/thirdwitch")));
        Assert.Null(HatsOf(seen.First(stanza => stanza["from"] == $"{Coven}/secondwitch")));

        var listed = (await CommandAsync(crone, "list-assigned")).Elements.Single().Child("jabber:x:data", "x")!;
        Assert.Contains("hag66@localhost", listed.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            StanzaErrorCondition.Forbidden,
            ConditionOf(await CommandAsync(crone, "assign", ("hats#jid", "crone2@localhost"), ("hats#uri", "urn:x#host"))));
        Assert.Equal(
            StanzaErrorCondition.NotAcceptable,
            ConditionOf(await CommandAsync(first, "assign", ("hats#jid", "crone2@localhost"), ("hats#uri", "urn:x#none"))));

        await hag.PassAsync();
        Assert.Equal("completed", StatusOf(await CommandAsync(first, "destroy", ("hats#uri", "urn:x#host"))));
        Assert.Null(HatsOf(await hag.ReadAsync()));
    }

    [Fact]
    public async Task The_commands_are_found_and_give_their_form()
    {
        await using var server = await TestServer.StartAsync();
        var first = await server.CreateRoomAsync();

        var items = (await first.AskAsync("get", Coven, $"<query xmlns='http://jabber.org/protocol/disco#items' node='{Commands}'/>")).Elements.Single();
        Assert.Equal(6, items.Elements.Count());
        var form = await CommandAsync(first, "create");
        Assert.Equal("executing", StatusOf(form));
        Assert.Contains("urn:xmpp:hats:commands", form.ToString(), StringComparison.Ordinal);
    }

    private static Task<Element> CommandAsync(TestClient client, string name, params (string Var, string Value)[] fields) => client.AskAsync(
        "set", Coven, $"<command xmlns='{Commands}' node='urn:xmpp:hats:commands:{name}' action='execute'>"
            + (fields.Length == 0 ? "" : "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>"
                + string.Concat(fields.Select(field => $"<field var='{field.Var}'><value>{field.Value}</value></field>")) + "</x>") + "</command>");

    private static string? StatusOf(Element answer) => answer.Elements.Single()["status"];

    private static Element? HatsOf(Element presence) => presence.Child("urn:xmpp:hats:0", "hats");

    private static string? IdOf(Element stanza) => stanza.Child(Ids, "occupant-id")?["id"];
}
