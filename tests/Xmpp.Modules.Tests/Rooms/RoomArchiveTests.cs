using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rooms;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Archives of rooms (XEP-0313 §5.1.2).</summary>
public sealed class RoomArchiveTests
{
    private const string Mam = "urn:xmpp:mam:2";
    private static readonly Jid Room = Jid.Parse(Coven);

    [Fact]
    public async Task What_is_said_has_the_id_that_it_has_in_the_archive_and_is_there_once()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        await owner.PassAsync();

        await hag.SendAsync($"""
            <message to='{Coven}' type='groupchat' id='1'><body>Harpier cries</body>
            <stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='{Coven}'/><x xmlns='{User}'><item jid='forged@localhost'/></x></message>
            """);

        var heard = await owner.ReadAsync();
        var id = StanzaId.Find(heard, Room);
        Assert.True(SortableId.TryParse(id, out _));
        Assert.Equal(id, StanzaId.Find(await hag.ReadAsync(), Room));
        Assert.Null(heard.Child(User, "x"));
        var kept = Assert.Single((await server.Store.Archive.ReadAsync(Room, new(), 10, false, CancellationToken.None))!.Messages);
        Assert.Equal((id, hag.Jid, null), (kept.Id.ToString(), kept.With, Element.Parse(kept.Stanza)["to"]));

