using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>What the server learns of clients by their capabilities (XEP-0115 §5.4).</summary>
public sealed class ClientCapabilitiesTests
{
    // §5.2
    private const string Ver = "QgayPKawpkPSDYmwT/WM94uAlu0=";

    private const string Identity = "<identity category='client' name='Exodus 0.9.1' type='pc'/>";

    private const string Exodus = Identity
        + "<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#items'/>"
        + "<feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/muc'/>";

    [Fact]
    public async Task A_hash_is_asked_for_once_and_known_for_all()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await AnnounceAsync(server, "juliet");
        var question = await juliet.ReadAsync();
        Assert.Equal(("get", "localhost", $"urn:exodus#{Ver}"), (question["type"], question["from"], question.Elements.Single()["node"]));
        Assert.Null(Find(server, juliet));
        var romeo = await AnnounceAsync(server, "romeo"); // While she has not answered.

        await AnswerAsync(juliet, question, Exodus);
        await server.Server.Context.Tasks.EndAsync();

        Assert.Equal(4, Find(server, juliet)!.Features.Count);
        Assert.Same(Find(server, juliet), Find(server, romeo));
        await romeo.ExpectNothingFromAsync(romeo);
        var tybalt = await AnnounceAsync(server, "tybalt");
        Assert.Same(Find(server, juliet), Find(server, tybalt));
        await tybalt.ExpectNothingFromAsync(tybalt);
        // Nor is who says the same again.
        await juliet.SendAsync($"<presence>{Announcement("sha-1", Ver)}</presence>");
        await juliet.ReadAsync();
        await juliet.ExpectNothingFromAsync(juliet);
    }

    public static TheoryData<string> IllFormed { get; } = new()
    {
        "<identity category='client' name='Exodus 0.9.1' type='pc'/><feature var='urn:xmpp:everything'/>",
        Exodus + "<feature var='http://jabber.org/protocol/muc'/>",
        Exodus + Identity,
        Exodus + Form("urn:a", "urn:b"),
        Exodus + Form("urn:a") + Form("urn:a"),
        Exodus + "<x xmlns='jabber:x:data' type='nothing'/>",
        // These have the hash of the honest answer.
        Identity
            + "<feature var='http://jabber.org/protocol/caps&lt;http://jabber.org/protocol/disco#info'/>"
            + "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>",
        "<feature var='client/pc//Exodus 0.9.1'/>" + Exodus[Exodus.IndexOf("<feature", StringComparison.Ordinal)..],
        // Without a type a form is not in the hash, but would be remembered.
        Exodus + $"<x xmlns='jabber:x:data' type='result'><field var='a'><value>{new string('a', 32_768)}</value></field></x>",
    };

    [Theory]
    [MemberData(nameof(IllFormed))]
    public async Task Who_answers_something_else_is_not_believed_and_the_next_one_is_asked(string answer)
    {
        await using var server = await TestServer.StartAsync();
        var tybalt = await AnnounceAsync(server, "tybalt");
        var question = await tybalt.ReadAsync();
        var juliet = await AnnounceAsync(server, "juliet");

        await AnswerAsync(tybalt, question, answer);

        question = await juliet.ReadAsync();
        Assert.Null(Find(server, juliet));
        await AnswerAsync(juliet, question, Exodus);
        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal(4, Find(server, juliet)!.Features.Count);
        Assert.Null(Find(server, tybalt));
    }

    [Fact]
    public async Task Who_does_not_answer_keeps_nobody_from_being_asked()
    {
        await using var server = await TestServer.StartAsync();
        var isWaiting = server.Time.NextTimerAsync();
        var silent = await AnnounceAsync(server, "silent");
        await silent.ReadAsync();
        await isWaiting;
        var gone = await AnnounceAsync(server, "gone");
        var juliet = await AnnounceAsync(server, "juliet");

        server.Time.Advance(TimeSpan.FromSeconds(30));
        await gone.ReadAsync();
        gone.Drop();
        await AnswerAsync(juliet, await juliet.ReadAsync(), Exodus);

        await server.Server.Context.Tasks.EndAsync();
        Assert.NotNull(Find(server, juliet));
    }

    [Fact]
    public async Task A_hash_that_nobody_can_check_stands_for_one_session_only()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await AnnounceAsync(server, "juliet", "md4");
        await AnswerAsync(juliet, await juliet.ReadAsync(), Identity + "<feature var='urn:a'/>");
        await server.Server.Context.Tasks.EndAsync();
        var romeo = await AnnounceAsync(server, "romeo", "md4");

        await AnswerAsync(romeo, await romeo.ReadAsync(), Identity + "<feature var='urn:b'/>");

        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal(["urn:a"], Find(server, juliet)!.Features);
        Assert.Equal(["urn:b"], Find(server, romeo)!.Features);
    }

    [Theory]
    [InlineData("sha-256")]
    [InlineData("sha-384")]
    [InlineData("sha-512")]
    public async Task Other_hashes_can_be_checked_as_well(string algorithm)
    {
        var query = Element.Parse($"<query xmlns='http://jabber.org/protocol/disco#info'>{Exodus}</query>");
        var ver = CapabilitiesHash.Compute(CapabilitiesHash.Parse(query)!, algorithm);
        await using var server = await TestServer.StartAsync();
        var juliet = await AnnounceAsync(server, "juliet", algorithm, ver);

        await AnswerAsync(juliet, await juliet.ReadAsync(), Exodus);

        await server.Server.Context.Tasks.EndAsync();
        Assert.NotNull(Find(server, juliet));
    }

    [Theory]
    [InlineData("<c xmlns='http://jabber.org/protocol/caps' node='urn:exodus' ver='0.9.1' ext='share'/>")]
    [InlineData("<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='abc'/>")]
    [InlineData("<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:exodus'/>")]
    public async Task What_says_nothing_is_not_asked_about(string capabilities)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<presence>{capabilities}</presence>");

        await juliet.ReadAsync();
        await juliet.ExpectNothingFromAsync(juliet);
    }

    private static string Form(params string[] types) =>
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
        + string.Concat(types.Select(type => $"<value>{type}</value>")) + "</field></x>";

    private static string Announcement(string algorithm, string ver) =>
        $"<c xmlns='http://jabber.org/protocol/caps' hash='{algorithm}' node='urn:exodus' ver='{ver}'/>";

    /// <summary>A client that has announced a hash, and read its own presence.</summary>
    private static async Task<TestClient> AnnounceAsync(TestServer server, string name, string algorithm = "sha-1", string ver = Ver)
    {
        var client = await server.ConnectAsync(name);
        await client.SendAsync($"<presence>{Announcement(algorithm, ver)}</presence>");
        await client.ReadAsync();
        return client;
    }

    private static async Task AnswerAsync(TestClient client, Element question, string info)
    {
        await client.SendAsync($"<iq type='result' id='{question["id"]}' to='localhost'>"
            + $"<query xmlns='http://jabber.org/protocol/disco#info'>{info}</query></iq>");
        await client.ExpectNothingFromAsync(client);
    }

    private static DiscoInfo? Find(TestServer server, TestClient client) =>
        server.Server.Context.Capabilities.Find(server.Server.Context.Sessions.Find(client.Jid)!);
}
