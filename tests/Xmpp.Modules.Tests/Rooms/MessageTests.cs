using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>What is said to all and to one, and the subject (XEP-0045 §7.4, §7.5, §8.1, §17.2).</summary>
public sealed class MessageTests
{
    [Xep0045("7.4-1")]
    [Fact]
    public async Task A_message_goes_to_all_with_its_id_and_all_that_is_in_it()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(
            $"<message from='{third.Jid}' xml:lang='en' to='{Coven}' id='hysf1v37' type='groupchat'>"
            + "<body>Harpier cries: 'tis time, 'tis time.</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>");

        foreach (var client in (TestClient[])[first, third])
        {
            await client.ExpectAsync(
                $"<message to='{client.Jid}' from='{Coven}/thirdwitch' xml:lang='en' id='hysf1v37' type='groupchat'>"
                + "<body>Harpier cries: 'tis time, 'tis time.</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
        }
    }

    [Fact]
    public async Task What_only_the_room_says_is_left_out()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();

        await first.SendAsync(
            $"<message type='groupchat' id='1' to='{Coven}'><x xmlns='{User}'><status code='100'/></x><body>1</body>"
            + $"<stanza-id xmlns='urn:xmpp:sid:0' by='{Coven}' id='forged'/>"
            + "<stanza-id xmlns='urn:xmpp:sid:0' by='other@example.com' id='kept'/>"
            + $"<delay xmlns='urn:xmpp:delay' from='{Coven}' stamp='2020-01-01T00:00:00Z'/>"
            + "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/></message>");

