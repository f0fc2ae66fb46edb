using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Modules.Tests.PubSub;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0490: what is published as displayed counts as read in the inbox.</summary>
public sealed class DisplayedSyncTests
{
    private const string Node = "urn:xmpp:mds:displayed:0";
    private const string Inbox = "urn:xmpp:inbox:1";

    /// <summary>As XEP-0490 §4.2 wants them.</summary>
    private static readonly string _options =
        Options(("persist_items", "true"), ("max_items", "max"), ("send_last_published_item", "never"), ("access_model", "whitelist"));

    [Fact]
    public async Task What_is_displayed_is_read()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var phone = await server.ConnectAsync("juliet", "phone");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.SendAsync("<presence/>");
        await juliet.PassAsync();
        await phone.WantAsync(server, Node);
        await juliet.PassAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await romeo.SendAsync($"<message to='juliet@localhost' type='chat'><body>{i}</body></message>");
            await romeo.PassAsync();
            ids.Add(StanzaId.Find(Assert.Single(await juliet.PassAsync()), Jid.Parse("juliet@localhost"))!);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal("romeo@localhost:3", await ListAsync(juliet));
        await phone.PassAsync();

        await DisplayAsync(juliet, "romeo@localhost", ids[1], "juliet@localhost");

        Assert.Equal("romeo@localhost:1", await ListAsync(juliet));
        Assert.Equal([$"juliet@localhost {Node} romeo@localhost"], (await phone.PassAsync()).Events());
        // Never back; of another chat, unknown, or nonsense: passed on and otherwise ignored (§6.1).
        await DisplayAsync(juliet, "romeo@localhost", ids[0], "juliet@localhost");
        await DisplayAsync(juliet, "nurse@localhost", ids[2], "juliet@localhost");
        await DisplayAsync(juliet, "romeo@localhost", ids[2], "romeo@localhost");
        await DisplayAsync(juliet, "romeo@localhost", "0f710f2b-52ed-4d52-b928-784dad74a52b", "juliet@localhost");
        Assert.Equal("romeo@localhost:1", await ListAsync(juliet));
        await DisplayAsync(juliet, "romeo@localhost", ids[2], "juliet@localhost");
        Assert.Equal("romeo@localhost:0", await ListAsync(juliet));
    }

    [Fact]
    public async Task Also_in_rooms()
    {
        const string Room = "coven@conference.localhost";
        await using var server = await StartAsync();
        var first = await server.ConnectAsync("crone1", "desktop");
        await first.SendAsync($"<presence to='{Room}/first'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await first.PassAsync();
        await first.AskAsync("set", Room, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>");
        await first.AskAsync("set", Room,
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='hag66@localhost' affiliation='member'/></query>");
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            await first.SendAsync($"<message to='{Room}' type='groupchat'><body>{i}</body></message>");
            ids.Add(StanzaId.Find((await first.PassAsync())[^1], Jid.Parse(Room))!);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
        var hag = await server.ConnectAsync("hag66", "pda");
        Assert.Equal($"{Room}:2", await ListAsync(hag));

        await DisplayAsync(hag, Room, ids[0], Room);
        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal($"{Room}:1", await ListAsync(hag));
        await DisplayAsync(hag, Room, ids[1], Room);
        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal($"{Room}:0", await ListAsync(hag));
    }

    private static Task<Element?> DisplayAsync(TestClient client, string chat, string id, string by) => client.DoAsync("set", null, Publish(
        Node, chat, $"<displayed xmlns='{Node}'><stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='{id}'/></displayed>", _options));

    private static async Task<string> ListAsync(TestClient client)
    {
        var passed = new List<Element>();
        await client.AskAsync("get", null, $"<inbox xmlns='{Inbox}'/>", passed);
        return string.Join(' ', passed.Select(message => message.Child(Inbox, "entry")).OfType<Element>()
            .Select(entry => $"{entry["jid"]}:{entry["unread"]}"));
    }
}
