using Xmpp.Core;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Who is in a room still is when the server was restarted, or killed.</summary>
public sealed class RoomRestartTests
{
    private const string Ns = "urn:xmpp:sm:3";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Resumed_clients_are_still_in_their_rooms(bool isKilled)
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.LoginAsync("crone1", "desktop");
        var firstId = await EnableAsync(first);
        await first.EnterAsync(Coven, "firstwitch");
        await first.ConfigureAsync(Coven, ("moderatedroom", "1"));
        var third = await server.LoginAsync("hag66", "pda");
        var thirdId = await EnableAsync(third);
        await third.EnterAsync(Coven, "thirdwitch", further: "<show>away</show>");
        await first.AskAsync("set", Coven, AdminQuery("<item nick='thirdwitch' role='participant'/>"));
        await first.PassAsync();
        await third.PassAsync();

        await server.RestartAsync(isKilled);
        third = await ResumeAsync(server, third, thirdId);
        first = await ResumeAsync(server, first, firstId);
        await third.SendAsync($"<message to='{Coven}' type='groupchat' id='after'><body>still here</body></message>");

        while ((await first.ReadAsync())["id"] != "after")
        {
            // What it hadn't acknowledged.
        }
        // All is as it was: role, affiliation, and what the client said of itself.
        var hecate = await server.LoginAsync("hecate", "broom");
        var received = await hecate.EnterAsync(Coven, "hecate");
        var presence = received.Single(stanza => stanza["from"] == $"{Coven}/thirdwitch" && stanza.Name.Local == "presence");
        Assert.Equal("participant", presence.Child(User, "x")!.Child(User, "item")!["role"]);
        Assert.Equal("away", presence.Child(Namespaces.Client, "show")!.Text);
        await third.SendAsync($"<presence to='{Coven}/thirdwitch' type='unavailable'/>");
        await third.PassAsync();
        Assert.Contains(await hecate.PassAsync(), stanza => stanza["type"] == "unavailable");
    }

    [Fact]
    public async Task Who_does_not_come_back_leaves()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.LoginAsync("crone1", "desktop");
        var id = await EnableAsync(first);
        await first.EnterAsync(Coven, "firstwitch");
        await first.ConfigureAsync(Coven);
        var third = await server.LoginAsync("hag66", "pda");
        await EnableAsync(third);
        await third.EnterAsync(Coven, "thirdwitch");
        await first.PassAsync();

        await server.RestartAsync(isKilled: true);
        first = await ResumeAsync(server, first, id);
        await first.PassAsync();
        await server.LoginAsync("hag66", "pda"); // Takes the resource, and so ends the other session.

        var left = await first.ReadAsync();
        Assert.Equal(("unavailable", $"{Coven}/thirdwitch"), (left["type"], left["from"]));
    }

    private static async Task<string> EnableAsync(TestClient client)
    {
        await client.SendAsync($"<enable xmlns='{Ns}' resume='true'/>");
        return (await client.ReadAsync())["id"]!;
    }

    private static async Task<TestClient> ResumeAsync(TestServer server, TestClient lost, string id)
    {
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync(lost.Jid.Local!, TestServer.Password);
        await client.ReadAsync();
        await client.OpenAsync();
        client.Jid = lost.Jid;
        await client.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        Assert.Equal("resumed", (await client.ReadAsync()).Name.Local);
        return client;
    }
}
