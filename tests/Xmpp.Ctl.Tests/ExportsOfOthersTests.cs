using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Ctl.Tests;

/// <summary>What Prosody and ejabberd export (Samples/README.md), imported.</summary>
public sealed class ExportsOfOthersTests : CtlFixture
{
    private static readonly Jid Juliet = Jid.Parse("juliet@capulet.example");
    private static readonly Jid Nurse = Jid.Parse("nurse@capulet.example");
    private static readonly Jid Romeo = Jid.Parse("romeo@montague.example");

    public ExportsOfOthersTests() => ConfigurationFile = Files.Write("config/capulet.json", """
        {
          "hosts": ["capulet.example"],
          "listeners": [{ "address": "127.0.0.1", "port": 0 }],
          "http": { "listeners": [] },
          "sqlite": { "file": "test.db" },
          "control": { "socket": "control/ctl.sock" },
          "authentication": { "scramIterations": 4096 }
        }
        """);

    [Fact]
    public async Task Users_of_Prosody_are_imported()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("host", "import", Sample("prosody/juliet.xml"), Sample("prosody/nurse.xml")));
        Assert.Equal("Imported 2 users with 3 contacts, 0 offline messages and 0 archived ones.\n", Printed);
        Assert.DoesNotContain("not imported", Complaints, StringComparison.Ordinal);

        await using var store = SqliteStore.Open(Files["test.db"]);
        await AssertPeopleAsync(store, Jid.Parse("paris@capulet.example"));
        var roster = await store.Rosters.LoadAsync(Juliet, Cancellation);
        Assert.True(Assert.Single(roster!.Entries, entry => entry.Contact == Nurse).IsAsking);
    }

    [Fact]
    public async Task Users_of_ejabberd_are_imported()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("host", "import", Sample("ejabberd/export.xml")));
        Assert.Equal("Imported 2 users with 3 contacts, 2 offline messages and 0 archived ones.\n", Printed);
        Assert.DoesNotContain("not imported", Complaints, StringComparison.Ordinal);

        await using var store = SqliteStore.Open(Files["test.db"]);
        await AssertPeopleAsync(store, Jid.Parse("paris@verona.example"));
        Assert.Equal([Jid.Parse("tybalt@capulet.example")], await store.BlockLists.LoadAsync(Juliet, Cancellation));
        var messages = await store.Offline.ReadAsync(Juliet, 0, 10, Cancellation);
        Assert.Equal(
            ["Neither, fair saint", "if either thee dislike & so on"],
            messages.Select(message => Element.Parse(message.Stanza).Child(Namespaces.Client, "body")!.Text));
        Assert.All(messages, message => Assert.Equal(new DateTime(2026, 11, 27), message.At.Date));
    }

    private static async Task AssertPeopleAsync(SqliteStore store, Jid asker)
    {
        foreach (var (jid, password) in ((Jid, string)[])[(Juliet, "pässword"), (Nurse, "secret")])
        {
            var account = await store.Accounts.FindAsync(jid, Cancellation);
            Assert.True(account!.Enabled);
            Assert.True(PasswordKeys.Verify(password, account.Keys));
        }
        var roster = await store.Rosters.LoadAsync(Juliet, Cancellation);
        var romeo = Assert.Single(roster!.Entries, entry => entry.Contact == Romeo);
        Assert.Equal((true, SubscriptionState.Both, "Romeo"), (romeo.IsListed, romeo.Subscription, romeo.Name));
        Assert.Contains("Friends", romeo.Groups);
        var request = Assert.Single(roster.Entries, entry => entry.Contact == asker);
        Assert.Equal((false, new XmlName(Namespaces.Client, "presence")), (request.IsListed, request.Request!.Name));
        Assert.Equal("Juliet Capulet", Element.Parse((await store.AccountData.FindAsync(Juliet, "vcard", "", Cancellation))!.Value).Elements.Single().Text);
        Assert.NotNull(await store.AccountData.FindAsync(Juliet, "private", "exodus:prefs", Cancellation));
    }

    private static string Sample(string name) => Path.Combine(AppContext.BaseDirectory, "Samples", name);
}
