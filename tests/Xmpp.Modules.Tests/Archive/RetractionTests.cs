using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Archive.ArchiveTesting;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0424: what becomes of archived messages that are retracted.</summary>
public sealed class RetractionTests
{
    private const string Retract = "urn:xmpp:message-retract:1";

    private static string Retraction(string to, string id, string name = "retract-1") =>
        $"<message type='chat' to='{to}' id='{name}'><retract id='{id}' xmlns='{Retract}'/>"
        + $"<fallback xmlns='urn:xmpp:fallback:0' for='{Retract}'/><body>/me retracted a previous message</body>"
        + "<store xmlns='urn:xmpp:hints'/></message>";

    /// <summary>Sends a message; completes when the server is done with it.</summary>
    private static async Task SayAsync(TestClient client, string message)
    {
        await client.SendAsync(message);
        await client.ExpectNothingFromAsync(client);
    }

    /// <summary>Waits until an archive's message is a tombstone.</summary>
    private static async Task<QueryAnswer> WaitForTombstoneAsync(TestClient client, int index)
    {
        while (true)
        {
            var answer = await client.QueryAsync();
            if (answer.Results.Count > index && answer.Messages[index].Child(Retract, "retracted") is not null)
                return answer;
        }
    }

    [Fact]
    public async Task The_server_and_its_accounts_say_that_they_know_retractions_and_tombstones()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        foreach (var entity in new[] { "localhost", "juliet@localhost" })
        {
            var features = Discovery.Parse(await juliet.InfoAsync(entity)).Features;
            Assert.Contains(Retract, features);
            Assert.Contains($"{Retract}#tombstone", features);
        }
    }

    [Fact]
    public async Task A_tombstone_takes_the_place_of_the_message_in_both_archives_and_the_retraction_follows()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet");
        await SayAsync(romeo, "<message type='chat' to='juliet@localhost' id='wrong-1'><body>Have not saints lips?</body>"
            + "<markable xmlns='urn:xmpp:chat-markers:0'/></message>");
        await server.TalkAsync(romeo, "juliet@localhost", "And holy palmers too?");
        var before = await juliet.QueryAsync();

        await SayAsync(romeo, Retraction("juliet@localhost", "wrong-1"));
        var his = await WaitForTombstoneAsync(romeo, 0);
        var hers = await WaitForTombstoneAsync(juliet, 0);

        foreach (var archive in new[] { his, hers })
        {
            Assert.Equal(3, archive.Results.Count);
            Assert.Equal(
                Element.Parse($"<message from='{romeo.Jid}' type='chat' to='juliet@localhost' id='wrong-1'>"
                    + $"<retracted xmlns='{Retract}' id='retract-1' stamp='2026-01-01T00:00:01Z'/></message>"),
                archive.Messages[0]);
            Assert.Equal("And holy palmers too?", archive.Bodies[1]);
            Assert.NotNull(archive.Messages[2].Child(Retract, "retract"));
        }
        // UIDs and times stay (XEP-0313 §3.2).
        Assert.Equal(before.Ids, hers.Ids.Take(2));
        Assert.Empty((await juliet.QueryAsync(Form(Field("{urn:xmpp:fulltext:0}fulltext", "saints")))).Results);
    }

    [Fact]
    public async Task Only_its_sender_retracts_a_message_and_only_in_its_conversation()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet");
        var paris = await server.ConnectAsync("paris");
        await SayAsync(romeo, "<message type='chat' to='juliet@localhost' id='his'><body>1</body></message>");
        await SayAsync(juliet, "<message type='chat' to='romeo@localhost' id='hers'><body>2</body></message>");
        await SayAsync(romeo, "<message type='chat' to='juliet@localhost' id='last'><body>3</body></message>");

        await SayAsync(juliet, Retraction("romeo@localhost", "his"));
        await SayAsync(paris, Retraction("juliet@localhost", "his"));
        await SayAsync(paris, Retraction("juliet@localhost", "hers"));
        await SayAsync(romeo, Retraction("juliet@localhost", "hers"));
        await SayAsync(romeo, Retraction("juliet@localhost", "never sent"));
        await SayAsync(romeo, Retraction("juliet@localhost", "last"));

        var hers = await WaitForTombstoneAsync(juliet, 2);
        Assert.Equal(["1", "2", ""], hers.Bodies.Take(3));
        Assert.Equal(["1", "2", ""], (await WaitForTombstoneAsync(romeo, 2)).Bodies.Take(3));
    }

    [Fact]
    public async Task A_message_is_retracted_once_and_a_retraction_never()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet");
        await SayAsync(romeo, "<message type='chat' to='juliet@localhost' id='1'><body>1</body></message>");
        await SayAsync(romeo, "<message type='chat' to='juliet@localhost' id='2'><body>2</body></message>");
        await SayAsync(romeo, Retraction("juliet@localhost", "1", "first"));
        await WaitForTombstoneAsync(juliet, 0);

        await SayAsync(romeo, Retraction("juliet@localhost", "1", "second"));
        await SayAsync(romeo, Retraction("juliet@localhost", "first", "third"));
        await SayAsync(romeo, Retraction("juliet@localhost", "2", "fourth"));

        var hers = await WaitForTombstoneAsync(juliet, 1);
        Assert.Equal("first", hers.Messages[0].Child(Retract, "retracted")!["id"]);
        Assert.NotNull(hers.Messages[2].Child(Retract, "retract"));
    }

    [Fact]
    public async Task Occupants_of_a_room_retract_only_their_own()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var room = await server.ConnectAsync("room", "romeo");
        var other = await server.ConnectAsync("room", "paris");
        const string ofRoom = "<x xmlns='http://jabber.org/protocol/muc#user'/>";
        await SayAsync(room, $"<message type='chat' to='juliet@localhost' id='1'><body>1</body>{ofRoom}</message>");
        await SayAsync(room, $"<message type='chat' to='juliet@localhost' id='2'><body>2</body>{ofRoom}</message>");

        await SayAsync(other, Retraction("juliet@localhost", "1").Replace("</message>", $"{ofRoom}</message>"));
        await SayAsync(other, Retraction("juliet@localhost", "1"));
        await SayAsync(room, Retraction("juliet@localhost", "2").Replace("</message>", $"{ofRoom}</message>"));

        Assert.Equal(["1", ""], (await WaitForTombstoneAsync(juliet, 1)).Bodies.Take(2));
    }

    [Fact]
    public async Task What_is_too_far_back_stays()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { Archive = new() { LookBack = 2 } },
        });
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        foreach (var id in new[] { "1", "2", "3" })
            await SayAsync(romeo, $"<message type='chat' to='juliet@localhost' id='{id}'><body>{id}</body></message>");

        await SayAsync(romeo, Retraction("juliet@localhost", "1"));
        await SayAsync(romeo, Retraction("juliet@localhost", "retract-1"));
        await SayAsync(romeo, "<message type='chat' to='juliet@localhost' id='4'><body>4</body></message>");
        await SayAsync(romeo, Retraction("juliet@localhost", "4"));

        var hers = await WaitForTombstoneAsync(juliet, 5);
        Assert.Equal(["1", "2", "3"], hers.Bodies.Take(3));
    }
}
