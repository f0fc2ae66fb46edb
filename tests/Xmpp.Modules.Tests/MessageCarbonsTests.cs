using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Tests.Rooms;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Message carbons (XEP-0280).</summary>
public sealed class MessageCarbonsTests
{
    private const string Ns = "urn:xmpp:carbons:2";
    private const string Invitation = "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='nurse@localhost'/></x>";

    /// <summary>§6.1 and §9: what the message is, and of which side of the conversation it is copied.</summary>
    public static TheoryData<string, string, bool, bool> Rules { get; } = new()
    {
        { "chat", "<body>Hist!</body>", true, true },
        { "chat", "<active xmlns='http://jabber.org/protocol/chatstates'/>", true, true },
        { "chat", "<body>Hist!</body><private xmlns='urn:xmpp:carbons:2'/><no-copy xmlns='urn:xmpp:hints'/>", false, false },
        { "chat", "<body>Hist!</body><private xmlns='urn:xmpp:carbons:2'/>", false, false },
        { "chat", "<body>Hist!</body><no-copy xmlns='urn:xmpp:hints'/>", false, false },
        { "chat", "<body>Hist!</body><no-store xmlns='urn:xmpp:hints'/>", true, true },
        { "chat", "<body>Hist!</body><private xmlns='urn:example'/>", true, true },
        { "chat", "<body>Hist!</body><x xmlns='http://jabber.org/protocol/muc#user'/>", true, false },
        { "normal", "<body>Hist!</body>", true, true },
        { "normal", "<subject>Hist!</subject>", false, false },
        { "normal", "<received xmlns='urn:xmpp:receipts' id='1'/>", true, true },
        { "normal", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true, true },
        { "normal", "<x xmlns='jabber:x:conference' jid='room@conference.localhost'/>", true, true },
        { "normal", Invitation, true, true },
        { "normal", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>", false, false },
        { "headline", "<body>Hear ye!</body>", false, false },
        { "headline", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true, true },
        { "groupchat", "<body>Hist!</body>", false, false },
        { "error", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", true, true },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Of_what_copies_are_made(string type, string payload, bool isSentCopied, bool isReceivedCopied)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo", "garden");
        var home = await server.ComeAsync("romeo", "home");
        await romeo.ReadAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber");
        await juliet.ReadAsync();
        await home.SetAsync($"<enable xmlns='{Ns}'/>");
        await chamber.SetAsync($"<enable xmlns='{Ns}'/>");

        await romeo.SendAsync($"<message to='{juliet.Jid}' type='{type}' id='1'>{payload}</message>");

        var message = $"<message xmlns='jabber:client' from='{romeo.Jid}' to='{juliet.Jid}' type='{type}' id='1'>{payload}</message>";
        await juliet.ExpectAsync(message);
        if (isSentCopied)
            await ExpectCopyAsync(home, "sent", type, message);
        if (isReceivedCopied)
            await ExpectCopyAsync(chamber, "received", type, message);
        await home.ExpectNothingFromAsync(home);
        await chamber.ExpectNothingFromAsync(chamber);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task It_is_advertised_with_its_rules()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<iq type='get' to='localhost' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        var features = (await juliet.ReadAsync()).Child(Namespaces.DiscoInfo, "query")!.Elements.Select(feature => feature["var"]);
        Assert.Superset(new HashSet<string?> { Ns, "urn:xmpp:carbons:rules:0" }, features.ToHashSet());
    }

    [Fact]
    public async Task Who_has_not_asked_or_no_longer_wants_them_gets_none()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber");
        await juliet.ReadAsync();
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>1</body></message>");
        await chamber.ExpectNothingFromAsync(romeo);

        // Again and again is no mistake (§10.1).
        for (var i = 0; i < 2; i++)
            await chamber.SetAsync($"<enable xmlns='{Ns}'/>");
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>2</body></message>");
        Assert.NotNull((await chamber.ReadAsync()).Child(Ns, "received"));
        for (var i = 0; i < 2; i++)
            await chamber.SetAsync($"<disable xmlns='{Ns}'/>");
        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>3</body></message>");
        await chamber.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("enable")]
    [InlineData("disable")]
    public async Task Nobody_switches_another_s(string element)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var romeo = await server.ConnectAsync("romeo");
        await romeo.SendAsync($"<iq type='set' to='juliet@localhost' id='1'><{element} xmlns='{Ns}'/></iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
    }

    [Fact]
    public async Task Who_gets_the_message_gets_no_copy()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var available = await server.ComeAsync("juliet", "available");
        var silent = await server.ConnectAsync("juliet", "silent");
        await available.SetAsync($"<enable xmlns='{Ns}'/>");
        await silent.SetAsync($"<enable xmlns='{Ns}'/>");
        var negative = await server.ConnectAsync("juliet", "negative");
        await negative.SetAsync($"<enable xmlns='{Ns}'/>");
        await negative.SendAsync("<presence><priority>-1</priority></presence>");
        await available.ReadAsync();
        await negative.ReadAsync();
        await negative.ReadAsync();