        await first.ExpectAsync(
            $"<message from='{Coven}/firstwitch' to='{first.Jid}' type='groupchat' id='1'><body>1</body>"
            + "<stanza-id xmlns='urn:xmpp:sid:0' by='other@example.com' id='kept'/></message>");
    }

    [Fact]
    public async Task A_message_that_leans_on_its_stream_s_prefixes_means_the_same_to_all()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();

        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><stream:x/><body>1</body></message>");

        await first.ExpectAsync(
            $"<message from='{Coven}/firstwitch' to='{first.Jid}' type='groupchat' id='1'><stream:x/><body>1</body></message>");
    }

    [Xep0045("7.5-5", "17.2-2")]
    [Theory]
    [InlineData("<message to='{0}' type='groupchat'><body>1</body></message>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("<message to='{0}' type='groupchat'><subject>1</subject></message>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("<message to='{0}' type='chat'><body>1</body></message>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("<message to='{0}/firstwitch' type='chat'><body>1</body></message>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("<message to='{0}/firstwitch' type='groupchat'><body>1</body></message>", StanzaErrorCondition.BadRequest)]
    [InlineData("<message to='nowhere@{1}' type='groupchat'><body>1</body></message>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<message to='nowhere@{1}' type='chat'><body>1</body></message>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<message to='{1}' type='chat'><body>1</body></message>", StanzaErrorCondition.ServiceUnavailable)]
    public async Task Who_is_not_in_the_room_says_nothing(string message, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66", "pda");

        await third.SendAsync(string.Format(null, message, Coven, Domain));

        await third.ExpectErrorAsync(condition);
        Assert.Empty(await first.PassAsync());
    }

    [Xep0045("7.5-3", "7.5-4")]
    [Theory]
    [InlineData("<message to='{0}' type='chat'><body>1</body></message>", StanzaErrorCondition.BadRequest)]
    [InlineData("<message to='{0}/firstwitch' type='groupchat'><body>1</body></message>", StanzaErrorCondition.BadRequest)]
    [InlineData("<message to='{0}/nobody' type='chat'><body>1</body></message>", StanzaErrorCondition.ItemNotFound)]
    [InlineData("<message to='{0}' type='groupchat'><subject>1</subject></message>", StanzaErrorCondition.Forbidden)]
    public async Task Messages_that_are_wrong_are_refused(string message, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync(string.Format(null, message, Coven));

        await third.ExpectErrorAsync(condition);
        Assert.Empty(await first.PassAsync());
    }

    [Xep0045("7.4-2")]
    [Fact]
    public async Task A_visitor_has_no_voice()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("moderatedroom", "1"));
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.PassAsync();

        await third.SendAsync($"<message to='{Coven}' type='groupchat'><body>1</body></message>");

        await third.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        Assert.Empty(await first.PassAsync());
    }

    [Fact]
    public async Task A_private_message_goes_to_all_clients_of_one_occupant()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var pda = await server.EnterRoomAsync("hag66", "thirdwitch");
        var laptop = await server.EnterRoomAsync("hag66", "thirdwitch", resource: "laptop");
        await first.PassAsync();
        await pda.PassAsync();

        await first.SendAsync(
            $"<message to='{Coven}/thirdwitch' id='1' type='chat'><body>psst</body><x xmlns='{User}'><invite/></x></message>");

        foreach (var client in (TestClient[])[pda, laptop])
        {
            await client.ExpectAsync(
                $"<message to='{client.Jid}' from='{Coven}/firstwitch' id='1' type='chat'><body>psst</body><x xmlns='{User}'/></message>");
        }
        Assert.Empty(await first.PassAsync());
    }

    public static TheoryData<string, string, bool> PrivateMessages => new()
    {
        { "anyone", "visitor", true },
        { "anyone", "participant", true },
        { "anyone", "moderator", true },
        { "participants", "visitor", false },
        { "participants", "participant", true },
        { "participants", "moderator", true },
        { "moderators", "visitor", false },
        { "moderators", "participant", false },
        { "moderators", "moderator", true },
        { "none", "visitor", false },
        { "none", "participant", false },
        { "none", "moderator", false },
    };

    [Theory]
    [MemberData(nameof(PrivateMessages))]
    public async Task Private_messages_are_sent_by_whom_the_room_allows_it(string allowed, string role, bool isSent)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: [("moderatedroom", "1"), ("allowpm", allowed)]);
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        if (role != "visitor")
            await first.AskAsync("set", Coven, AdminQuery($"<item nick='thirdwitch' role='{role}'/>"));
        await first.PassAsync();
        await third.PassAsync();

        await third.SendAsync($"<message to='{Coven}/firstwitch' type='chat'><body>1</body></message>");

        if (isSent)
            Assert.Equal($"{Coven}/thirdwitch", (await first.ReadAsync())["from"]);
        else
            await third.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    public static TheoryData<bool, string, bool> Subjects => new()
    {
        { false, "visitor", false },
        { false, "participant", false },
        { false, "moderator", true },
        { true, "visitor", false },
        { true, "participant", true },
        { true, "moderator", true },
    };

    [Xep0045("8.1-3", "8.1-4")]
    [Theory]
    [MemberData(nameof(Subjects))]
    public async Task The_subject_is_changed_by_whom_the_room_allows_it(bool mayOccupants, string role, bool isChanged)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: [("moderatedroom", "1"), ("changesubject", mayOccupants ? "1" : "0")]);
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");
        if (role != "visitor")
            await first.AskAsync("set", Coven, AdminQuery($"<item nick='thirdwitch' role='{role}'/>"));
        await first.PassAsync();
        await third.PassAsync();

        await third.SendAsync($"<message to='{Coven}' type='groupchat' id='lh2bs617'><subject>Fire Burn</subject></message>");

        if (!isChanged)
        {
            await third.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
            return;
        }
        await first.ExpectAsync(
            $"<message from='{Coven}/thirdwitch' to='{first.Jid}' type='groupchat' id='lh2bs617'><subject>Fire Burn</subject></message>");
        await third.SendAsync($"<message to='{Coven}' type='groupchat'><subject/></message>");
        await first.ReadAsync();
        var subject = (await (await server.LoginAsync("hecate", "broom")).EnterAsync(Coven, "hecate"))[^1];
        Assert.Equal("", subject.Child(Namespaces.Client, "subject")!.Text);
        Assert.NotNull(subject.Child("urn:xmpp:delay", "delay"));
    }

    [Xep0045("8.1-2")]
    [Theory]
    [InlineData("<subject>s</subject><body>b</body>")]
    [InlineData("<subject>s</subject><thread>t</thread>")]
    public async Task A_subject_with_something_beside_it_is_none(string content)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.EnterRoomAsync("hag66", "thirdwitch");

        await third.SendAsync($"<message to='{Coven}' type='groupchat'>{content}</message>");

        Assert.Equal($"{Coven}/thirdwitch", (await third.ReadAsync())["from"]);
        var subject = (await (await server.LoginAsync("hecate", "broom")).EnterAsync(Coven, "hecate"))[^1];
        Assert.Equal((Coven, ""), (subject["from"], subject.Child(Namespaces.Client, "subject")!.Text));
        Assert.NotNull(first);
    }

    [Fact]
    public async Task Who_sends_too_fast_is_told()
    {
        await using var server = await StartAsync(options => options with { StanzasPerSecond = 1, BurstStanzas = 3 });
        var first = await server.CreateRoomAsync();

        for (var i = 1; i <= 4; i++)
            await first.SendAsync($"<message to='{Coven}' type='groupchat' id='{i}'><body>1</body></message>");

        for (var i = 1; i <= 3; i++)
            Assert.Equal($"{Coven}/firstwitch", (await first.ReadAsync())["from"]);
        Assert.Equal("4", (await first.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='5'><body>1</body></message>");
        while ((await first.ReadAsync())["id"] != "5")
        {
            // Presence may come in between.
        }
    }
}
