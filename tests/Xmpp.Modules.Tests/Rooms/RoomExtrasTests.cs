using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Pictures of rooms (XEP-0486), slow mode (XEP-0500), activity (XEP-0502), mentions of those who aren't there (XEP-0452).</summary>
public sealed class RoomExtrasTests
{
    private const string Card =
        "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>";

    private const string Reference = "urn:xmpp:reference:0";

    [Fact]
    public async Task An_owner_gives_the_room_a_picture_that_everybody_finds()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        Assert.Equal("result", (await first.AskAsync("set", Coven, Card))["type"]);

        Assert.Equal("104", CodesOf(await hag.ReadAsync()));
        Assert.Equal("29e2dcfbb16f63bb0254df7585a15bb6fb5e927d", AdvertisedIn(await hag.ReadAsync()));
        Assert.Equal("29e2dcfbb16f63bb0254df7585a15bb6fb5e927d", (await InfoAsync(hag)).Value("muc#roominfo_avatarhash"));
        var stranger = await server.LoginAsync("macbeth", "castle");
        Assert.Equal(Element.Parse(Card), (await stranger.AskAsync("get", Coven, "<vCard xmlns='vcard-temp'/>")).Elements.Single());

        var late = await server.LoginAsync("macduff", "fife");
        var told = await late.EnterAsync(Coven, "macduff");
        Assert.Equal("29e2dcfbb16f63bb0254df7585a15bb6fb5e927d", AdvertisedIn(told[^2]));

