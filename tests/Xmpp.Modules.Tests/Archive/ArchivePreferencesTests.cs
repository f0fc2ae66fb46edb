using Xmpp.Core.Stanzas;
using Xmpp.Modules.Archive;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Archive.ArchiveTesting;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0441: with whom messages are archived.</summary>
public sealed class ArchivePreferencesTests
{
    private static string Prefs(string mode, string always = "", string never = "") =>
        $"<prefs xmlns='{Mam}' default='{mode}'><always>{always}</always><never>{never}</never></prefs>";

    private static async Task SetPreferencesAsync(TestClient client, string preferences)
    {
        await client.SendAsync($"<iq type='set' id='prefs'>{preferences}</iq>");
        await client.ExpectAsync($"<iq type='result' id='prefs' to='{client.Jid}'>{preferences}</iq>");
    }

    [Theory]
    [InlineData(ArchiveDefault.Always, "always")]
    [InlineData(ArchiveDefault.Never, "never")]
    [InlineData(ArchiveDefault.Roster, "roster")]
    public async Task Who_has_said_nothing_gets_what_the_server_does(ArchiveDefault mode, string expected)
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { Archive = new() { Default = mode } },
        });
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='1'><prefs xmlns='{Mam}'/></iq>");

        await juliet.ExpectAsync(
            $"<iq type='result' id='1' to='{juliet.Jid}'><prefs xmlns='{Mam}' default='{expected}'><always/><never/></prefs></iq>");
    }

    [Fact]
    public async Task What_was_set_is_answered_kept_and_forgotten_with_the_account()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var preferences = Prefs("roster", "<jid>nurse@localhost</jid><jid>romeo@localhost/orchard</jid>", "<jid>montague@localhost</jid>");

        await SetPreferencesAsync(juliet, preferences);
        await juliet.SendAsync($"<iq type='get' id='1' to='juliet@localhost'><prefs xmlns='{Mam}'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='1' from='juliet@localhost' to='{juliet.Jid}'>{preferences}</iq>");

        await juliet.SendAsync("<iq type='set' id='2' to='localhost'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        await juliet.ReadAsync();
        await juliet.Served;
        var again = await server.ConnectAsync("juliet");
        await again.SendAsync($"<iq type='get' id='3'><prefs xmlns='{Mam}'/></iq>");
        Assert.Equal("always", (await again.ReadAsync()).Child(Mam, "prefs")!["default"]);
    }

    [Fact]
    public async Task Lists_that_are_missing_are_empty()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1'><prefs xmlns='{Mam}' default='never'/></iq>");

        await juliet.ExpectAsync($"<iq type='result' id='1' to='{juliet.Jid}'>{Prefs("never")}</iq>");
    }

    [Theory]
    // default, always, never; with whom; whether it is archived (§2.2.1)
    [InlineData("always", "", "", "romeo@localhost/orchard", true)]
    [InlineData("never", "", "", "romeo@localhost/orchard", false)]
    [InlineData("roster", "", "", "romeo@localhost/orchard", false)]
    [InlineData("roster", "", "", "nurse@localhost/kitchen", true)]
    [InlineData("always", "", "romeo@localhost", "romeo@localhost/orchard", false)]
    [InlineData("always", "", "romeo@localhost/garden", "romeo@localhost/orchard", true)]
    [InlineData("never", "romeo@localhost", "", "romeo@localhost/orchard", true)]
    [InlineData("never", "romeo@localhost/orchard", "romeo@localhost", "romeo@localhost/orchard", true)]
    [InlineData("roster", "romeo@localhost", "nurse@localhost", "romeo@localhost/orchard", true)]
    [InlineData("roster", "romeo@localhost", "nurse@localhost", "nurse@localhost/kitchen", false)]
    public async Task Both_directions_follow_the_lists_and_else_the_default(
        string mode, string always, string never, string peer, bool isArchived)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");
        var other = await server.ConnectAsync(peer[..peer.IndexOf('/')], peer[(peer.IndexOf('/') + 1)..]);
        await juliet.SetAsync("<query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query>");
        static string Items(string jids) => jids.Length == 0 ? "" : $"<jid>{jids}</jid>";
        await SetPreferencesAsync(juliet, Prefs(mode, Items(always), Items(never)));

        await other.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>Hark!</body></message>");
        var received = await juliet.ReadAsync();
        await juliet.SendAsync($"<message to='{peer}' type='chat'><body>Ay me!</body></message>");
        await other.ReadAsync();

        Assert.Equal(isArchived ? 2 : 0, (await juliet.QueryAsync()).Results.Count);
        // It has an id only if it can be found by it; and what one side wants is its own business.
        Assert.Equal(isArchived, Core.Extensions.StanzaId.Find(received, juliet.Jid.Bare) is not null);
        Assert.Equal(2, (await other.QueryAsync()).Results.Count);
    }

    [Theory]
    [InlineData("<prefs xmlns='urn:xmpp:mam:2'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<prefs xmlns='urn:xmpp:mam:2' default='always'><never><jid>@</jid></never></prefs>", StanzaErrorCondition.BadRequest)]
    [InlineData("<prefs xmlns='urn:xmpp:mam:2' default='always'><never><jid>a@localhost</jid><jid>b@localhost</jid>"
        + "<jid>c@localhost</jid></never></prefs>", StanzaErrorCondition.PolicyViolation)]
    public async Task What_cannot_be_is_refused(string preferences, StanzaErrorCondition expected)
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { Archive = new() { MaxListed = 2 } },
        });
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1'>{preferences}</iq>");

        await juliet.ExpectErrorAsync(expected);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("set")]
    public async Task Preferences_are_an_accounts_own(string type)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='{type}' id='1' to='romeo@localhost'><prefs xmlns='{Mam}' default='never'/></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }
}
