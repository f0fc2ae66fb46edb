using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class RosterCommandsTests : CtlFixture
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Contacts_are_listed_with_and_without_a_server(bool withServer)
    {
        if (withServer)
            StartServer();
        await AddAsync("juliet@localhost");
        await SaveAsync("juliet@localhost",
            new(Jid.Parse("romeo@localhost"))
            {
                IsListed = true,
                Name = "Romeo",
                Subscription = SubscriptionState.Both,
                Groups = ["Friends", "Lovers"],
                Version = 1,
            },
            new(Jid.Parse("nurse@localhost")) { IsListed = true, IsAsking = true, Version = 1 },
            new(Jid.Parse("paris@localhost")) { Request = Element.Parse("<presence type='subscribe'/>") });

        Assert.Equal(ExitCode.Ok, await RunAsync("roster", "list", "juliet@localhost"));
        Assert.Equal(
        [
            ["nurse@localhost", "-", "none", "out", "-"],
            ["paris@localhost", "-", "not a contact", "in", "-"],
            ["romeo@localhost", "Romeo", "both", "-", "Friends, Lovers"],
        ], Rows);
        var json = await JsonAsync("roster", "list", "juliet@localhost");
        Assert.Equal("both", (string?)json[2]!["subscription"]);
        Assert.Equal("Lovers", (string?)json[2]!["groups"]![1]);
        Assert.False((bool)json[1]!["isListed"]!);

        Assert.Equal(ExitCode.Failed, await RunAsync("roster", "list", "nobody@localhost"));
        Assert.Equal("There is no account nobody@localhost.\n", Complaints);
    }

    [Fact]
    public async Task A_contact_is_added_changed_and_removed()
    {
        StartServer();
        await AddAsync("juliet@localhost");

        Assert.Equal(ExitCode.Ok, await RunAsync("roster", "add", "juliet@localhost", "romeo@example.net", "--name", "Romeo"));
        Assert.Equal("Added romeo@example.net to the contacts of juliet@localhost.\n", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync(
            "roster", "add", "juliet@localhost", "romeo@example.net", "--name", "My Romeo", "--group", "Lovers", "--group", "Montagues"));
        await RunAsync("roster", "list", "juliet@localhost");
        Assert.Equal([["romeo@example.net", "My Romeo", "none", "-", "Lovers, Montagues"]], Rows);

        Assert.Equal(ExitCode.Ok, await RunAsync("roster", "remove", "juliet@localhost", "romeo@example.net"));
        Assert.Equal("Removed romeo@example.net from the contacts of juliet@localhost.\n", Printed);
        Assert.Equal(ExitCode.Failed, await RunAsync("roster", "remove", "juliet@localhost", "romeo@example.net"));
        Assert.Equal("juliet@localhost has no contact romeo@example.net.\n", Complaints);
        await RunAsync("roster", "list", "juliet@localhost");
        Assert.Empty(Rows);
    }

    [Fact]
    public async Task Each_two_accounts_become_contacts()
    {
        StartServer();
        await AddAsync("romeo@localhost", "juliet@localhost", "nurse@example.org");

        Assert.Equal(ExitCode.Ok, await RunAsync(
            "roster", "push", "romeo@localhost", "juliet@localhost", "nurse@example.org", "romeo@localhost"));

        Assert.Equal("3 pairs of 3 accounts are contacts.\n", Printed);
        await RunAsync("roster", "list", "nurse@example.org");
        Assert.Equal([["juliet@localhost", "-", "both", "-", "-"], ["romeo@localhost", "-", "both", "-", "-"]], Rows);
        Assert.Equal(2, (int)(await JsonAsync("roster", "push", "nurse@example.org"))["contacts"]!);
    }

    [Fact]
    public async Task What_can_not_be_done_changes_nothing()
    {
        StartServer();
        await AddAsync("juliet@localhost", "romeo@localhost");

        Assert.Equal(ExitCode.Failed, await RunAsync("roster", "push", "juliet@localhost", "romeo@localhost", "nobody@localhost"));
        Assert.Equal("There is no account nobody@localhost.\n", Complaints);
        Assert.Equal(ExitCode.Failed, await RunAsync("roster", "push", "nobody@localhost"));
        Assert.Equal(ExitCode.Failed, await RunAsync("roster", "add", "nobody@localhost", "romeo@localhost"));
        Assert.Equal("There is no account nobody@localhost.\n", Complaints);
        Assert.Equal(ExitCode.Failed, await RunAsync("roster", "add", "juliet@localhost", "juliet@localhost"));
        Assert.Equal("Nobody is his own contact.\n", Complaints);
        Assert.Equal(ExitCode.Usage, await RunAsync("roster", "push", "juliet@localhost", "localhost"));
        Assert.Equal(ExitCode.Usage, await RunAsync("roster", "push"));

        await RunAsync("roster", "list", "juliet@localhost");
        Assert.Empty(Rows);
    }

    [Fact]
    public async Task Changes_need_the_server()
    {
        await AddAsync("juliet@localhost", "romeo@localhost");

        Assert.Equal(ExitCode.ServerNotRunning, await RunAsync("roster", "add", "juliet@localhost", "romeo@localhost"));
        Assert.Equal(ExitCode.ServerNotRunning, await RunAsync("roster", "remove", "juliet@localhost", "romeo@localhost"));
        Assert.Equal(ExitCode.ServerNotRunning, await RunAsync("roster", "push", "juliet@localhost", "romeo@localhost"));
    }

    private async Task AddAsync(params string[] accounts)
    {
        foreach (var account in accounts)
            Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", account, "--generate"));
    }

    private async Task SaveAsync(string account, params RosterEntry[] entries)
    {
        var change = new RosterChange(1) { Saved = entries };
        if (Server is not null)
        {
            await Server.Store.Rosters.ApplyAsync(Jid.Parse(account), change, Cancellation);
            return;
        }
        await using var store = SqliteStore.Open(Path.Combine(Files.Path, "test.db"));
        await store.Rosters.ApplyAsync(Jid.Parse(account), change, Cancellation);
    }
}