        await hag.PassAsync();
        // What else the card says is about no picture.
        await first.AskAsync("set", Coven, Card.Replace("<PHOTO>", "<FN>A dark cave</FN><PHOTO>", StringComparison.Ordinal));
        Assert.DoesNotContain(await hag.PassAsync(), stanza => stanza.Name.Local == "presence");
        Assert.Equal("result", (await first.AskAsync("set", Coven, "<vCard xmlns='vcard-temp'/>"))["type"]);
        Assert.Equal("", AdvertisedIn((await hag.PassAsync())[^1]));
        Assert.Null((await InfoAsync(hag)).Field("muc#roominfo_avatarhash"));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(await stranger.AskAsync("get", Coven, "<vCard xmlns='vcard-temp'/>")));
    }

    [Fact]
    public async Task A_change_that_concerns_privacy_only_is_told_as_that_in_a_room_with_a_picture_too()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.AskAsync("set", Coven, Card);
        await hag.PassAsync();

        await first.ConfigureAsync(Coven, ("whois", "anyone"));

        Assert.Equal("172", CodesOf((await hag.PassAsync())[^1]));
    }

    [Fact]
    public async Task Nobody_else_does_and_what_is_no_picture_or_too_large_is_refused()
    {
        await using var server = await StartAsync(options => options with { CardBytes = 1024 });
        var first = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");

        Assert.Equal(StanzaErrorCondition.Forbidden, ConditionOf(await hag.AskAsync("set", Coven, Card)));
        Assert.Equal(
            StanzaErrorCondition.BadRequest, ConditionOf(await first.AskAsync("set", Coven, Card.Replace("AAAA", "!", StringComparison.Ordinal))));
        Assert.Equal(
            StanzaErrorCondition.PolicyViolation,
            ConditionOf(await first.AskAsync("set", Coven, Card.Replace("AAAA", new string('A', 1024), StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_picture_and_hats_are_still_there_after_a_restart_and_a_new_configuration()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await first.AskAsync("set", Coven, Card);
        await first.ConfigureAsync(Coven, ("roomdesc", "A dark cave"));

        await server.RestartAsync(isKilled: false);

        var hag = await server.LoginAsync("hag66", "pda");
        Assert.Equal(Element.Parse(Card), (await hag.AskAsync("get", Coven, "<vCard xmlns='vcard-temp'/>")).Elements.Single());
    }

    [Fact]
    public async Task In_slow_mode_all_but_admins_wait()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("slow_mode_duration", "20"));
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        Assert.Equal("20", (await InfoAsync(hag)).Value("muc#roominfo_slow_mode_duration"));
        await first.PassAsync();

        await hag.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><body>1</body></message>"
            + $"<message to='{Coven}' type='groupchat' id='2'><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='3'><body>3</body></message>"
            + $"<message to='{Coven}' type='groupchat' id='4'><body>4</body></message>");
        var ids = new List<string?>();
        for (var i = 0; i < 4; i++)
            ids.Add((await hag.ReadAsync())["id"]);
        Assert.Equal(["1", "2", "3", "4"], ids.Order());
        await hag.SendAsync($"<message to='{Coven}' type='groupchat' id='5'><body>5</body></message>");
        var error = StanzaError.Parse(await hag.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation))!;
        Assert.Equal(StanzaErrorType.Wait, error.Type);
        Assert.Contains("20", error.Text, StringComparison.Ordinal);

        server.Time.Advance(TimeSpan.FromSeconds(20));
        await hag.SendAsync($"<message to='{Coven}' type='groupchat' id='6'><body>6</body></message>");
        Assert.Equal("6", (await hag.ReadAsync())["id"]);
    }

    [Fact]
    public async Task The_form_says_which_numbers_there_are()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("slow_mode_duration", "20"));

        var form = (await first.AskAsync("get", Coven, $"<query xmlns='{Owner}'/>")).Elements.Single().Child("jabber:x:data", "x")!;

        // XEP-0500 §4.1.
        var field = form.Elements.Single(child => child["var"] == "muc#roomconfig_slow_mode_duration");
        Assert.Equal("text-single", field["type"]);
        Assert.Equal(
            Element.Parse("<validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:integer'><range min='0'/></validate>"),
            field.Child("http://jabber.org/protocol/xdata-validate", "validate"));
        foreach (var none in (string[])["-1", "1.5", "99999999999", ""])
        {
            Assert.Equal(
                StanzaErrorCondition.NotAcceptable, ConditionOf(await first.AskAsync("set", Coven, Form(("slow_mode_duration", none)))));
        }
    }

    [Fact]
    public async Task How_much_is_talked_is_told_of_persistent_open_rooms()
    {
        await using var server = await StartAsync(options => options with { UnloadAfter = TimeSpan.FromDays(1) });
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        for (var i = 0; i < 3; i++)
            await first.SendAsync($"<message to='{Coven}' type='groupchat'><body>{i}</body></message>");
        await first.SendAsync($"<message to='{Coven}' type='groupchat'><body>2</body><replace id='2' xmlns='urn:xmpp:message-correct:0'/></message>");
        const string Field = "{urn:xmpp:muc-activity}message-activity";
        Assert.Null((await InfoAsync(first)).Field(Field));

        // Who says nothing for an hour is gone.
        server.Time.Advance(TimeSpan.FromHours(1));
        var again = await server.LoginAsync("crone1", "cave");
        Assert.Equal("3", (await InfoAsync(again)).Value(Field));
        await again.ConfigureAsync(Coven, ("membersonly", "1"));
        Assert.Null((await InfoAsync(again)).Field(Field));
    }

    [Fact]
    public async Task Members_who_are_not_there_get_what_mentions_them()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.LoginAsync("hag66", "pda", priority: 0);
        var stranger = await server.LoginAsync("macbeth", "castle", priority: 0);
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='member' nick='secondwitch'/>"));
        await hag.PassAsync();
        var mentions = string.Concat(new[] { "xmpp:hag66@localhost", "xmpp:macbeth@localhost", $"xmpp:{Coven}/secondwitch", "xmpp:crone1@localhost" }
            .Select(uri => $"<reference xmlns='{Reference}' type='mention' begin='0' end='11' uri='{uri}'/>"));

        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='m1'><body>secondwitch: Thrice</body>{mentions}</message>");

        var told = await hag.ReadAsync();
        Assert.Equal((Coven, "hag66@localhost"), (told["from"], told["to"]));
        var forwarded = Forwarded.Parse(told.Child("urn:xmpp:mmn:0", "mentions")!.Elements.Single())!;
        Assert.Equal(("m1", $"{Coven}/firstwitch", Coven), (forwarded.Stanza["id"], forwarded.Stanza["from"], forwarded.Stanza["to"]));
        Assert.NotNull(forwarded.Delay);
        Assert.Empty(await hag.PassAsync());
        Assert.Empty(await stranger.PassAsync());
    }

    [Fact]
    public async Task Nobody_is_told_twice_or_where_the_owner_does_not_want_it()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("forwardmentions", "0"));
        var hag = await server.LoginAsync("hag66", "pda", priority: 0);
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='member'/>"));
        await hag.PassAsync();
        var mention = $"<message to='{Coven}' type='groupchat'><body>!</body><reference xmlns='{Reference}' type='mention' uri='xmpp:hag66@localhost'/></message>";

        await first.SendAsync(mention);
        await first.PassAsync();
        Assert.Empty(await hag.PassAsync());

        await first.ConfigureAsync(Coven, ("forwardmentions", "1"));
        await hag.EnterAsync(Coven, "secondwitch", "<history maxstanzas='0'/>");
        await first.PassAsync();
        await first.SendAsync(mention);
        await first.PassAsync();
        Assert.Equal("groupchat", Assert.Single(await hag.PassAsync())["type"]);
    }

    /// <summary>Of presence of the room itself.</summary>
    private static string? AdvertisedIn(Element presence) =>
        (presence.Name.Local, presence["from"], presence["type"]) == ("presence", Coven, null)
        ? presence.Child("vcard-temp:x:update", "x")?.Child("vcard-temp:x:update", "photo")?.Text
        : null;

    private static async Task<DataForm> InfoAsync(TestClient client)
    {
        var info = (await client.AskAsync("get", Coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).Elements.Single();
        return DataForm.Parse(info.Child("jabber:x:data", "x"))!;
    }
}
