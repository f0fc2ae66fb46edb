using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Archive.ArchiveTesting;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0430: conversations and what is unread in them.</summary>
public sealed class InboxTests
{
    private const string Ns = "urn:xmpp:inbox:1";
    private const string Markers = "urn:xmpp:chat-markers:0";

    private static async Task<(IReadOnlyList<Element> Messages, Element Iq)> ListAsync(
        TestClient client, string attributes = "", string content = "")
    {
        await client.SendAsync($"<iq type='get' id='inbox'><inbox xmlns='{Ns}' {attributes}>{content}</inbox></iq>");
        var messages = new List<Element>();
        var answer = await client.ReadAsync();
        for (; answer.Name.Local == "message"; answer = await client.ReadAsync())
            messages.Add(answer);
        return (messages, answer);
    }

    private static string Describe(IEnumerable<Element> messages) => string.Join(' ', messages
        .Select(message => message.Child(Ns, "entry")!)
        .Select(entry => $"{Jid.Parse(entry["jid"]!).Local}:{entry["unread"]}"));

    private static string Totals(Element iq) =>
        iq.Child(Ns, "fin") is { } fin ? $"{fin["total"]} {fin["unread"]} {fin["all-unread"]}" : "";

    /// <summary>Waits until so many messages are unread: markers are looked into in the background.</summary>
    private static async Task<IReadOnlyList<Element>> WaitForUnreadAsync(TestClient client, string unread)
    {
        while (true)
        {
            var (messages, iq) = await ListAsync(client);
            if (iq.Child(Ns, "fin")!["all-unread"] == unread)
                return messages;
        }
    }

    private static async Task<(TestServer Server, TestClient Juliet)> StartAsync()
    {
        var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        foreach (var (name, words) in new[] { ("nurse", new[] { "n1" }), ("romeo", ["r1", "r2", "r3"]), ("paris", ["p1", "p2"]) })
        {
            var client = await server.ConnectAsync(name, "home");
            foreach (var word in words)
            {
                await client.SendAsync($"<message to='juliet@localhost' type='chat' id='{word}'><body>{word}</body></message>");
                await client.ExpectNothingFromAsync(client);
                server.Time.Advance(TimeSpan.FromSeconds(1));
            }
        }
        return (server, juliet);
    }

    [Fact]
    public async Task Conversations_come_the_last_one_first_each_with_its_last_message_and_what_is_unread()
    {
        var (server, juliet) = await StartAsync();
        await using var _ = server;

        Assert.Contains(Ns, Discovery.Parse(await juliet.InfoAsync("juliet@localhost")).Features);
        var (messages, iq) = await ListAsync(juliet);

        Assert.Equal("paris:2 romeo:3 nurse:1", Describe(messages));
        Assert.Equal("3 3 6", Totals(iq));
        var archive = await juliet.QueryAsync();
        foreach (var message in messages)
        {
            var (entry, result) = (message.Child(Ns, "entry")!, message.Child(Mam, "result")!);
            Assert.Equal(("juliet@localhost", juliet.Jid.ToString()), (message["from"], message["to"]));
            Assert.Equal((entry["id"], "inbox"), (result["id"], result["queryid"]));
            var index = archive.Ids.ToList().IndexOf(entry["id"]!);
            Assert.Equal(archive.Messages[index], Forwarded.Parse(result.Child(Forwarded.Name))!.Stanza);
        }
    }

    [Fact]
    public async Task Messages_can_be_left_out_and_so_can_what_was_read()
    {
        var (server, juliet) = await StartAsync();
        await using var _ = server;
        await juliet.SendAsync($"<message to='romeo@localhost' type='chat'><displayed xmlns='{Markers}' id='r3'/></message>");
        await WaitForUnreadAsync(juliet, "3");

        var (messages, iq) = await ListAsync(juliet, "unread-only='true' messages='false'");

        Assert.Equal("paris:2 nurse:1", Describe(messages));
        Assert.All(messages, message => Assert.Single(message.Elements));
        Assert.Equal("3 2 3", Totals(iq));
    }

    [Theory]
    [InlineData("displayed")]
    [InlineData("acknowledged")]
    public async Task A_marker_of_the_account_reads_a_message_and_all_before_it(string marker)
    {
        var (server, juliet) = await StartAsync();
        await using var _ = server;

        await juliet.SendAsync($"<message to='romeo@localhost/home' type='chat'><{marker} xmlns='{Markers}' id='r2'/></message>");

        Assert.Equal("paris:2 romeo:1 nurse:1", Describe(await WaitForUnreadAsync(juliet, "4")));
    }

