using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Messages that are taken away: by moderators (XEP-0425), and by those who wrote them (XEP-0424).</summary>
public sealed class RoomModerationTests
{
    private const string Moderate = "urn:xmpp:message-moderate:1";
    private const string Retract = "urn:xmpp:message-retract:1";
    private static readonly Jid Room = Jid.Parse(Coven);

    [Theory]
    [InlineData("<moderate xmlns='urn:xmpp:message-moderate:1' id='ID'><retract xmlns='urn:xmpp:message-retract:1'/><reason>Spam</reason></moderate>")]
    [InlineData("<apply-to xmlns='urn:xmpp:fasten:0' id='ID'><moderate xmlns='urn:xmpp:message-moderate:0'>"
        + "<retract xmlns='urn:xmpp:message-retract:0'/><reason>Spam</reason></moderate></apply-to>")]
    public async Task A_moderator_takes_a_message_away_for_all(string request)
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        var id = await SayAsync(hag, "Buy potions");
        await owner.PassAsync();

        var answer = await owner.AskAsync("set", Coven, request.Replace("ID", id));

        Assert.Equal("result", answer["type"]);
        var told = Assert.Single(await hag.PassAsync());
        Assert.Equal((Coven, "groupchat"), (told["from"], told["type"]));
        var retract = told.Child(Retract, "retract")!;
        Assert.Equal((id, $"{Coven}/firstwitch", "Spam"), (
            retract["id"], retract.Child(Moderate, "moderated")!["by"], retract.Child(Retract, "reason")!.Text));
        var (tombstone, message) = await ReadTwoAsync(server);
        Assert.Equal(($"{Coven}/thirdwitch", null), (tombstone["from"], tombstone.Child(Namespaces.Client, "body")));
        Assert.Equal(told["id"], tombstone.Child(Retract, "retracted")!["id"]);
        Assert.Equal(told["id"], message["id"]);
        // Who comes later doesn't get it.
        var wizard = await server.LoginAsync("wiccarocks", "laptop");
        Assert.DoesNotContain(await wizard.EnterAsync(Coven, "fourthwitch"), stanza => stanza.Child(Namespaces.Client, "body") is not null);
        // Once is enough.
        Assert.Equal("result", (await owner.AskAsync("set", Coven, request.Replace("ID", id)))["type"]);
        Assert.DoesNotContain(await hag.PassAsync(), stanza => stanza.Name.Local == "message");
    }

    [Fact]
    public async Task Only_moderators_may_and_only_what_is_there()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        var id = await SayAsync(owner, "Double, double");

        var refused = await hag.AskAsync("set", Coven, Request(id));
        Assert.Equal((StanzaErrorCondition.Forbidden, "modify"), (ConditionOf(refused), refused.Child(Namespaces.Client, "error")!["type"]));
        var stranger = await server.LoginAsync("wiccarocks", "laptop");
        Assert.Equal(StanzaErrorCondition.Forbidden, ConditionOf(await stranger.AskAsync("set", Coven, Request(id))));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(await owner.AskAsync("set", Coven, Request("nothing"))));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(
            await owner.AskAsync("set", Coven, Request(SortableId.New(DateTimeOffset.UnixEpoch).ToString()))));
        Assert.Equal(StanzaErrorCondition.BadRequest, ConditionOf(
            await owner.AskAsync("set", Coven, $"<moderate xmlns='{Moderate}' id='{id}'/>")));
        Assert.Equal("Double, double", Element.Parse((await ReadAsync(server))[0]).Child(Namespaces.Client, "body")!.Text);
    }

    [Fact]
    public async Task An_author_takes_back_what_is_its_own()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        var hers = await SayAsync(hag, "Buy potions");
        var others = await SayAsync(owner, "Double, double");
        await hag.PassAsync();

        foreach (var id in (string[])[others, hers])
        {
            await hag.SendAsync($"<message to='{Coven}' type='groupchat' id='{id}-away'><retract xmlns='{Retract}' id='{id}'/></message>");
            Assert.Equal(id, (await hag.ReadAsync()).Child(Retract, "retract")!["id"]);
        }
        // What is kept in the background is kept when the tombstone is there.
        IReadOnlyList<ReadOnlyMemory<byte>> kept;
        do
            kept = await ReadAsync(server);
        while (Element.Parse(kept[0]).Child(Retract, "retracted") is null);

        Assert.Equal($"{hers}-away", Element.Parse(kept[0]).Child(Retract, "retracted")!["id"]);
        Assert.Equal("Double, double", Element.Parse(kept[1]).Child(Namespaces.Client, "body")!.Text);
        var wizard = await server.LoginAsync("wiccarocks", "laptop");
        Assert.Equal("Double, double", Assert.Single(
            (await wizard.EnterAsync(Coven, "fourthwitch")).Select(stanza => stanza.Child(Namespaces.Client, "body")?.Text).OfType<string>()));
    }

    [Fact]
    public async Task Without_an_archive_nothing_can_be_moderated_nor_is_it_said()
    {
        await using var server = await StartAsync();
        var owner = await server.CreateRoomAsync();

        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(await owner.AskAsync("set", Coven, Request("1"))));
        var info = await owner.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}'/>");
        Assert.DoesNotContain(info.Elements.Single().Elements, feature => feature["var"] == Moderate);
    }

    [Fact]
    public async Task A_room_with_an_archive_says_what_it_can_do()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();

        var info = await owner.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}'/>");
        var features = info.Elements.Single().Elements.Select(feature => feature["var"]).ToList();
        Assert.All([Moderate, Retract, $"{Retract}#tombstone"], feature => Assert.Contains(feature, features));
    }

    private static string Request(string id) => $"<moderate xmlns='{Moderate}' id='{id}'><retract xmlns='{Retract}'/></moderate>";

    /// <summary>Says something, and gives the id that the room gave it.</summary>
    private static async Task<string> SayAsync(TestClient speaker, string body)
    {
        await speaker.PassAsync();
        await speaker.SendAsync($"<message to='{Coven}' type='groupchat'><body>{body}</body></message>");
        return StanzaId.Find(await speaker.ReadAsync(), Room)!;
    }

    private static async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(TestServer server) =>
        [.. (await server.Store.Archive.ReadAsync(Room, new(), 10, isFromEnd: false, CancellationToken.None))!.Messages
            .Select(message => message.Stanza)];

    private static async Task<(Element First, Element Second)> ReadTwoAsync(TestServer server) =>
        await ReadAsync(server) is [var first, var second]
            ? (Element.Parse(first), Element.Parse(second))
            : throw new InvalidOperationException("Two messages were expected.");
}
