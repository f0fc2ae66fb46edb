using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>The list of affiliations by versions (XEP-0463).</summary>
public sealed class AffiliationVersionsTests
{
    private const string Mav = "urn:xmpp:muc:affiliations:1";

    private static string Ask(string? since = null) => $"<mav xmlns='{Mav}'{(since is null ? "" : $" since='{since}'")}/>";

    private static Element? VersionsIn(Element stanza) => stanza.Child(User, "x")?.Child(Mav, "mav");

    private static string AffiliationsIn(Element stanza) => string.Join(' ', stanza.Child(User, "x")!.Elements
        .Where(child => child.Name.Local == "item").Select(item => $"{Jid.Parse(item["jid"]!).Bare.Local}:{item["affiliation"]}"));

    /// <summary>Enters and leaves again.</summary>
    /// <returns>What came before all presence, and the version in the own presence.</returns>
    private static async Task<(IReadOnlyList<Element> Lists, string? Version)> VisitAsync(
        TestClient client, string? since = null, string nick = "visitor")
    {
        var received = await client.EnterAsync(Coven, nick, Ask(since) + "<history maxstanzas='0'/>");
        await client.SendAsync($"<presence to='{Coven}/{nick}' type='unavailable'/>");
        await client.PassAsync();
        var own = received.Single(stanza => CodesOf(stanza).Split(' ').Contains("110"));
        return ([.. received.TakeWhile(stanza => stanza.Name.Local == "message")], VersionsIn(own)?["until"]);
    }

    private static Task<Element> SetAsync(TestClient admin, params (string Name, string Affiliation)[] affiliations) => admin.AskAsync(
        "set", Coven,
        AdminQuery(string.Concat(affiliations.Select(one => $"<item jid='{one.Name}@localhost' affiliation='{one.Affiliation}'/>"))));

