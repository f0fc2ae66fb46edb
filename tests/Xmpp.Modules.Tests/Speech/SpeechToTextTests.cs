using System.Net;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Speech;
using Xmpp.Modules.Tests.Rooms;
using Xmpp.Modules.Tests.Uploads;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Speech;

/// <summary>Voice messages as text.</summary>
public sealed class SpeechToTextTests : IDisposable
{
    private const string Transcribe = "urn:xmppchat:speech#transcribe";
    private const string Answers = "{urn:xmppchat:rooms}transcribe";
    private const string Configure = "urn:xmppchat:speech#configure";

    private readonly SpeechStandIn _engine = SpeechStandIn.Start();

    public void Dispose() => _engine.Dispose();

    [Fact]
    public async Task An_account_that_wants_it_gets_the_text_of_voice_messages_as_replies()
    {
        await using var server = await StartAsync();
        using var romeo = await LoginAsync(server);
        var juliet = await server.LoginAsync("juliet", "balcony");
        await WantAsync(juliet, true);
        var link = await romeo.UploadAsync("OggS, a voice"u8.ToArray(), "voice.ogg", "audio/ogg; codecs=opus");

        await romeo.Client.SendAsync(
            $"<message to='juliet@localhost' type='chat' id='1'><body>{link}</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
            + $"<x xmlns='jabber:x:oob'><url>{link}</url></x></message>");

        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        var reply = await juliet.ReadAsync();
        Assert.Equal(("localhost", "chat"), (reply["from"], reply["type"]));
        var body = reply.Child(Namespaces.Client, "body")!.Text;
        Assert.Equal($"> {link}\nBut soft!", body);
        var to = reply.Child("urn:xmpp:reply:0", "reply")!;
        Assert.Equal((romeo.Client.Jid.ToString(), "o"), (to["to"], to["id"]));
        var quoted = reply.Child("urn:xmpp:fallback:0", "fallback")!;
        Assert.Equal("urn:xmpp:reply:0", quoted["for"]);
        Assert.Equal("But soft!", body[int.Parse(quoted.Elements.Single()["end"]!, null)..]);

        var (key, form) = Assert.Single(_engine.Requests);
        Assert.Equal("Bearer the key", key);
        Assert.Contains("OggS, a voice", form, StringComparison.Ordinal);
        Assert.Contains("voice.ogg", form, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\nlarge\r\n", form, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\nit\r\n", form, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_are_shared_the_new_way_are_found_and_who_wants_nothing_gets_nothing()
    {
        await using var server = await StartAsync();
        using var romeo = await LoginAsync(server);
        var juliet = await server.LoginAsync("juliet", "balcony");
        var link = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        var message = $"<message to='juliet@localhost' type='chat' id='1'><file-sharing xmlns='urn:xmpp:sfs:0'><sources>"
            + $"<url-data xmlns='http://jabber.org/protocol/url-data' target='{link}'/></sources></file-sharing></message>";

        await romeo.Client.SendAsync(message);
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        await WantAsync(juliet, true);
        await romeo.Client.SendAsync(message);
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        Assert.Equal("localhost", (await juliet.ReadAsync())["from"]);
        await WantAsync(juliet, false);
        await romeo.Client.SendAsync(message);
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        await WantAsync(juliet, false);

        Assert.Single(_engine.Requests);
    }

    [Fact]
    public async Task The_text_of_one_is_there_by_a_command()
    {
        await using var server = await StartAsync();
        using var romeo = await LoginAsync(server);
        var link = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        _engine.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        var done = (await AskAsync(romeo.Client, link)).Command("completed");

        Assert.Equal("The text will come as a message.", done.Note());
        _engine.Gate.SetResult();
        var text = await romeo.Client.ReadAsync();
        Assert.Equal($"> {link}\nBut soft!", text.Child(Namespaces.Client, "body")!.Text);
        Assert.Null(text.Child("urn:xmpp:reply:0", "reply"));
    }

    [Fact]
    public async Task A_reaction_asks_for_the_text_of_a_message_that_the_archive_has()
    {
        await using var server = await StartAsync();
        using var romeo = await LoginAsync(server);
        var juliet = await server.LoginAsync("juliet", "balcony");
        var link = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        await SayAsync("v1", link);
        await SayAsync("t1", "https://elsewhere.example/voice.ogg");

        // XEP-0444 §2.1: all reactions of a message are said at once.
        await juliet.SendAsync(Reaction(romeo.Client.Jid.Bare, "v1", "👋", "📝"));
        var reply = await juliet.ReadAsync();
        Assert.Equal(("localhost", $"> {link}\nBut soft!"), (reply["from"], reply.Child(Namespaces.Client, "body")!.Text));
        var to = reply.Child("urn:xmpp:reply:0", "reply")!;
        Assert.Equal((romeo.Client.Jid.ToString(), "v1"), (to["to"], to["id"]));
        // The author asks as well.
        Assert.Equal("v1", (await romeo.Client.ReadAsync()).Child("urn:xmpp:reactions:0", "reactions")!["id"]);
        await romeo.Client.SendAsync(Reaction(juliet.Jid.Bare, "v1", "📝\uFE0F"));
        var own = await romeo.Client.ReadAsync();
        Assert.Equal((romeo.Client.Jid.Bare.ToString(), "v1"),
            (own.Child("urn:xmpp:reply:0", "reply")!["to"], own.Child("urn:xmpp:reply:0", "reply")!["id"]));
        Assert.NotNull((await juliet.ReadAsync()).Child("urn:xmpp:reactions:0", "reactions"));

        // Of what is no voice message of this server that is said; other reactions, and what isn't known, mean nothing.
        await juliet.SendAsync(Reaction(romeo.Client.Jid.Bare, "v1", "👋"));
        await juliet.SendAsync(Reaction(romeo.Client.Jid.Bare, "v2", "📝"));
        await juliet.SendAsync(Reaction(romeo.Client.Jid.Bare, "t1", "📝"));
        Assert.Contains("no link of a file", (await juliet.ReadAsync()).Child(Namespaces.Client, "body")!.Text, StringComparison.Ordinal);
        Assert.Equal(2, _engine.Requests.Count);

        async Task SayAsync(string id, string url)
        {
            await romeo.Client.SendAsync(
                $"<message to='juliet@localhost' type='chat' id='{id}'><body>{url}</body>"
                + $"<x xmlns='jabber:x:oob'><url>{url}</url></x></message>");
            Assert.Equal(id, (await juliet.ReadAsync())["id"]);
        }
    }

    private static string Reaction(Jid to, string id, params string[] emojis) =>
        $"<message to='{to}' type='chat' id='r'><reactions id='{id}' xmlns='urn:xmpp:reactions:0'>"
        + string.Concat(emojis.Select(emoji => $"<reaction>{emoji}</reaction>")) + "</reactions><store xmlns='urn:xmpp:hints'/></message>";

    [Fact]
    public async Task A_room_answers_voice_messages_with_their_text_when_its_owner_wants_it()
    {
        await using var server = await StartAsync(options => options with { Parallel = 1 });
        using var uploader = await LoginAsync(server);
        var romeo = uploader.Client;
        var link = await uploader.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        var picture = await uploader.UploadAsync(Uploader.Bytes(10));
        await romeo.EnterAsync(Coven, "Romeo");
        await romeo.ConfigureAsync(Coven, (Answers, "0"));
        await SayAsync(link);
        await romeo.ConfigureAsync(Coven, (Answers, "1"));
        await SayAsync(picture);

        var id = await SayAsync(link);

        var reply = await romeo.ReadAsync();
        Assert.Equal((Coven, "groupchat", $"> {link}\nBut soft!"),
            (reply["from"], reply["type"], reply.Child(Namespaces.Client, "body")!.Text));
        var to = reply.Child("urn:xmpp:reply:0", "reply")!;
        Assert.Equal(($"{Coven}/Romeo", id), (to["to"], to["id"]));
        Assert.NotEqual(id, reply.Child("urn:xmpp:sid:0", "stanza-id")!["id"]);
        // Who enters gets it as everything that was said before.
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.SendAsync($"<presence to='{Coven}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        Element late;
        do
            late = await juliet.ReadAsync();
        while (late["from"] != Coven || late.Child("urn:xmpp:reply:0", "reply") is null);
        await romeo.PassAsync();

        // Nobody is told what was said in one that was taken away meanwhile.
        _engine.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = await SayAsync(link);
        await Eventually.UntilAsync(() => _engine.Requests.Count >= 2);
        await romeo.AskAsync("set", Coven,
            $"<moderate xmlns='urn:xmpp:message-moderate:1' id='{gone}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>");
        await romeo.PassAsync();
        var last = await SayAsync(link);
        _engine.Gate.SetResult();
        Assert.Equal(last, (await romeo.ReadAsync()).Child("urn:xmpp:reply:0", "reply")!["id"]);
        Assert.Equal(3, _engine.Requests.Count);

        async Task<string> SayAsync(string url)
        {
            await romeo.SendAsync(
                $"<message to='{Coven}' type='groupchat' id='1'><body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x></message>");
            var said = await romeo.ReadAsync();
            Assert.Equal("1", said["id"]);
            return said.Child("urn:xmpp:sid:0", "stanza-id")!["id"]!;
        }
    }

    [Fact]
    public async Task What_is_no_voice_message_of_this_server_is_refused()
    {
        await using var server = await StartAsync(options => options with { FileBytes = 1024 });
        using var romeo = await LoginAsync(server);
        var picture = await romeo.UploadAsync(Uploader.Bytes(10));
        var large = await romeo.UploadAsync(Uploader.Bytes(1025), "voice.ogg", "audio/ogg");
        var voice = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");

        foreach (var (link, reason) in ((string, string)[])
        [
            (picture, "no voice message"), (large, "more than 1024 bytes"),
            (voice.Replace("voice.ogg", "other.ogg", StringComparison.Ordinal), "no link"),
            (voice.Replace("localhost", "elsewhere.example", StringComparison.Ordinal), "no link"),
            ("file:///etc/passwd", "no link"), ("x", "no link"),
            (voice.Replace("http", "aesgcm", StringComparison.Ordinal), "encrypted"),
        ])
        {
            var error = (await AskAsync(romeo.Client, link)).ExpectError(
                StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
            Assert.Contains(reason, error.Text, StringComparison.Ordinal);
        }
        Assert.Empty(_engine.Requests);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, "{}", "refused it (status 500)")]
    [InlineData(HttpStatusCode.OK, "nonsense", "an answer that is none")]
    [InlineData(HttpStatusCode.OK, "[]", "an answer that is none")]
    [InlineData(HttpStatusCode.OK, """{ "text": 1 }""", "an answer that is none")]
    [InlineData(HttpStatusCode.OK, """{ "text": " " }""", "Nothing is said")]
    [InlineData(HttpStatusCode.OK, """{ "text": "a\u0000\uFFFFb" }""", "ab")]
    public async Task What_the_engine_does_wrong_is_said(HttpStatusCode status, string answer, string text)
    {
        await using var server = await StartAsync();
        using var romeo = await LoginAsync(server);
        var link = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        (_engine.Status, _engine.Answer) = (status, answer);

        await AskAsync(romeo.Client, link);

        Assert.Contains(text, (await romeo.Client.ReadAsync()).Child(Namespaces.Client, "body")!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_is_away_or_takes_too_long_is_said()
    {
        await using var server = await StartAsync();
        using var romeo = await LoginAsync(server);
        var link = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        _engine.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        await AskAsync(romeo.Client, link);
        await Eventually.UntilAsync(() => !_engine.Requests.IsEmpty);
        server.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.EndsWith("takes too long.", await ReadTextAsync(), StringComparison.Ordinal);
        _engine.Gate.SetResult();
        _engine.Dispose();
        await AskAsync(romeo.Client, link);
        Assert.EndsWith("can't be reached.", await ReadTextAsync(), StringComparison.Ordinal);

        async Task<string> ReadTextAsync() => (await romeo.Client.ReadAsync()).Child(Namespaces.Client, "body")!.Text;
    }

    [Fact]
    public async Task There_is_a_limit_for_all_and_one_for_each()
    {
        await using var server = await StartAsync(options => options with { Parallel = 1, Waiting = 1, PerAccountPerHour = 3 });
        using var romeo = await LoginAsync(server);
        var link = await romeo.UploadAsync(Uploader.Bytes(10), "voice.ogg", "audio/ogg");
        _engine.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        (await AskAsync(romeo.Client, link)).Command("completed");
        (await AskAsync(romeo.Client, link)).Command("completed");
        await ExpectTooManyAsync();
        _engine.Gate.SetResult();
        await romeo.Client.ReadAsync();
        await romeo.Client.ReadAsync();
        (await AskAsync(romeo.Client, link)).Command("completed");
        await romeo.Client.ReadAsync();
        await ExpectTooManyAsync();

        async Task ExpectTooManyAsync() =>
            (await AskAsync(romeo.Client, link)).ExpectError(StanzaErrorType.Wait, StanzaErrorCondition.ResourceConstraint);
    }

    private Task<TestServer> StartAsync(Func<SpeechOptions, SpeechOptions>? configure = null)
    {
        var options = new SpeechOptions { Url = _engine.Url, Key = "the key", Model = "large", Language = "it" };
        return TestServer.StartAsync(server => server with
        {
            Http = server.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }] },
            Limits = server.Limits with { KeepAliveInterval = TimeSpan.FromDays(1) },
            Modules = server.Modules with { SpeechToText = configure?.Invoke(options) ?? options },
        });
    }

    /// <summary>Somebody who uploads files, and gets messages.</summary>
    private static async Task<Uploader> LoginAsync(TestServer server)
    {
        var romeo = await Uploader.LoginAsync(server);
        await romeo.Client.SendAsync("<presence/>");
        Assert.Equal(romeo.Client.Jid.ToString(), (await romeo.Client.ReadAsync())["from"]);
        return romeo;
    }

    private static async Task WantAsync(TestClient client, bool wants) =>
        (await client.ExecuteAsync("localhost", Configure, Commands.Given("all", wants ? "1" : "0"))).Command("completed");

    private static Task<Element> AskAsync(TestClient client, string link) =>
        client.ExecuteAsync("localhost", Transcribe, Commands.Given("link", link));
}
