using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Discovering the service and its rooms (XEP-0045 §6).</summary>
public sealed class RoomDiscoveryTests
{
    [Xep0045("6-1", "6.2-1")]
    [Fact]
    public async Task The_service_is_an_item_of_the_host_and_says_what_it_is()
    {
        await using var server = await StartAsync();
        var client = await server.LoginAsync("hag66");

        Assert.Contains((await ItemsAsync(client, "localhost")), item => item["jid"] == Domain && item["name"] == "Chat rooms");
        var info = await InfoAsync(client, Domain);
        var identity = info.Child(Namespaces.DiscoInfo, "identity")!;
        Assert.Equal(("conference", "text"), (identity["category"], identity["type"]));
        Assert.Contains(Ns, FeaturesOf(info));
        Assert.Contains($"{Ns}#stable_id", FeaturesOf(info));
        Assert.Equal("result", (await client.AskAsync("get", Domain, "<ping xmlns='urn:xmpp:ping'/>"))["type"]);
        Assert.Equal(StanzaErrorCondition.ServiceUnavailable, ConditionOf(await client.AskAsync("get", Domain, "<x xmlns='urn:x'/>")));
        Assert.Equal(StanzaErrorCondition.ServiceUnavailable, ConditionOf(await client.AskAsync("get", Coven, "<x xmlns='urn:x'/>")));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(
            await client.AskAsync("get", Domain, $"<query xmlns='{Namespaces.DiscoInfo}' node='other'/>")));
    }

    [Fact]
    public async Task Public_rooms_are_listed_in_pages_and_hidden_ones_are_not()
    {
        await using var server = await StartAsync();
        var owner = await server.LoginAsync("crone1", "desktop");
        foreach (var name in (string[])["heath", "coven", "forres", "hidden", "inverness"])
        {
            await owner.EnterAsync($"{name}@{Domain}", "firstwitch");
            await owner.ConfigureAsync($"{name}@{Domain}", ("publicroom", name == "hidden" ? "0" : "1"), ("roomname", $"The {name}"));
        }
        await owner.EnterAsync($"locked@{Domain}", "firstwitch");

        var all = await ItemsAsync(owner, Domain);
        Assert.Equal(["coven", "forres", "heath", "inverness"], all.Select(item => Jid.Parse(item["jid"]!).Local));
        Assert.Equal("The coven", all[0]["name"]);

        var page = await ListAsync("<max>2</max>");
        Assert.Equal(["coven", "forres", "set"], NamesOf(page));
        Assert.Equal(["coven", "forres", "4"], page[^1].Elements.Select(child => child.Text));
        Assert.Equal(["heath", "inverness", "set"], NamesOf(await ListAsync("<max>2</max><after>forres</after>")));
        Assert.Equal(["inverness", "set"], NamesOf(await ListAsync("<max>1</max><before/>")));
        Assert.Equal(["forres", "set"], NamesOf(await ListAsync("<max>1</max><before>heath</before>")));
        Assert.Equal(["set"], NamesOf(await ListAsync("<max>0</max>")));
        Assert.Equal(
            StanzaErrorCondition.FeatureNotImplemented, ConditionOf(await owner.AskAsync("get", Domain, Query("<index>1</index>"))));
        Assert.Equal(StanzaErrorCondition.BadRequest, ConditionOf(await owner.AskAsync("get", Domain, Query("<max>x</max>"))));

        async Task<List<Element>> ListAsync(string set) =>
            [.. (await owner.AskAsync("get", Domain, Query(set))).Elements.Single().Elements];
        static string Query(string set) =>
            $"<query xmlns='{Namespaces.DiscoItems}'><set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query>";
        static IEnumerable<string> NamesOf(IEnumerable<Element> items) =>
            items.Select(item => item["jid"] is { } jid ? Jid.Parse(jid).Local! : item.Name.Local);
    }

    [Xep0045("6.4-1")]
    [Theory]
    [InlineData("publicroom", "0", "muc_hidden", "muc_public")]
    [InlineData("persistentroom", "1", "muc_persistent", "muc_temporary")]
    [InlineData("membersonly", "1", "muc_membersonly", "muc_open")]
    [InlineData("moderatedroom", "1", "muc_moderated", "muc_unmoderated")]
    [InlineData("passwordprotectedroom", "1", "muc_passwordprotected", "muc_unsecured")]
    [InlineData("whois", "anyone", "muc_nonanonymous", "muc_semianonymous")]
    public async Task A_room_says_of_which_type_it_is(string var, string value, string feature, string opposite)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var before = FeaturesOf(await InfoAsync(first, Coven));
        await first.ConfigureAsync(Coven, (var, value), ("roomsecret", "cauldronburn"));
        var after = FeaturesOf(await InfoAsync(first, Coven));

        Assert.Contains(opposite, before);
        Assert.DoesNotContain(feature, before);
        Assert.Contains(feature, after);
        Assert.DoesNotContain(opposite, after);
    }

    [Fact]
    public async Task A_room_says_more_of_itself()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration:
        [
            ("roomname", "A Dark Cave"), ("roomdesc", "The place for all good witches!"), ("lang", "en"), ("changesubject", "1"),
            ("muc#maxhistoryfetch", "50"), ("whois", "anyone"),
        ]);
        await first.SendAsync($"<message to='{Coven}' type='groupchat'><subject>Spells</subject></message>");
        await first.ReadAsync();
        var third = await server.LoginAsync("hag66");

        var info = await InfoAsync(third, Coven);

        Assert.Equal("A Dark Cave", info.Child(Namespaces.DiscoInfo, "identity")!["name"]);
        var form = DataForm.Parse(info.Child(DataForm.Name))!;
        Assert.Equal($"{Ns}#roominfo", form.FormType);
        (string, string)[] expected =
        [
            ("muc#roominfo_description", "The place for all good witches!"), ("muc#roominfo_contactjid", "crone1@localhost"),
            ("muc#roominfo_subject", "Spells"), ("muc#roominfo_subjectmod", "1"), ("muc#roominfo_occupants", "1"),
            ("muc#roominfo_lang", "en"), ("muc#maxhistoryfetch", "50"), ("muc#roomconfig_changesubject", "1"),
        ];
        Assert.Equal(expected, expected.Select(field => (field.Item1, form.Value(field.Item1)!)));
        // What is talked of behind a door is not told outside.
        await first.ConfigureAsync(Coven, ("passwordprotectedroom", "1"), ("roomsecret", "x"));
        Assert.Equal("", DataForm.Parse((await InfoAsync(third, Coven)).Child(DataForm.Name))!.Value("muc#roominfo_subject"));
    }

    [Xep0045("6.5-1")]
    [Fact]
    public async Task Who_is_in_a_room_is_told_who_is()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var third = await server.LoginAsync("hag66");

        Assert.Empty(await ItemsAsync(third, Coven));
        await third.EnterAsync(Coven, "thirdwitch");
        Assert.Equal([$"{Coven}/firstwitch", $"{Coven}/thirdwitch"], (await ItemsAsync(third, Coven)).Select(item => item["jid"]));
        Assert.NotNull(first);
    }

    [Xep0045("7.10-1")]
    [Theory]
    [InlineData(Namespaces.DiscoInfo)]
    [InlineData(Namespaces.DiscoItems)]
    public async Task Of_a_room_that_there_is_not_nothing_is_found(string ns)
    {
        await using var server = await StartAsync();
        var client = await server.LoginAsync("hag66");
        Assert.Equal(StanzaErrorCondition.ItemNotFound, ConditionOf(await client.AskAsync("get", Coven, $"<query xmlns='{ns}'/>")));
    }

    private static async Task<Element> InfoAsync(TestClient client, string to) =>
        (await client.AskAsync("get", to, $"<query xmlns='{Namespaces.DiscoInfo}'/>")).Elements.Single();

    private static async Task<List<Element>> ItemsAsync(TestClient client, string to) =>
        [.. (await client.AskAsync("get", to, $"<query xmlns='{Namespaces.DiscoItems}'/>")).Elements.Single().Elements];

    private static List<string> FeaturesOf(Element info) =>
        [.. info.Elements.Where(child => child.Name.Local == "feature").Select(feature => feature["var"]!)];
}
