using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Sasl;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class PortableCommandsTests : CtlFixture
{
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");
    private static readonly Jid Nurse = Jid.Parse("nurse@example.org");
    private static readonly SortableId First = SortableId.New(DateTimeOffset.UnixEpoch.AddDays(1));
    private static readonly SortableId Second = SortableId.New(DateTimeOffset.UnixEpoch.AddDays(2));

    [Fact]
    public async Task A_host_goes_through_a_file()
    {
        await FillAsync();

        Assert.Equal(ExitCode.Ok, await RunAsync("host", "export", "localhost", Files["localhost.xml"]));
        Assert.Equal($"Exported 2 users to {Files["localhost.xml"]}.\n", Printed);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Files["localhost.xml"]));
        File.Delete(Files["test.db"]);
        Assert.Equal(ExitCode.Ok, await RunAsync("host", "import", Files["localhost.xml"]));
        Assert.Equal("Imported 2 users with 1 contacts, 3 offline messages and 2 archived ones.\n", Printed);
        Assert.DoesNotContain("not imported", Complaints, StringComparison.Ordinal);

        await using var store = SqliteStore.Open(Files["test.db"]);
        var romeo = await store.Accounts.FindAsync(Romeo, Cancellation);
        Assert.Equal((true, DateTimeOffset.UnixEpoch), (romeo!.Enabled, romeo.Created));
        Assert.True(PasswordKeys.Verify("secret", romeo.Keys));
        Assert.False((await store.Accounts.FindAsync(Juliet, Cancellation))!.Enabled);
        var roster = (await store.Rosters.LoadAsync(Romeo, Cancellation))!;
        var entry = Assert.Single(roster.Entries);
        Assert.Equal((Juliet, SubscriptionState.Both, roster.Version), (entry.Contact, entry.Subscription, entry.Version));
        var messages = await store.Offline.ReadAsync(Romeo, 0, 10, Cancellation);
        Assert.Equal(["1", "2", "3"], messages.Select(message => Core.Xml.Element.Parse(message.Stanza).Text));
        Assert.Equal([Nurse], await store.BlockLists.LoadAsync(Romeo, Cancellation));
        var nodes = await store.PubSub.FindAllAsync(Romeo, 10, Cancellation);
        Assert.Equal(["urn:xmpp:bookmarks:1", "urn:xmpp:omemo:2:devices"], nodes.Select(node => node.Name));
        Assert.Equal(["whitelist", "open"], nodes.Select(node => node.Settings.GetValueOrDefault("pubsub#access_model") ?? "open"));
        Assert.Equal(
            [(Juliet, NodeAffiliation.None, NodeSubscription.Subscribed), (Nurse, NodeAffiliation.Publisher, NodeSubscription.None)],
            nodes[1].Members.Select(member => (member.Jid, member.Affiliation, member.Subscription)).OrderBy(member => member.Jid.ToString()));
        var device = Assert.Single(await store.PubSub.ReadItemsAsync(Romeo, nodes[1].Name, new(), 10, Cancellation));
        Assert.Equal(
            ("current", Romeo, "<devices xmlns='urn:xmpp:omemo:2'><device id='1'/></devices>"),
            (device.Id, device.Publisher, Core.Xml.Element.Parse(device.Payload).ToString().Replace('"', '\'')));
        Assert.Equal(
            Enumerable.Range(0, 250).Select(i => $"room{i}@conference.localhost"),
            (await store.PubSub.ReadItemsAsync(Romeo, nodes[0].Name, new(), 1000, Cancellation)).Select(item => item.Id));
        var archive = await store.Archive.ReadAsync(Romeo, new() { Text = "hark" }, 10, isFromEnd: false, Cancellation);
        Assert.Equal(
            [(First, Juliet.WithResource("balcony"), true, "Hark 1"), (Second, Juliet, false, "Hark 2")],
            archive!.Messages.Select(message => (
                message.Id, message.With, message.IsIncoming, Core.Xml.Element.Parse(message.Stanza).Elements.Single().Text)));
        var conversation = Assert.Single(await store.Archive.ListConversationsAsync(Romeo, null, isUnreadOnly: false, 10, Cancellation));
        Assert.Equal((Juliet, Second, 1), (conversation.With, conversation.Last, conversation.Unread));
    }

    [Fact]
    public async Task A_user_goes_through_a_file()
    {
        await FillAsync();

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "export", "romeo@localhost", Files["romeo.xml"]));
        Assert.Equal(ExitCode.Failed, await RunAsync("user", "export", "nobody@localhost", Files["nobody.xml"]));
        Assert.False(File.Exists(Files["nobody.xml"]));
        await RunAsync("user", "delete", "romeo@localhost", "--yes");
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "import", Files["romeo.xml"]));

        Assert.Equal("Imported 1 users with 1 contacts, 3 offline messages and 2 archived ones.\n", Printed);
        Assert.Equal(3, (int)(await JsonAsync("user", "show", "romeo@localhost"))["offlineMessages"]!);
    }

    [Fact]
    public async Task Accounts_that_exist_are_replaced_only_when_asked()
    {
        await FillAsync();
        await RunAsync("host", "export", "localhost", Files["localhost.xml"]);
        await RunAsync("user", "delete", "juliet@localhost", "--yes");
        await using (var store = SqliteStore.Open(Files["test.db"]))
            await store.BlockLists.ChangeAsync(Romeo, [Juliet], [Nurse], Cancellation);

        Assert.Equal(ExitCode.Failed, await RunAsync("host", "import", Files["localhost.xml"]));
        Assert.Contains("romeo@localhost exists already", Complaints, StringComparison.Ordinal);
        await using (var store = SqliteStore.Open(Files["test.db"]))
        {
            Assert.Null(await store.Accounts.FindAsync(Juliet, Cancellation));
            Assert.Equal([Juliet], await store.BlockLists.LoadAsync(Romeo, Cancellation));
        }

        Assert.Equal(ExitCode.Ok, await RunAsync("host", "import", Files["localhost.xml"], "--replace"));
        await using (var store = SqliteStore.Open(Files["test.db"]))
        {
            Assert.Equal([Nurse], await store.BlockLists.LoadAsync(Romeo, Cancellation));
            Assert.Equal(3, await store.Offline.CountAsync(Romeo, Cancellation));
        }
    }

    [Fact]
    public async Task What_is_left_out_is_said()
    {
        Files.Write("in.xml", """
            <server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'>
              <user name='romeo' password='secret'><unknown xmlns='urn:unknown'/></user>
              <user name='juliet'><unknown xmlns='urn:unknown'/></user>
            </host></server-data>
            """);

        Assert.Equal(ExitCode.Ok, await RunAsync("host", "import", Files["in.xml"]));

        Assert.Contains("Warning: not imported: {urn:unknown}unknown, 2 times\n", Complaints, StringComparison.Ordinal);
        Assert.Contains("Warning: 1 accounts have no password until xmppctl user passwd gives them one: juliet@localhost\n", Complaints, StringComparison.Ordinal);
        await using var store = SqliteStore.Open(Files["test.db"]);
        Assert.True(PasswordKeys.Verify("secret", (await store.Accounts.FindAsync(Romeo, Cancellation))!.Keys));
    }

    [Theory]
    [InlineData("<host jid='localhost'><user name='romeo'/></host><host jid='elsewhere.example'><user name='romeo'/></host>", ExitCode.Usage)]
    [InlineData("<host jid='localhost'><user name='romeo'/><user name='ROMEO'/></host>", ExitCode.Failed)]
    [InlineData("<host jid='localhost'><user name='romeo'/><user name='juliet'></host>", ExitCode.Failed)]
    public async Task Nothing_is_imported_of_what_can_not_be_imported_whole(string content, ExitCode code)
    {
        Files.Write("in.xml", $"<server-data xmlns='urn:xmpp:pie:0'>{content}</server-data>");

        Assert.Equal(code, await RunAsync("host", "import", Files["in.xml"]));

        await using var store = SqliteStore.Open(Files["test.db"]);
        Assert.Equal(0, (await store.Transfer.CountAsync(DateTimeOffset.UnixEpoch, Cancellation)).Total);
    }

    [Fact]
    public async Task While_the_server_runs_users_are_exported_and_not_imported()
    {
        StartServer();
        await RunAsync("user", "add", "romeo@localhost", "--generate");

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "export", "romeo@localhost", Files["romeo.xml"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("host", "export", "localhost", Files["localhost.xml"]));
        Assert.Equal(ExitCode.Failed, await RunAsync("user", "import", Files["romeo.xml"], "--replace"));
        Assert.Contains("stop every server", Complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_passwords_replace_nobody()
    {
        Files.Write("lines", "romeo@localhost secret\n");
        Assert.Equal(ExitCode.Usage, await RunAsync("user", "import", Files["lines"], "--replace"));
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "import", Files["lines"]));
        Assert.Equal(ExitCode.Usage, await RunAsync("host", "export", "elsewhere.example", Files["out"]));
    }

    private static byte[] Message(string from, string to, string body) =>
        System.Text.Encoding.UTF8.GetBytes($"<message from='{from}' to='{to}'><body>{body}</body></message>");

    private async Task FillAsync()
    {
        await using var store = SqliteStore.Open(Files["test.db"]);
        await store.Accounts.AddAsync(new(Romeo, PasswordKeys.Create("secret", 1000), true, DateTimeOffset.UnixEpoch, null), Cancellation);
        await store.Accounts.AddAsync(new(Juliet, [], false, DateTimeOffset.UnixEpoch, null), Cancellation);
        await store.Accounts.AddAsync(new(Nurse, [], true, DateTimeOffset.UnixEpoch, null), Cancellation);
        await store.Rosters.ApplyAsync(Romeo, new(7)
        {
            Saved = [new(Juliet) { IsListed = true, Subscription = SubscriptionState.Both, Version = 7 }],
        }, Cancellation);
        await store.BlockLists.ChangeAsync(Romeo, [Nurse], [], Cancellation);
        foreach (var text in (string[])["1", "2", "3"])
        {
            var stanza = System.Text.Encoding.UTF8.GetBytes($"<message>{text}</message>");
            await store.Offline.AddAsync(Romeo, DateTimeOffset.UnixEpoch, stanza, 10, Cancellation);
        }
        await store.PubSub.AddAsync(
            new(Romeo, "urn:xmpp:omemo:2:devices", DateTimeOffset.UnixEpoch, new Dictionary<string, string>
            {
                ["pubsub#access_model"] = "open",
                ["pubsub#max_items"] = "1",
            }, [new(Nurse, NodeAffiliation.Publisher), new(Juliet, NodeAffiliation.None, NodeSubscription.Subscribed)]), 10,
            [new("current", First, Romeo, "<devices xmlns='urn:xmpp:omemo:2'><device id='1'/></devices>"u8.ToArray())], Cancellation);
        await store.PubSub.AddAsync(
            new(Romeo, "urn:xmpp:bookmarks:1", DateTimeOffset.UnixEpoch, new Dictionary<string, string>
            {
                ["pubsub#access_model"] = "whitelist",
            }, []), 10,
            [.. Enumerable.Range(0, 250).Select(i => new StoredItem(
                $"room{i}@conference.localhost", SortableId.New(DateTimeOffset.UnixEpoch.AddSeconds(i)), null,
                "<conference xmlns='urn:xmpp:bookmarks:1'/>"u8.ToArray()))], Cancellation);
        await store.Archive.AddAsync(
        [
            new(Romeo, First, Juliet.WithResource("balcony"), true, Message("juliet@localhost/balcony", "romeo@localhost", "Hark 1"), "Hark 1", true),
            new(Romeo, Second, Juliet, false, Message("romeo@localhost/orchard", "juliet@localhost", "Hark 2"), "Hark 2", true),
        ], Cancellation);
    }
}