    [Fact]
    public async Task Receipts_and_markers_of_others_read_nothing_and_nothing_is_ever_unread_again()
    {
        var (server, juliet) = await StartAsync();
        await using var _ = server;
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.SendAsync($"<message to='romeo@localhost' type='chat'><displayed xmlns='{Markers}' id='r3'/></message>");
        await WaitForUnreadAsync(juliet, "3");

        await juliet.SendAsync("<message to='paris@localhost' type='chat'><received xmlns='urn:xmpp:receipts' id='p2'/></message>");
        await juliet.SendAsync($"<message to='paris@localhost' type='chat'><received xmlns='{Markers}' id='p2'/></message>");
        await juliet.SendAsync($"<message to='paris@localhost' type='chat'><displayed xmlns='{Markers}' id='unknown'/></message>");
        await juliet.SendAsync($"<message to='romeo@localhost' type='chat'><displayed xmlns='{Markers}' id='r1'/></message>");
        await romeo.SendAsync($"<message to='juliet@localhost' type='chat'><displayed xmlns='{Markers}' id='r3'/></message>");
        await juliet.SendAsync($"<message to='nurse@localhost' type='chat'><displayed xmlns='{Markers}' id='n1'/></message>");

        Assert.Equal("paris:2 romeo:0 nurse:0", Describe(await WaitForUnreadAsync(juliet, "2")));
    }

    [Fact]
    public async Task What_is_not_to_be_read_makes_no_conversation_and_counts_nowhere()
    {
        var (server, juliet) = await StartAsync();
        await using var _ = server;
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var tybalt = await server.ConnectAsync("tybalt");

        await tybalt.SendAsync("<message to='juliet@localhost' type='chat'><received xmlns='urn:xmpp:receipts' id='1'/></message>");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>r4</body>"
            + "<replace xmlns='urn:xmpp:message-correct:0' id='r3'/></message>");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><reactions xmlns='urn:xmpp:reactions:0' id='r3'/></message>");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='x'><retract xmlns='urn:xmpp:message-retract:1' id='r3'/>"
            + "<body>/me retracted a message</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);

        Assert.Equal("paris:2 romeo:3 nurse:1", Describe((await ListAsync(juliet)).Messages));
    }

    [Fact]
    public async Task Pages_follow_each_other()
    {
        var (server, juliet) = await StartAsync();
        await using var _ = server;

        var first = await ListAsync(juliet, content: Rsm("<max>2</max>"));
        var set = first.Iq.Child(Ns, "fin")!.Child(ResultSetRequest.Name)!;
        var second = await ListAsync(juliet, content: Rsm($"<max>2</max><after>{set.Child(ResultSet.Ns, "last")!.Text}</after>"));
        var none = await ListAsync(juliet, content: Rsm("<max>0</max>"));

        Assert.Equal("paris:2 romeo:3", Describe(first.Messages));
        Assert.Equal(first.Messages[0].Child(Ns, "entry")!["id"], set.Child(ResultSet.Ns, "first")!.Text);
        Assert.Equal("3", set.Child(ResultSet.Ns, "count")!.Text);
        Assert.Equal("nurse:1", Describe(second.Messages));
        Assert.Equal(("", "3 3 6"), (Describe(none.Messages), Totals(none.Iq)));
    }

    [Theory]
    [InlineData("unread-only='maybe'", "", StanzaErrorCondition.BadRequest)]
    [InlineData("messages=''", "", StanzaErrorCondition.BadRequest)]
    [InlineData("", "<max>x</max>", StanzaErrorCondition.BadRequest)]
    [InlineData("", "<before/>", StanzaErrorCondition.FeatureNotImplemented)]
    [InlineData("", "<index>1</index>", StanzaErrorCondition.FeatureNotImplemented)]
    [InlineData("", "<after>unknown</after>", StanzaErrorCondition.ItemNotFound)]
    public async Task What_cannot_be_answered_is_refused(string attributes, string set, StanzaErrorCondition expected)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Equal(expected, StanzaError.Parse((await ListAsync(juliet, attributes, Rsm(set))).Iq)?.Condition);
    }

    [Fact]
    public async Task An_inbox_is_an_accounts_own()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='1' to='romeo@localhost'><inbox xmlns='{Ns}'/></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }
}
