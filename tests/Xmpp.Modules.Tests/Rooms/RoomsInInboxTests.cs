using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>The rooms that an account belongs to in its inbox (XEP-0430), and what it has read there (XEP-0333).</summary>
public sealed class RoomsInInboxTests
{
    private const string Inbox = "urn:xmpp:inbox:1";
    private const string Markers = "urn:xmpp:chat-markers:0";
    private const string Mam = "urn:xmpp:mam:2";
    private const string Heath = "heath@conference.localhost";

    /// <summary>Two rooms of which hag66 is a member, who isn't there.</summary>
    private static async Task<(TestServer Server, TestClient First, TestClient Hag)> StartAsync()
    {
        var server = await StartArchivingAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await first.EnterAsync(Heath, "firstwitch");
        await first.ConfigureAsync(Heath, ("persistentroom", "1"));
        foreach (var room in (string[])[Coven, Heath])
            await first.AskAsync("set", room, AdminQuery("<item jid='hag66@localhost' affiliation='member'/>"));
        var hag = await server.LoginAsync("hag66", "pda", priority: 0);
        await hag.PassAsync();
        return (server, first, hag);
    }

    /// <summary>Says something in a room, and gives its id there.</summary>
    private static async Task<string> SayAsync(TestServer server, TestClient client, string room, string content)
    {
        await client.SendAsync($"<message to='{room}' type='groupchat' id='{Guid.NewGuid()}'>{content}</message>");
        var said = (await client.PassAsync())[^1];
        server.Time.Advance(TimeSpan.FromSeconds(1));
        return StanzaId.Find(said, Jid.Parse(room))!;
    }

    private static async Task<(string Entries, string Totals, IReadOnlyList<Element> Messages)> ListAsync(
        TestClient client, string attributes = "", string content = "")
    {
        var id = Guid.NewGuid().ToString();
        await client.SendAsync($"<iq type='get' id='{id}'><inbox xmlns='{Inbox}' {attributes}>{content}</inbox></iq>");
        var messages = new List<Element>();
        Element answer;
        while ((answer = await client.ReadAsync())["id"] != id)
        {
            if (answer.Child(Inbox, "entry") is not null)
                messages.Add(answer);
        }
        var fin = answer.Child(Inbox, "fin")!;
        return (
            string.Join(' ', messages.Select(message => message.Child(Inbox, "entry")!)
                .Select(entry => $"{Jid.Parse(entry["jid"]!).Local}:{entry["unread"]}")),
            $"{fin["total"]} {fin["unread"]} {fin["all-unread"]}", messages);
    }

    [Fact]
    public async Task Rooms_are_among_the_conversations_of_those_who_belong_to_them()
    {
        var (server, first, hag) = await StartAsync();
        await using var _ = server;
        await SayAsync(server, first, Coven, "<body>1</body>");
        await SayAsync(server, first, Coven, "<subject>Toil</subject>");
        await first.SendAsync("<message to='hag66@localhost' type='chat'><body>2</body></message>");
        await hag.ReadAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await SayAsync(server, first, Heath, "<body>3</body>");
        var last = await SayAsync(server, first, Heath, "<body>4</body>");
        await SayAsync(server, first, Heath, $"<displayed xmlns='{Markers}' id='x'/>");
        await SayAsync(server, first, Heath, "<reactions xmlns='urn:xmpp:reactions:0' id='x'/>");

        var (entries, totals, messages) = await ListAsync(hag);

        Assert.Equal("heath:2 crone1:1 coven:1", entries);
        Assert.Equal("3 3 4", totals);
        var result = messages[0].Child(Mam, "result")!;
        Assert.Equal((last, last), (messages[0].Child(Inbox, "entry")!["id"], result["id"]));
        var said = Forwarded.Parse(result.Child(Forwarded.Name))!.Stanza;
        Assert.Equal(($"{Heath}/firstwitch", "groupchat", "4"), (said["from"], said["type"], said.Child(Namespaces.Client, "body")!.Text));
        // What one has said oneself is read, and all before.
        Assert.Equal("heath:0 crone1:0 coven:0", (await ListAsync(first)).Entries.Replace("hag66", "crone1", StringComparison.Ordinal));
        Assert.Equal("", (await ListAsync(await server.LoginAsync("macbeth"))).Entries);
    }

