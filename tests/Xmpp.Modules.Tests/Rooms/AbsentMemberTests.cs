using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Tests.Push;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>What members who aren't there are told of what is said: as the room decides, or they themselves.</summary>
public sealed class AbsentMemberTests
{
    private const string Notify = "{urn:xmpp:notification-settings:1}notify";
    private const string ForwardAll = "{urn:xmppchat:rooms}forwardall";
    private const string Mention =
        "<reference xmlns='urn:xmpp:reference:0' type='mention' begin='0' end='3' uri='xmpp:hag66@localhost'/>";

    /// <summary>A room of which hag66 is a member that isn't there.</summary>
    private static async Task<(TestClient First, TestClient Hag)> StartAsync(
        TestServer server, string? setting = null, params (string Var, string Value)[] configuration)
    {
        var first = await server.CreateRoomAsync(configuration: [("persistentroom", "1"), .. configuration]);
        var hag = await server.LoginAsync("hag66", "pda", priority: 0);
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='member'/>"));
        if (setting is not null)
            Assert.Equal("result", (await RegisterAsync(hag, setting))["type"]);
        await hag.PassAsync();
        return (first, hag);
    }

    private static Task<Element> RegisterAsync(TestClient client, string setting, string? nick = null) => client.AskAsync("set", Coven,
        "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"
        + "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
        + (nick is null ? "" : $"<field var='muc#register_roomnick'><value>{nick}</value></field>")
        + $"<field var='{Notify}'><value>{setting}</value></field></x></query>");

    private static string Describe(Element message) => message.Child("urn:xmpp:mmn:0", "mentions") is { } mentions
        ? "mention:" + Forwarded.Parse(mentions.Elements.Single())!.Stanza["id"]
        : "all:" + Forwarded.Parse(message.Child(Forwarded.Name))!.Stanza["id"];

    [Theory]
    [InlineData(null, "1", "0", "mention:mention")]
    [InlineData(null, "0", "0", "")]
    [InlineData(null, "1", "1", "all:words mention:mention")]
    [InlineData("default", "1", "1", "all:words mention:mention")]
    [InlineData("always", "0", "0", "all:words mention:mention")]
    [InlineData("on-mention", "0", "1", "mention:mention")]
    [InlineData("never", "1", "1", "")]
    public async Task The_room_decides_unless_the_member_has(string? setting, string mentions, string all, string expected)
    {
        await using var server = await StartArchivingAsync();
        var (first, hag) = await StartAsync(server, setting, ("forwardmentions", mentions), (ForwardAll, all));

        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='words'><body>Words</body></message>"
            + $"<message to='{Coven}' type='groupchat' id='mention'><body>hag</body>{Mention}</message>"
            + $"<message to='{Coven}' type='groupchat' id='marker'><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>");
        // The last that the room says to the member's account.
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='none'/>"));

        var told = new List<string>();
        Element message;
        while (CodesOf(message = await hag.ReadAsync()) != "101")
            told.Add(Describe(message));
        Assert.Equal(expected, string.Join(' ', told));
    }

    [Fact]
    public async Task Who_is_there_is_told_nothing_twice()
    {
        await using var server = await StartArchivingAsync();
        var (first, hag) = await StartAsync(server, "always");
        await hag.EnterAsync(Coven, "thirdwitch");

        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='words'><body>Words</body>{Mention}</message>");
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='none'/>"));

        Assert.Equal("words", (await hag.ReadAsync())["id"]);
        Assert.Equal("presence", (await hag.ReadAsync()).Name.Local);
    }

    [Fact]
    public async Task What_the_room_keeps_the_account_does_not()
    {
        await using var server = await StartArchivingAsync();
        var (first, hag) = await StartAsync(server, "always");
        await hag.SendAsync("</stream:stream>");
        await hag.Served;

        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><body>Words</body></message>"
            + $"<message to='{Coven}' type='groupchat' id='2'><body>hag</body>{Mention}</message>");

        // The mention waits, as any message.
        hag = await server.ConnectAsync("hag66", "again");
        while (await server.Store.Offline.CountAsync(Jid.Parse("hag66@localhost"), CancellationToken.None) == 0)
            await first.PassAsync();
        await hag.SendAsync("<presence/>");
        Assert.Equal("mention:2", Describe(await hag.ReadAsync()));
    }

    [Fact]
    public async Task Devices_are_woken()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Components = options.Components with { Port = 0, List = [new() { Domain = PushService.Domain, Secret = PushService.Secret }] },
        });
        var service = await PushService.ConnectAsync(server);
        var (first, hag) = await StartAsync(server, "always");
        await hag.AskAsync("set", "hag66@localhost", $"<enable xmlns='urn:xmpp:push:0' jid='{PushService.Domain}' node='n1'/>");
        await hag.SendAsync("</stream:stream>");
        await hag.Served;

        await first.SendAsync($"<message to='{Coven}' type='groupchat'><body>Words</body></message>");

        Assert.Equal("1", (await service.ExpectAsync("n1")).Summary["message-count"]);
    }

    [Theory]
    [InlineData(null, "0", "Words", false)]
    [InlineData(null, "0", "SecondWitch: words", true)]
    [InlineData(null, "0", "secondwitches", false)]
    [InlineData(null, "1", "Words", true)]
    [InlineData("always", "0", "Words", true)]
    [InlineData("on-mention", "1", "Words", false)]
    [InlineData("never", "1", "secondwitch", false)]
    public async Task Clients_that_are_there_and_sleep_are_woken_for_what_they_want(
        string? setting, string isMembersOnly, string words, bool isWoken)
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Components = options.Components with { Port = 0, List = [new() { Domain = PushService.Domain, Secret = PushService.Secret }] },
        });
        var service = await PushService.ConnectAsync(server);
        var (first, hag) = await StartAsync(server, setting, ("membersonly", isMembersOnly));
        await hag.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        await hag.ReadAsync();
        await hag.AskAsync("set", "hag66@localhost", $"<enable xmlns='urn:xmpp:push:0' jid='{PushService.Domain}' node='n1'/>");
        await hag.EnterAsync(Coven, "secondwitch");
        hag.Drop();
        await hag.Served;

        await first.SendAsync($"<message to='{Coven}' type='groupchat'><body>{words}</body></message>");

        if (isWoken)
            Assert.Equal("1", (await service.ExpectAsync("n1")).Summary["message-count"]);
        else
            await first.PassAsync();
        await service.ExpectNothingAsync();
    }

    [Fact]
    public async Task A_member_finds_its_setting_in_the_form_and_after_a_restart()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var (_, hag) = await StartAsync(server);
        Assert.Equal(StanzaErrorCondition.NotAcceptable, ConditionOf(await RegisterAsync(hag, "maybe")));
        Assert.Equal("default", await SettingAsync(hag));

        await RegisterAsync(hag, "always", "secondwitch");
        await server.RestartAsync(isKilled: false);

        hag = await server.LoginAsync("hag66", "again");
        Assert.Equal("always", await SettingAsync(hag));
        await RegisterAsync(hag, "default");
        Assert.Equal("default", await SettingAsync(hag));
    }

    private static async Task<string?> SettingAsync(TestClient client)
    {
        var query = (await client.AskAsync("get", Coven, "<query xmlns='jabber:iq:register'/>")).Elements.Single();
        Assert.NotNull(query.Child("jabber:iq:register", "registered"));
        return DataForm.Parse(query.Child(DataForm.Name))!.Value(Notify);
    }
}
