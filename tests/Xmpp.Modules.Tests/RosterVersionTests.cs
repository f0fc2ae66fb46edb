using System.Globalization;
using Xmpp.Core.Storage;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Roster versioning (RFC 6121 §2.6).</summary>
public sealed class RosterVersionTests
{
    [Fact]
    [Rfc6121("2.6.1-1", "3.4-1")]
    public async Task Versions_and_pre_approval_are_among_the_features()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(RosterTesting.Account("juliet"));
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();

        var features = await client.OpenAsync();

        Assert.NotNull(features.Child("urn:xmpp:features:rosterver", "ver"));
        Assert.NotNull(features.Child("urn:xmpp:features:pre-approval", "sub"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("999999")]
    [InlineData("-1")]
    [InlineData("ver14")]
    [Rfc6121("2.1.1-1", "2.6.3-1")]
    public async Task Who_has_no_version_of_ours_gets_the_whole_roster(string version)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        await RosterTests.SetAsync(juliet, "<item jid='nurse@example.com'/>");
        await juliet.ReadAsync();

        var query = (await juliet.AskForRosterAsync(version)).Child("jabber:iq:roster", "query")!;

        Assert.Single(query.Elements);
    }

    [Fact]
    public async Task Who_missed_nothing_is_told_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        await RosterTests.SetAsync(juliet, "<item jid='nurse@example.com'/>");
        var version = await juliet.ExpectPushAsync("<item jid='nurse@example.com' subscription='none'/>");
        var later = await server.ConnectAsync("juliet");

        var result = await later.AskForRosterAsync(Text(version));

        Assert.Equal(("result", 0), (result["type"], result.Elements.Count()));
        await later.ExpectNothingFromAsync(later);
        // It is interested nevertheless.
        await RosterTests.SetAsync(juliet, "<item jid='nurse@example.com' name='Nurse'/>");
        await later.ExpectPushAsync("<item jid='nurse@example.com' name='Nurse' subscription='none'/>");
    }

    [Fact]
    [Rfc6121("2.6.3-2", "2.6.3-4", "2.6.3-5")]
    public async Task Who_missed_something_is_told_just_that_in_the_order_of_the_changes()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        foreach (var name in new[] { "tybalt", "bill", "nurse", "paris" })
        {
            await RosterTests.SetAsync(juliet, $"<item jid='{name}@example.org'/>");
            await juliet.ReadAsync();
        }
        var version = (await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!["ver"];
        var versions = new List<long>();
        foreach (var item in new[]
        {
            "<item jid='nurse@example.org' name='N' subscription='none'/>",
            "<item jid='tybalt@example.org' subscription='remove'/>",
            "<item jid='paris@example.org' subscription='remove'/>",
            "<item jid='bill@example.org' name='Bill' subscription='none'/>",
            "<item jid='nurse@example.org' name='Nurse' subscription='none'/>",
            "<item jid='paris@example.org' subscription='none'/>",
        })
        {
            await RosterTests.SetAsync(juliet, item);
            versions.Add(await juliet.ExpectPushAsync(item));
        }
        Assert.Equal(versions.Order().Distinct(), versions);

        var later = await server.ConnectAsync("juliet");
        Assert.Empty((await later.AskForRosterAsync(version)).Elements);

        Assert.Equal(versions[1], await later.ExpectPushAsync("<item jid='tybalt@example.org' subscription='remove'/>"));
        Assert.Equal(versions[3], await later.ExpectPushAsync("<item jid='bill@example.org' name='Bill' subscription='none'/>"));
        Assert.Equal(versions[4], await later.ExpectPushAsync("<item jid='nurse@example.org' name='Nurse' subscription='none'/>"));
        Assert.Equal(versions[5], await later.ExpectPushAsync("<item jid='paris@example.org' subscription='none'/>"));
        await later.ExpectNothingFromAsync(later);
        Assert.Empty((await later.AskForRosterAsync(Text(versions[5]))).Elements);
        await later.ExpectNothingFromAsync(later);
    }

    [Fact]
    public async Task Whose_version_is_older_than_what_is_remembered_gets_the_whole_roster()
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", [.. Enumerable.Range(0, 101).Select(number => Item($"n{number}@example.org"))]);
        var juliet = await server.ComeAsync("juliet");
        var version = (await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!["ver"];
        for (var number = 0; number < 101; number++)
        {
            await RosterTests.SetAsync(juliet, $"<item jid='n{number}@example.org' subscription='remove'/>");
            await juliet.ReadAsync();
        }

        Assert.NotEmpty((await juliet.AskForRosterAsync(version)).Elements);
        // One version later nothing is forgotten yet; it takes the whole list of removals.
        var next = long.Parse(version!, CultureInfo.InvariantCulture) + 1;
        Assert.Empty((await juliet.AskForRosterAsync(Text(next))).Elements);
        for (var number = 1; number < 101; number++)
            await juliet.ExpectPushAsync($"<item jid='n{number}@example.org' subscription='remove'/>");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task A_request_is_no_new_version()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        var version = (await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!["ver"];
        var romeo = await server.ComeAsync("romeo");

        await romeo.SendAsync("<presence type='subscribe' to='juliet@localhost'/>");
        await juliet.ReadAsync();

        Assert.Empty((await juliet.AskForRosterAsync(version)).Elements);
    }

    [Fact]
    public async Task Versions_survive_a_reload_of_the_roster()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ComeAsync("juliet");
        var version = (await juliet.AskForRosterAsync()).Child("jabber:iq:roster", "query")!["ver"];
        await RosterTests.SetAsync(juliet, "<item jid='a@example.org'/>");
        await juliet.ReadAsync();
        await RosterTests.SetAsync(juliet, "<item jid='a@example.org' subscription='remove'/>");
        await juliet.ReadAsync();
        await server.Server.Context.Rosters.ForgetAsync(juliet.Jid.Bare);

        Assert.Empty((await juliet.AskForRosterAsync(version)).Elements);
        await juliet.ExpectPushAsync("<item jid='a@example.org' subscription='remove'/>");
    }

    private static RosterEntry Item(string contact) => new(Xmpp.Core.Jid.Parse(contact)) { IsListed = true };

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);
}