    [Fact]
    public async Task Markers_in_the_room_say_what_was_read()
    {
        var (server, first, hag) = await StartAsync();
        await using var _ = server;
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Add(await SayAsync(server, first, Coven, $"<body>{i}</body>"));
        await hag.EnterAsync(Coven, "thirdwitch");
        Assert.Equal("coven:3", (await ListAsync(hag)).Entries);

        await SayAsync(server, hag, Coven, $"<displayed xmlns='{Markers}' id='{ids[1]}'/>");
        Assert.Equal(("coven:1", "1 1 1"), Shown(await ListAsync(hag)));
        // Never back, and of nobody else's messages.
        await SayAsync(server, hag, Coven, $"<displayed xmlns='{Markers}' id='{ids[0]}'/>");
        await SayAsync(server, first, Coven, $"<displayed xmlns='{Markers}' id='{ids[2]}'/>");
        await SayAsync(server, hag, Coven, $"<displayed xmlns='{Markers}' id='unknown'/>");
        Assert.Equal("coven:1", (await ListAsync(hag)).Entries);
        await SayAsync(server, hag, Coven, $"<acknowledged xmlns='{Markers}' id='{ids[2]}'/>");
        Assert.Equal(("coven:0", "1 0 0"), Shown(await ListAsync(hag)));
        Assert.Equal(("", "1 0 0"), Shown(await ListAsync(hag, "unread-only='1'")));
        await SayAsync(server, first, Coven, "<body>3</body>");
        Assert.Equal("coven:1", (await ListAsync(hag)).Entries);
        // Whoever answers has read.
        await SayAsync(server, hag, Coven, "<body>4</body>");
        Assert.Equal("coven:0", (await ListAsync(hag)).Entries);

        static (string, string) Shown((string Entries, string Totals, IReadOnlyList<Element>) list) => (list.Entries, list.Totals);
    }

    [Fact]
    public async Task What_was_read_is_remembered()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='member'/>"));
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        var id = await SayAsync(server, first, Coven, "<body>1</body>");
        await SayAsync(server, hag, Coven, $"<displayed xmlns='{Markers}' id='{id}'/>");
        while (await server.Store.AccountData.FindAsync(hag.Jid.Bare, "room-read", Coven, CancellationToken.None) is null)
            await hag.PassAsync();

        await server.RestartAsync(isKilled: false);

        Assert.Equal("coven:0", (await ListAsync(await server.LoginAsync("hag66", "again"))).Entries);
    }

    [Fact]
    public async Task What_an_account_has_with_a_room_is_part_of_it_and_a_mention_counts_once()
    {
        var (server, first, hag) = await StartAsync();
        await using var _ = server;
        await SayAsync(
            server, first, Coven, "<body>hag</body><reference xmlns='urn:xmpp:reference:0' type='mention' uri='xmpp:hag66@localhost'/>");
        await hag.ReadAsync();
        Assert.Equal("coven:1", (await ListAsync(hag)).Entries);

        await hag.EnterAsync(Coven, "thirdwitch");
        await first.SendAsync($"<message to='{Coven}/thirdwitch' type='chat'><body>psst</body></message>");
        while ((await hag.ReadAsync())["type"] != "chat")
        {
            // What comes on entering.
        }

        var (entries, totals, _) = await ListAsync(hag);
        Assert.Equal(("coven:2", "1 1 2"), (entries, totals));
    }

    [Fact]
    public async Task Pages_follow_each_other_and_nobody_reads_what_it_may_not()
    {
        var (server, first, hag) = await StartAsync();
        await using var _ = server;
        await SayAsync(server, first, Coven, "<body>1</body>");
        await first.SendAsync("<message to='hag66@localhost' type='chat'><body>2</body></message>");
        await hag.ReadAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await SayAsync(server, first, Heath, "<body>3</body>");
        await first.ConfigureAsync(Heath, ("passwordprotectedroom", "1"), ("roomsecret", "cauldron"));

        var page = await ListAsync(hag, content: "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max></set>");
        Assert.Equal("heath:1 crone1:1", page.Entries);
        Assert.Equal([false, true], page.Messages.Select(message => message.Child(Mam, "result") is not null));
        var last = page.Messages[1].Child(Inbox, "entry")!["id"];
        var next = await ListAsync(hag, content: $"<set xmlns='http://jabber.org/protocol/rsm'><max>2</max><after>{last}</after></set>");
        Assert.Equal("coven:1", next.Entries);

        // Who doesn't belong there any more has no such conversation.
        await first.AskAsync("set", Coven, AdminQuery("<item jid='hag66@localhost' affiliation='none'/>"));
        Assert.Equal("heath:1 crone1:1", (await ListAsync(hag)).Entries);
    }
}
