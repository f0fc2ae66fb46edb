using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133 §4.23 to §4.28: what users are told.</summary>
public sealed class AnnouncementsTests
{
    [Fact]
    public async Task An_announcement_goes_to_who_is_online_now()
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.ConnectAsync("bard");
        var (balcony, chamber) = (await server.LoginAsync("juliet", "balcony"), await server.LoginAsync("juliet", "chamber"));
        await balcony.ReadAsync(); // The presence of the other.
        var elsewhere = await server.LoginAsync("romeo@other");
        await server.CreateAccountAsync(Jid.Parse("nurse@localhost"));

        var answer = await bard.AdministerAsync("announce", Given("announcement", "The theatre", "burns."));

        // The bard's own client is connected, but takes no messages.
        Assert.Equal("Sent to 2 users.", answer.Command("completed").Note());
        foreach (var client in new[] { balcony, chamber })
        {
            var message = await client.ReadAsync();
            Assert.Equal(
                Element.Parse($"<message type='headline' id='{message["id"]}' from='localhost' to='juliet@localhost'>"
                    + "<body>The theatre\nburns.</body></message>"),
                message);
        }
        await elsewhere.ExpectNothingFromAsync(await server.ConnectAsync("mercutio@other"));
        var nurse = await server.LoginAsync("nurse");
        await nurse.ExpectNothingFromAsync(bard);
    }

    [Fact]
    public async Task A_message_of_the_day_reaches_everybody_once()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.LoginAsync("bard");
        var juliet = await server.LoginAsync("juliet", "balcony");
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));

        await SetAsync(bard, "set-motd", "Break a leg.");

        // Who is online gets it now …
        await ExpectMessageAsync(juliet, "Break a leg.");
        // … and others when they come, with the first resource that takes messages.
        Assert.Empty(await ArriveAsync(server, "romeo", "street", priority: -1));
        Assert.Equal(["Break a leg."], await ArriveAsync(server, "romeo", "orchard"));
        // Each once.
        Assert.Empty(await ArriveAsync(server, "romeo", "garden"));
        Assert.Empty(await ArriveAsync(server, "juliet", "chamber"));
        // It is kept who got it.
        var seen = await Task.WhenAll(new[] { "bard", "juliet", "romeo" }.Select(async name => await server.Store.AccountData.FindAsync(
            Jid.Parse($"{name}@localhost"), "motd", "", CancellationToken.None)));
        Assert.Single(seen.Select(id => Encoding.UTF8.GetString(id!.Value.Span)).Distinct());
    }

    [Fact]
    public async Task An_edited_message_of_the_day_goes_to_who_has_not_got_it_and_a_new_one_to_all()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var juliet = await server.LoginAsync("juliet");
        await SetAsync(bard, "set-motd", "Break a log.");
        await ExpectMessageAsync(juliet, "Break a log.");

        var form = (await bard.CommandAsync("localhost", $"{Administration.Ns}#edit-motd")).Command("executing").Form();
        Assert.Equal(["Break a log."], form.Values("motd"));
        await SetAsync(bard, "edit-motd", "Break a leg.");

        await juliet.ExpectNothingFromAsync(bard);
        Assert.Equal(["Break a leg."], await ArriveAsync(server, "romeo"));

        await SetAsync(bard, "set-motd", "Well done.");

        await ExpectMessageAsync(juliet, "Well done.");
    }

    [Fact]
    public async Task A_message_of_the_day_that_is_deleted_reaches_nobody_else()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        await SetAsync(bard, "set-motd", "Break a leg.");

        (await bard.AdministerAtOnceAsync("delete-motd")).Command("completed");

        Assert.Empty(await ArriveAsync(server, "romeo"));
        (await bard.AdministerAtOnceAsync("delete-motd")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
        (await bard.AdministerAtOnceAsync("edit-motd")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task Each_host_has_its_own()
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.ConnectAsync("bard");
        (await bard.ExecuteAsync("other", $"{Administration.Ns}#set-motd", Given("motd", "Elsewhere."))).Command("completed");

        Assert.Empty(await ArriveAsync(server, "juliet"));
        Assert.Equal(["Elsewhere."], await ArriveAsync(server, "romeo@other"));
    }

    [Fact]
    public async Task A_store_that_fails_keeps_nobody_out_and_the_message_comes_later()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        await SetAsync(bard, "set-motd", "Break a leg.");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        Assert.Empty(await ArriveAsync(romeo));
        server.Store.Failure = null;

        Assert.Equal(["Break a leg."], await ArriveAsync(server, "romeo", "street"));
    }

    [Fact]
    public async Task New_users_are_welcomed_when_they_first_log_in()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        await server.CreateAccountAsync(Jid.Parse("nurse@localhost"));
        (await bard.AdministerAtOnceAsync("delete-welcome")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);

        (await bard.AdministerAsync("set-welcome", Given("welcome", "Welcome to", "the Globe!"))).Command("completed");

        var form = (await bard.CommandAsync("localhost", $"{Administration.Ns}#set-welcome")).Command("executing").Form();
        Assert.Equal(["Welcome to", "the Globe!"], form.Values("welcome"));
        await AddAsync("juliet@localhost");
        var juliet = server.Connect();
        await juliet.LoginAsync(Jid.Parse("juliet@localhost"), "R0m30", null);
        Assert.Equal(["Welcome to\nthe Globe!"], await ArriveAsync(juliet));
        Assert.Empty(await ArriveAsync(server, "nurse"));

        (await bard.AdministerAtOnceAsync("delete-welcome")).Command("completed");
        await AddAsync("romeo@localhost");
        var romeo = server.Connect();
        await romeo.LoginAsync(Jid.Parse("romeo@localhost"), "R0m30", null);
        Assert.Empty(await ArriveAsync(romeo));

        async Task AddAsync(string account) => (await bard.AdministerAsync(
            "add-user", Given("accountjid", account), Given("password", "R0m30"), Given("password-verify", "R0m30"))).Command("completed");
    }

    private static async Task<List<string>> ArriveAsync(TestServer server, string name, string? resource = null, int priority = 0) =>
        await ArriveAsync(await server.ConnectAsync(name, resource), priority);

    /// <summary>Becomes available, and gives the texts of the messages that this brings.</summary>
    private static async Task<List<string>> ArriveAsync(TestClient client, int priority = 0)
    {
        await client.SendAsync($"<presence><priority>{priority}</priority></presence>"
            + "<iq type='get' id='marker' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        var texts = new List<string>();
        for (var stanza = await client.ReadAsync(); stanza["id"] != "marker"; stanza = await client.ReadAsync())
        {
            if (stanza.Name.Local == "message")
                texts.Add(stanza.Child(Namespaces.Client, "body")!.Text);
        }
        return texts;
    }

    private static async Task SetAsync(TestClient bard, string command, string text)
    {
        var answer = await bard.AdministerAsync(command, Given("motd", text));
        // The bard's client, when it is available, gets it as well.
        if (answer.Name.Local == "message")
            answer = await bard.ReadAsync();
        answer.Command("completed");
    }

    private static async Task ExpectMessageAsync(TestClient client, string text)
    {
        var message = StanzaId.Strip(await client.ReadAsync(), client.Jid.Bare);
        Assert.Equal(
            Element.Parse($"<message id='{message["id"]}' from='{client.Jid.Domain}' to='{client.Jid.Bare}'><body>{text}</body></message>"),
            message);
    }
}