        foreach (var to in (string[])["juliet@localhost", "juliet@localhost/gone"])
        {
            await romeo.SendAsync($"<message to='{to}' type='chat'><body>Hist!</body></message>");
            var message = $"<message xmlns='jabber:client' from='{romeo.Jid}' to='{to}' type='chat'><body>Hist!</body></message>";
            await available.ExpectAsync(message);
            await ExpectCopyAsync(silent, "received", "chat", message);
            await ExpectCopyAsync(negative, "received", "chat", message);
        }
        await available.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("juliet@localhost", false)]
    [InlineData("juliet@localhost/chamber", true)]
    public async Task A_note_to_oneself_comes_once(string to, bool isFull)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber");
        var garden = await server.ComeAsync("juliet", "garden");
        foreach (var client in (TestClient[])[juliet, juliet, chamber])
            await client.ReadAsync();
        foreach (var client in (TestClient[])[juliet, chamber, garden])
            await client.SetAsync($"<enable xmlns='{Ns}'/>");

        await juliet.SendAsync($"<message to='{to}' type='chat'><body>Romeo!</body></message>");

        var message = $"<message xmlns='jabber:client' from='{juliet.Jid}' to='{to}' type='chat'><body>Romeo!</body></message>";
        await chamber.ExpectAsync(message);
        if (isFull)
        {
            await ExpectCopyAsync(garden, "sent", "chat", message);
        }
        else
        {
            await garden.ExpectAsync(message);
            await juliet.ExpectAsync(message);
        }
        foreach (var client in (TestClient[])[juliet, chamber, garden])
            await client.ExpectNothingFromAsync(client);
    }

    [Fact]
    public async Task A_copy_has_the_id_that_the_account_gave_the_message()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ComeAsync("juliet", "chamber");
        await juliet.ReadAsync();
        await chamber.SetAsync($"<enable xmlns='{Ns}'/>");

        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>Hist!</body></message>");

        var original = await juliet.ReadAsync();
        var copy = (await chamber.ReadAsync()).Child(Ns, "received")!.Child("urn:xmpp:forward:0", "forwarded")!.Elements.Single();
        Assert.NotNull(original.Child("urn:xmpp:sid:0", "stanza-id"));
        Assert.Equal(original, copy);
    }

    [Fact]
    public async Task Who_is_blocked_leaves_no_copies_either()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        var chamber = await server.ConnectAsync("juliet", "chamber");
        await chamber.SetAsync($"<enable xmlns='{Ns}'/>");
        await juliet.SetAsync("<block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block>");

        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>Hist!</body></message>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        await chamber.ExpectNothingFromAsync(chamber);
    }

    [Fact]
    public async Task Of_private_messages_in_rooms_only_the_sent_ones_are_copied()
    {
        await using var server = await RoomTesting.StartAsync();
        var witch = await server.CreateRoomAsync();
        var pda = await server.EnterRoomAsync("hag66", "thirdwitch");
        var laptop = await server.EnterRoomAsync("hag66", "thirdwitch", resource: "laptop");
        await laptop.SetAsync($"<enable xmlns='{Ns}'/>");
        await witch.PassAsync();
        await pda.PassAsync();
        var message = $"<message xmlns='jabber:client' from='{pda.Jid}' to='{RoomTesting.Coven}/firstwitch' type='chat' id='1'>"
            + $"<body>psst</body><x xmlns='{RoomTesting.User}'/></message>";

        await pda.SendAsync(message);
        Assert.Equal("1", (await witch.ReadAsync())["id"]);
        await ExpectCopyAsync(laptop, "sent", "chat", message);

        // The room sends it to each of the occupant's clients.
        await witch.SendAsync($"<message to='{RoomTesting.Coven}/thirdwitch' type='chat' id='2'><body>hush</body></message>");
        foreach (var client in (TestClient[])[pda, laptop])
        {
            Assert.Equal("2", (await client.ReadAsync())["id"]);
            Assert.Empty(await client.PassAsync());
        }
    }

    private static async Task ExpectCopyAsync(TestClient client, string kind, string type, string message)
    {
        var copy = await client.ReadAsync();
        Assert.Equal(
            ("message", client.Jid.Bare.ToString(), client.Jid.ToString(), type),
            (copy.Name.Local, copy["from"], copy["to"], copy["type"]));
        var original = copy.Child(Ns, kind)!.Child("urn:xmpp:forward:0", "forwarded")!.Elements.Single();
        Assert.Equal(Element.Parse(message), StanzaId.Strip(original, client.Jid.Bare));
    }
}