        var (results, fin) = await QueryAsync(hag);
        var result = Assert.Single(results);
        Assert.Equal((Coven, id), (result["from"], result.Child(Mam, "result")!["id"]));
        var message = Forwarded(result);
        Assert.Equal(($"{Coven}/thirdwitch", "groupchat", "1", null), (message["from"], message["type"], message["id"], message["to"]));
        Assert.Equal("true", fin["complete"]);
    }

    [Fact]
    public async Task Subjects_are_kept_but_neither_states_nor_whispers_nor_what_was_refused_nor_what_is_not_to_be_kept()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync(configuration: ("moderatedroom", "1"));
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        foreach (var content in (string[])
            [
                "<subject>Fire Burn</subject>", "<body>heard</body>",
                "<composing xmlns='http://jabber.org/protocol/chatstates'/>", "<body>secret</body><no-store xmlns='urn:xmpp:hints'/>",
                "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions>",
            ])
        {
            await owner.SendAsync($"<message to='{Coven}' type='groupchat'>{content}</message>");
        }
        await owner.SendAsync($"<message to='{Coven}/thirdwitch' type='chat'><body>whispered</body></message>");
        await hag.SendAsync($"<message to='{Coven}' type='groupchat'><body>without a voice</body></message>");
        await owner.PassAsync();
        await hag.PassAsync();

        var (results, _) = await QueryAsync(owner);
        Assert.Equal(["subject", "body", "reactions"], results.Select(result => Forwarded(result).Elements.First().Name.Local));
    }

    [Theory]
    [InlineData("whois", "moderators", "outcast", StanzaErrorCondition.Forbidden, false)]
    [InlineData("whois", "moderators", "none", null, false)]
    [InlineData("whois", "moderators", "member", null, false)]
    [InlineData("whois", "moderators", "admin", null, true)]
    [InlineData("whois", "anyone", "none", null, true)]
    [InlineData("membersonly", "1", "none", StanzaErrorCondition.Forbidden, false)]
    [InlineData("membersonly", "1", "member", null, false)]
    [InlineData("membersonly", "1", "owner", null, true)]
    [InlineData("passwordprotectedroom", "1", "none", StanzaErrorCondition.Forbidden, false)]
    [InlineData("passwordprotectedroom", "1", "member", StanzaErrorCondition.Forbidden, false)]
    [InlineData("passwordprotectedroom", "1", "admin", null, true)]
    public async Task Who_may_come_in_may_read_and_who_may_know_learns_who_spoke(
        string var, string value, string affiliation, StanzaErrorCondition? condition, bool seesJids)
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync(configuration: [(var, value), ("roomsecret", "cauldronburn")]);
        await SayAsync(owner, "By the pricking of my thumbs");
        var hag = await server.LoginAsync("hag66", "pda");
        await owner.AskAsync("set", Coven, AdminQuery($"<item jid='{hag.Jid.Bare}' affiliation='{affiliation}'/>"));
        await hag.PassAsync();

        foreach (var filter in (string[])["", $"<field var='with'><value>{owner.Jid.Bare}</value></field>"])
        {
            var isRefused = condition ?? (filter.Length > 0 && !seesJids ? StanzaErrorCondition.Forbidden : null);
            if (isRefused is { } expected)
            {
                Assert.Equal(expected, ConditionOf(await hag.AskAsync("set", Coven, Query(filter))));
                continue;
            }
            var message = Forwarded(Assert.Single((await QueryAsync(hag, filter)).Results));
            Assert.Equal(seesJids ? owner.Jid.ToString() : null, message.Child(User, "x")?.Child(User, "item")?["jid"]);
        }
        if (condition is not null)
            Assert.Equal(condition, ConditionOf(await hag.AskAsync("get", Coven, $"<metadata xmlns='{Mam}'/>")));
    }

    [Fact]
    public async Task Who_knows_the_password_is_in_the_room_and_may_read()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync(configuration: [("passwordprotectedroom", "1"), ("roomsecret", "cauldronburn")]);
        await SayAsync(owner, "By the pricking of my thumbs");
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch", content: "<password>cauldronburn</password>");

        Assert.Single((await QueryAsync(hag)).Results);
    }

    [Fact]
    public async Task What_an_occupant_said_is_found_by_its_address_in_pages_in_both_directions()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        for (var i = 0; i < 6; i++)
            await SayAsync(i % 2 == 0 ? hag : owner, $"{i}");
        await hag.PassAsync();
        const string With = $"<field var='with'><value>{Coven}/thirdwitch</value></field>";

        var (first, fin) = await QueryAsync(hag, With, "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max></set>");
        Assert.Equal(["0", "2"], Bodies(first));
        Assert.Null(fin["complete"]);
        var last = fin.Child(ResultSet.Ns, "set")!.Child(ResultSet.Ns, "last")!.Text;
        (first, fin) = await QueryAsync(hag, With, $"<set xmlns='{ResultSet.Ns}'><max>2</max><after>{last}</after></set>");
        Assert.Equal(["4"], Bodies(first));
        Assert.Equal("true", fin["complete"]);
        (first, fin) = await QueryAsync(hag, With, $"<set xmlns='{ResultSet.Ns}'><max>2</max><before/></set>");
        Assert.Equal(["2", "4"], Bodies(first));
        Assert.Null(fin["complete"]);
    }

    [Fact]
    public async Task Words_ends_and_the_form_are_there_as_for_accounts()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        await SayAsync(owner, "Double, double toil and trouble");
        await SayAsync(owner, "Fire burn and cauldron bubble");

        const string Words = "<field var='{urn:xmpp:fulltext:0}fulltext'><value>cauldron</value></field>";
        Assert.Equal(["Fire burn and cauldron bubble"], Bodies((await QueryAsync(owner, Words)).Results));
        var ends = (await owner.AskAsync("get", Coven, $"<metadata xmlns='{Mam}'/>")).Child(Mam, "metadata")!;
        Assert.Equal(["start", "end"], ends.Elements.Select(end => end.Name.Local));
        var form = (await owner.AskAsync("get", Coven, $"<query xmlns='{Mam}'/>")).Child(Mam, "query")!.Child(DataForm.Name);
        Assert.Contains(DataForm.Parse(form)!.Fields, field => field.Var == "with");
        Assert.Equal(
            StanzaErrorCondition.ItemNotFound, ConditionOf(await owner.AskAsync("set", $"nothing@{Domain}", $"<query xmlns='{Mam}'/>")));
    }

    [Fact]
    public async Task A_room_says_whether_it_has_an_archive()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        Assert.Superset(new HashSet<string?> { Mam, "urn:xmpp:sid:0", $"{Mam}#extended" }, await FeaturesAsync());

        await owner.ConfigureAsync(Coven, ("enablearchiving", "0"));
        Assert.DoesNotContain(Mam, await FeaturesAsync());
        await owner.SendAsync($"<message to='{Coven}' type='groupchat'><body>Off the record</body></message>");
        Assert.Null(StanzaId.Find(await owner.ReadAsync(), Room));
        Assert.Empty((await QueryAsync(owner)).Results);

        async Task<HashSet<string?>> FeaturesAsync() =>
        [
            .. (await owner.AskAsync("get", Coven, $"<query xmlns='{Namespaces.DiscoInfo}'/>")).Elements.First().Elements
                .Select(child => child["var"]),
        ];
    }

    [Fact]
    public async Task What_can_not_be_kept_is_not_said()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        await hag.SendAsync($"<message to='{Coven}' type='groupchat'><body>Lost</body></message>");
        await hag.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);

        server.Store.Failure = null;
        Assert.DoesNotContain(await owner.PassAsync(), stanza => stanza.Child(Namespaces.Client, "body") is not null);
    }

    [Fact]
    public async Task A_room_that_nobody_is_in_is_unloaded_and_comes_back_with_what_was_said()
    {
        await using var server = await StartArchivingAsync(options => options with { UnloadAfter = RoomUnloading.Interval });
        var owner = await server.CreateRoomAsync(configuration: [("persistentroom", "1"), ("changesubject", "1")]);
        await SayAsync(owner, "When shall we three meet again?");
        await owner.SendAsync($"<message to='{Coven}' type='groupchat'><subject>Toil</subject></message>");
        await owner.SendAsync($"<presence to='{Coven}/firstwitch' type='unavailable'/>");
        await owner.PassAsync();

        await Eventually.UntilAsync(
            () => !server.Server.Context.Rooms.TryFind(Room, out _), meanwhile: () => server.Time.Advance(RoomUnloading.Interval));

        var received = await owner.EnterAsync(Coven, "firstwitch");
        Assert.Equal("When shall we three meet again?", received[^2].Child(Namespaces.Client, "body")!.Text);
        Assert.NotNull(received[^2].Child("urn:xmpp:delay", "delay"));
        Assert.Equal("Toil", received[^1].Child(Namespaces.Client, "subject")!.Text);
    }

    [Fact]
    public async Task What_is_too_old_or_too_much_is_removed()
    {
        await using var server = await StartArchivingAsync(options => options with { ArchiveMaxMessages = 2 });
        var owner = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        for (var i = 0; i < 5; i++)
            await SayAsync(owner, $"{i}");

        await PassTimeAsync(server, 2);
        Assert.Equal(["3", "4"], Bodies((await QueryAsync(await server.LoginAsync("hag66"))).Results));
    }

    [Fact]
    public async Task Owners_may_keep_less_than_the_service_lets_them()
    {
        await using var server = await StartArchivingAsync(options => options with { ArchiveMaxMessages = 4 });
        var owner = await server.CreateRoomAsync(configuration:
            [("persistentroom", "1"), ("{urn:xmppchat:rooms}archivemessages", "3"), ("{urn:xmppchat:rooms}archivedays", "2")]);
        for (var i = 0; i < 5; i++)
            await SayAsync(owner, $"{i}");

        await PassTimeAsync(server, 3);
        Assert.Equal(["2", "3", "4"], Bodies((await QueryAsync(await server.LoginAsync("hag66"))).Results));
        server.Time.Advance(TimeSpan.FromDays(3));
        await PassTimeAsync(server, 0);
        var again = await server.LoginAsync("crone1", "cave");
        Assert.Equal(
            StanzaErrorCondition.NotAcceptable,
            ConditionOf(await again.AskAsync("set", Coven, Form(("{urn:xmppchat:rooms}archivedays", "36501")))));
    }

    /// <summary>Until no more messages are left.</summary>
    private static Task PassTimeAsync(TestServer server, int messages) => Eventually.UntilAsync(
        async () => await server.Store.Archive.CountAsync(Room, new(), 10, CancellationToken.None) <= messages,
        meanwhile: () => server.Time.Advance(Modules.Archive.ArchiveRetention.Interval));

    [Fact]
    public async Task A_deleted_account_is_forgotten_by_rooms_unless_it_is_banned()
    {
        await using var server = await StartArchivingAsync();
        var owner = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await server.CreateAccountAsync(Jid.Parse("hag66@localhost"));
        await server.CreateAccountAsync(Jid.Parse("wiccarocks@localhost"));
        await owner.AskAsync("set", Coven, AdminQuery(
            "<item jid='hag66@localhost' affiliation='admin'/><item jid='wiccarocks@localhost' affiliation='outcast'/>"));

        await server.Server.Context.Accounts.RemoveAsync(Jid.Parse("hag66@localhost"), null, CancellationToken.None);
        await server.Server.Context.Accounts.RemoveAsync(Jid.Parse("wiccarocks@localhost"), null, CancellationToken.None);

        var members = (await server.Store.Rooms.FindAsync(Room, CancellationToken.None))!.Members;
        Assert.Equal(
            [("crone1@localhost", Affiliation.Owner), ("wiccarocks@localhost", Affiliation.Outcast)],
            members.Where(member => member.Jid != Room).Select(member => (member.Jid.ToString(), member.Affiliation)).Order());
        var admins = await owner.AskAsync("get", Coven, AdminQuery("<item affiliation='admin'/>"));
        Assert.Empty(admins.Elements.First().Elements);
    }

    [Theory]
    [InlineData("staff", false)]
    [InlineData("Team-7", false)]
    [InlineData("coven", true)]
    public async Task Some_names_are_for_administrators(string name, bool isFree)
    {
        await using var server = await StartArchivingAsync(options => options with { ReservedNames = ["staff", "team*"] });
        var hag = await server.LoginAsync("hag66", "pda");
        if (isFree)
            await hag.EnterAsync($"{name}@{Domain}", "hag");
        else
            await hag.ExpectRefusedAsync(StanzaErrorCondition.NotAllowed, $"{name}@{Domain}".ToLowerInvariant());
    }

    [Fact]
    public async Task New_rooms_are_as_the_service_wants_them()
    {
        await using var server = await StartArchivingAsync(
            options => options with { Defaults = ["membersonly=1", "muc#roomconfig_whois=anyone"] });
        await server.CreateRoomAsync();
        var stored = (await server.Store.Rooms.FindAsync(Room, CancellationToken.None))!.Settings.Values;
        Assert.Equal(("1", "anyone"), (stored["muc#roomconfig_membersonly"], stored["muc#roomconfig_whois"]));
    }

    [Theory]
    [InlineData("membersonly", "\"membersonly\" can't have the value \"\"")]
    [InlineData("whois=nobody", "\"whois\" can't have the value \"nobody\"")]
    [InlineData("colour=red", "\"colour\" is no field of a room's configuration")]
    [InlineData("presencebroadcast=moderator", null)]
    public void Defaults_are_checked(string value, string? problem) => Assert.Equal(problem, RoomDefaults.Check([value]));

    private static async Task SayAsync(TestClient client, string body)
    {
        await client.SendAsync($"<message to='{Coven}' type='groupchat' id='{body}'><body>{body}</body></message>");
        while ((await client.ReadAsync())["id"] != body)
        {
            // What others say.
        }
    }

    private static string Query(string fields = "", string further = "") =>
        $"<query xmlns='{Mam}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{Mam}</value></field>{fields}</x>"
            + $"{further}</query>";

    private static async Task<(IReadOnlyList<Element> Results, Element Fin)> QueryAsync(
        TestClient client, string fields = "", string further = "")
    {
        var id = Guid.NewGuid().ToString();
        await client.SendAsync($"<iq type='set' id='{id}' to='{Coven}'>{Query(fields, further)}</iq>");
        var results = new List<Element>();
        while (true)
        {
            var stanza = await client.ReadAsync();
            if (stanza["id"] == id)
                return (results, stanza.Child(Mam, "fin") ?? throw new InvalidOperationException($"Refused: {stanza}"));
            if (stanza.Child(Mam, "result") is not null)
                results.Add(stanza);
        }
    }

    private static Element Forwarded(Element result) =>
        result.Child(Mam, "result")!.Child("urn:xmpp:forward:0", "forwarded")!.Child(Namespaces.Client, "message")!;

    private static string[] Bodies(IReadOnlyList<Element> results) =>
        [.. results.Select(result => Forwarded(result).Child(Namespaces.Client, "body")!.Text)];
}