    [Fact]
    public async Task Who_asks_gets_the_list_before_all_presence_and_then_what_has_changed()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("whois", "anyone"));
        var info = (await first.AskAsync("get", Coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).Elements.Single();
        Assert.Contains(Mav, info.Elements.Select(child => child["var"]));
        await SetAsync(first, ("macbeth", "member"), ("banquo", "admin"), ("duncan", "outcast"));
        var admin = await server.LoginAsync("banquo");

        var (lists, version) = await VisitAsync(admin);
        Assert.Equal("crone1:owner macbeth:member banquo:admin duncan:outcast", AffiliationsIn(Assert.Single(lists)));
        Assert.Equal((null, version), (VersionsIn(lists[0])!["since"], VersionsIn(lists[0])!["until"]));
        Assert.Equal(Coven, lists[0]["from"]);

        // Of the present one nothing is said.
        Assert.Equal((0, version), ((await VisitAsync(admin, version)) is var (none, same) ? (none.Count, same) : default));

        await SetAsync(first, ("macbeth", "none"), ("malcolm", "member"));
        var (changes, next) = await VisitAsync(admin, version);
        Assert.Equal("macbeth:none malcolm:member", AffiliationsIn(Assert.Single(changes)));
        Assert.Equal((version, next), (VersionsIn(changes[0])!["since"], VersionsIn(changes[0])!["until"]));
        Assert.NotEqual(version, next);

        // One that isn't known, or is not the client's to know.
        foreach (var unknown in (string[])["9pacabr2q1", "1", long.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture)])
        {
            var (whole, _) = await VisitAsync(admin, unknown);
            Assert.Null(VersionsIn(Assert.Single(whole))!["since"]);
            Assert.Equal("crone1:owner banquo:admin duncan:outcast malcolm:member", AffiliationsIn(whole[0]));
        }
        var (ofMember, _) = await VisitAsync(await server.LoginAsync("malcolm"), version);
        Assert.Equal("crone1:owner banquo:admin malcolm:member", AffiliationsIn(Assert.Single(ofMember)));
        Assert.Null(VersionsIn(ofMember[0])!["since"]);
    }

    [Fact]
    public async Task Changes_are_told_with_their_versions_to_those_who_asked_and_nobody_sees_who_did()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("whois", "anyone"));
        var hag = await server.LoginAsync("hag66");
        var received = await hag.EnterAsync(Coven, "thirdwitch", Ask());
        var version = VersionsIn(received.Single(stanza => CodesOf(stanza).Contains("110", StringComparison.Ordinal)))!["until"];
        var passed = await first.PassAsync();
        Assert.All(passed, stanza => Assert.Null(VersionsIn(stanza)));
        await server.EnterRoomAsync("macbeth", "macbeth");
        await hag.PassAsync();
        await first.PassAsync();

        await SetAsync(first, ("banquo", "member"), ("macbeth", "outcast"), ("hag66", "admin"));

        // First who has to leave, then who is there, then who isn't; each change once, in a row.
        var told = (await hag.PassAsync()).Where(stanza => VersionsIn(stanza) is not null).ToList();
        Assert.Equal("macbeth:outcast hag66:admin banquo:member", string.Join(' ', told.Select(AffiliationsIn)));
        foreach (var stanza in told)
        {
            Assert.Equal(version, VersionsIn(stanza)!["since"]);
            version = VersionsIn(stanza)!["until"];
        }
        Assert.All(await first.PassAsync(), stanza => Assert.Null(VersionsIn(stanza)));

        // With each presence of one's own.
        await hag.SendAsync($"<presence to='{Coven}/thirdwitch'><show>away</show></presence>");
        Assert.Equal(version, VersionsIn(await hag.ReadAsync())!["until"]);
        await hag.SendAsync($"<presence to='{Coven}/thirdwitch'><x xmlns='{RoomTesting.Ns}'>{Ask(version)}</x></presence>");
        Assert.Contains(await hag.PassAsync(), stanza => VersionsIn(stanza)?["until"] == version);
    }

    [Fact]
    public async Task Who_may_not_see_the_list_is_told_so_and_enters_all_the_same()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.LoginAsync("hag66");

        await hag.SendAsync($"<presence id='e' to='{Coven}/thirdwitch'><x xmlns='{RoomTesting.Ns}'>{Ask()}</x></presence>");

        var error = await hag.ReadAsync();
        Assert.Equal(("message", "error", "e", Coven), (error.Name.Local, error["type"], error["id"], error["from"]));
        var details = StanzaError.Parse(error)!;
        Assert.Equal(
            (StanzaErrorCondition.Forbidden, StanzaErrorType.Auth, Jid.Parse(Coven)), (details.Condition, details.Type, details.By));
        Assert.Null(VersionsIn((await hag.PassAsync()).Single(stanza => CodesOf(stanza) == "110")));
        await SetAsync(first, ("banquo", "member"));
        Assert.Empty(await hag.PassAsync());
    }

    [Fact]
    public async Task Versions_outlive_the_server_and_what_is_forgotten_leads_to_the_whole_list()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var first = await server.CreateRoomAsync(configuration: [("whois", "anyone"), ("persistentroom", "1")]);
        await SetAsync(first, ("macbeth", "member"));
        var (_, version) = await VisitAsync(first, nick: "firstwitch");
        await SetAsync(first, ("macbeth", "none"));

        await server.RestartAsync(isKilled: false);
        first = await server.LoginAsync("crone1", "cave");
        var (changes, _) = await VisitAsync(first, version, "firstwitch");
        Assert.Equal("macbeth:none", AffiliationsIn(Assert.Single(changes)));
        Assert.Equal(version, VersionsIn(changes[0])!["since"]);

        // Of more than two hundred who were removed the older half is forgotten.
        for (var i = 0; i < 201; i++)
        {
            await SetAsync(first, ($"thane{i}", "member"));
            await SetAsync(first, ($"thane{i}", "none"));
        }
        Assert.Null(VersionsIn(Assert.Single((await VisitAsync(first, version, "firstwitch")).Lists))!["since"]);
        Assert.InRange((await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None))!.Members.Count, 100, 203);
    }

    [Fact]
    public async Task A_long_list_comes_in_parts_that_follow_each_other()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        await SetAsync(first, [.. Enumerable.Range(0, 250).Select(i => ($"thane{i}", "member"))]);

        var (lists, version) = await VisitAsync(await server.LoginAsync("crone1", "cave"), nick: "firstwitch");

        Assert.Equal(3, lists.Count);
        Assert.Equal(251, lists.Sum(list => AffiliationsIn(list).Split(' ').Length));
        Assert.Equal(
            [null, VersionsIn(lists[0])!["until"], VersionsIn(lists[1])!["until"]], lists.Select(list => VersionsIn(list)!["since"]));
        Assert.Equal(version, VersionsIn(lists[2])!["until"]);
    }

    [Fact]
    public async Task Of_an_account_that_is_gone_nothing_remains()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await server.CreateAccountAsync(Jid.Parse("macbeth@localhost"));
        await SetAsync(first, ("macbeth", "member"));
        var (_, version) = await VisitAsync(await server.LoginAsync("crone1", "cave"), nick: "firstwitch");

        await server.Server.Context.Accounts.RemoveAsync(Jid.Parse("macbeth@localhost"), null, CancellationToken.None);

        Assert.DoesNotContain(
            Jid.Parse("macbeth@localhost"),
            (await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None))!.Members.Select(member => member.Jid));
        var (lists, _) = await VisitAsync(await server.LoginAsync("crone1", "again"), version, "firstwitch");
        Assert.Null(VersionsIn(Assert.Single(lists))!["since"]);
    }
}
