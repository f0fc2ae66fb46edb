using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Finding rooms (XEP-0433), and names that none has (XEP-0307).</summary>
public sealed class RoomSearchTests
{
    private const string Ns = "urn:xmpp:channel-search:0:search";
    private const string Errors = "urn:xmpp:channel-search:0:error";
    private const string ByUsers = "{urn:xmpp:channel-search:0:order}nusers";
    private const string ByAddress = "{urn:xmpp:channel-search:0:order}address";

    private static string Search(string set, params (string Var, string Value)[] fields) => $"<search xmlns='{Ns}'>"
        + (set.Length == 0 ? "" : $"<set xmlns='http://jabber.org/protocol/rsm'>{set}</set>")
        + "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:channel-search:0:search-params</value></field>"
        + string.Concat(fields.Select(field => $"<field var='{field.Var}'><value>{field.Value}</value></field>")) + "</x></search>";

    private static async Task<Element> FindAsync(TestClient client, string set, params (string Var, string Value)[] fields) =>
        (await client.AskAsync("get", Domain, Search(set, fields))).Child(Ns, "result")
        ?? throw new InvalidOperationException("Nothing was found, not even nothing.");

    private static string AddressesIn(Element result) => string.Join(' ', result.Elements
        .Where(child => child.Name == new XmlName(Ns, "item")).Select(item => Jid.Parse(item["address"]!).Local));

    /// <summary>Rooms of different kinds; one is hidden.</summary>
    private static async Task<TestServer> StartWithRoomsAsync()
    {
        var server = await StartAsync();
        foreach (var (name, title, description, isListed) in new[]
        {
            ("coven", "A Dark Cave", "Witches of Scotland", true), ("heath", "The Heath", "Meetings of WITCHES in thunder", true),
            ("castle", "Inverness", "", true), ("plot", "Secret", "Not for witches", false),
        })
        {
            var values = new Dictionary<string, string> { ["muc#roomconfig_roomdesc"] = description };
            var settings = new RoomSettings(title, isListed, true, values);
            await server.Store.Rooms.AddAsync(
                new(Jid.Parse($"{name}@{Domain}"), server.Time.GetUtcNow(), settings, null, []), CancellationToken.None);
        }
        return server;
    }

    [Fact]
    public async Task The_service_offers_a_form()
    {
        await using var server = await StartAsync();
        var hag = await server.LoginAsync("hag66");
        var info = (await hag.AskAsync("get", Domain, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).Elements.Single();
        Assert.Contains(Ns, info.Elements.Select(child => child["var"]));

        var search = (await hag.AskAsync("get", Domain, $"<search xmlns='{Ns}'/>")).Child(Ns, "search")!;
        var form = DataForm.Parse(search.Child(DataForm.Name))!;

        Assert.Equal((DataFormType.Form, "urn:xmpp:channel-search:0:search-params"), (form.Type, form.FormType));
        Assert.Equal(
            ["FORM_TYPE", "q", "all", "sinname", "sindescription", "sinaddr", "types", "key"], form.Fields.Select(field => field.Var!));
    }

    [Theory]
    [InlineData("witches", "", "coven heath")]
    [InlineData("witches scotland", "", "coven")]
    [InlineData("dark", "", "coven")]
    [InlineData("ＨＥＡＴＨ", "", "heath")]
    [InlineData("heath", "sinname sinaddr", "")]
    [InlineData("castle", "", "castle")]
    [InlineData("castle", "sinaddr", "")]
    [InlineData("castle", "sinaddress", "")]
    [InlineData("nowhere", "", "")]
    public async Task Rooms_are_found_by_words_in_name_description_and_address(string words, string leftOut, string expected)
    {
        await using var server = await StartWithRoomsAsync();
        var hag = await server.LoginAsync("hag66");

        var result = await FindAsync(
            hag, "", [("q", words), ("unknown", "1"), .. leftOut.Split(' ').Where(var => var.Length > 0).Select(var => (var, "0"))]);

        Assert.Equal(expected, AddressesIn(result));
    }

    [Fact]
    public async Task All_is_found_in_pages_and_each_says_what_it_is()
    {
        await using var server = await StartWithRoomsAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");

        Assert.Equal("castle coven heath", AddressesIn(await FindAsync(hag, "", ("all", "1"))));
        var first = await FindAsync(hag, "<max>2</max>", ("all", "true"), ("key", ByAddress));
        Assert.Equal("castle coven", AddressesIn(first));
        Assert.Equal(
            Element.Parse($"<item xmlns='{Ns}' address='{Coven}'><name>A Dark Cave</name><description>Witches of Scotland</description>"
                + "<nusers>1</nusers><service-type>xep-0045</service-type><is-open>true</is-open>"
                + "<anonymity-mode>muc_semianonymous</anonymity-mode></item>"),
            first.Elements.ElementAt(1));
        var after = first.Child(ResultSetRequest.Name)!.Child(ResultSet.Ns, "last")!.Text;
        Assert.Equal("heath", AddressesIn(await FindAsync(hag, $"<max>2</max><after>{after}</after>", ("all", "1"), ("key", ByAddress))));
        Assert.Equal("", AddressesIn(await FindAsync(hag, "", ("all", "1"), ("types", "xep-0369"))));
    }

    [Fact]
    public async Task Rooms_with_most_people_come_first()
    {
        await using var server = await StartWithRoomsAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch", $"heath@{Domain}");
        await hag.EnterAsync($"plot@{Domain}", "thirdwitch");
        await hag.EnterAsync(Coven, "thirdwitch");
        await server.EnterRoomAsync("crone1", "firstwitch");

        var first = await FindAsync(hag, "<max>1</max>", ("all", "1"), ("key", ByUsers));
        Assert.Equal("coven", AddressesIn(first));
        var after = first.Child(ResultSetRequest.Name)!.Child(ResultSet.Ns, "last")!.Text;
        Assert.Equal("heath", AddressesIn(await FindAsync(hag, $"<after>{after}</after>", ("all", "1"), ("key", ByUsers))));
        Assert.Equal("heath", AddressesIn(await FindAsync(hag, "", ("q", "thunder"), ("key", ByUsers))));
    }

    [Theory]
    [InlineData("q=witches key=color", StanzaErrorCondition.FeatureNotImplemented, StanzaErrorType.Modify, "invalid-sort-key")]
    [InlineData("q=w", StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, "invalid-search-terms")]
    [InlineData("q=", StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, "invalid-search-terms")]
    [InlineData("q=witches all=1", StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, "conflicting-fields")]
    [InlineData("all=0", StanzaErrorCondition.BadRequest, StanzaErrorType.Cancel, "no-search-conditions")]
    [InlineData("", StanzaErrorCondition.BadRequest, StanzaErrorType.Cancel, "no-search-conditions")]
    public async Task What_can_not_be_searched_for_is_refused_as_the_text_has_it(
        string fields, StanzaErrorCondition condition, StanzaErrorType type, string application)
    {
        await using var server = await StartAsync();
        var hag = await server.LoginAsync("hag66");

        var given = fields.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split('='));
        var answer = await hag.AskAsync("get", Domain, Search("", [.. given.Select(field => (field[0], field[1]))]));

        var error = StanzaError.Parse(answer)!;
        Assert.Equal((condition, type, new XmlName(Errors, application)), (error.Condition, error.Type, error.Application!.Name));
    }

    [Fact]
    public async Task Who_searches_too_often_waits()
    {
        await using var server = await StartAsync(options => options with { SearchesPerHour = 1 });
        var hag = await server.LoginAsync("hag66");
        await FindAsync(hag, "", ("all", "1"));

        var error = StanzaError.Parse(await hag.AskAsync("get", Domain, Search("", ("all", "1"))))!;

        Assert.Equal((StanzaErrorCondition.ResourceConstraint, StanzaErrorType.Wait), (error.Condition, error.Type));
        Assert.Equal("3600", error.Application!["retry-after"]);
    }

    [Fact]
    public async Task The_service_gives_names_that_no_room_has()
    {
        await using var server = await StartAsync();
        var hag = await server.LoginAsync("hag66");
        var info = (await hag.AskAsync("get", Domain, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).Elements.Single();
        Assert.Contains(RoomTesting.Ns + "#unique", info.Elements.Select(child => child["var"]));

        var names = new List<string>();
        for (var i = 0; i < 2; i++)
            names.Add((await hag.AskAsync("get", Domain, $"<unique xmlns='{RoomTesting.Ns}#unique'/>")).Elements.Single().Text);

        Assert.NotEqual(names[0], names[1]);
        Assert.Contains("201", CodesOf((await hag.EnterAsync($"{names[0]}@{Domain}", "thirdwitch"))[^2]));
    }

    [Fact]
    public async Task But_to_those_only_who_may_make_rooms()
    {
        await using var server = await StartAsync(options => options with { Creators = Modules.Rooms.RoomCreators.Administrators });
        var hag = await server.LoginAsync("hag66");

        Assert.Equal(
            StanzaErrorCondition.NotAllowed, ConditionOf(await hag.AskAsync("get", Domain, $"<unique xmlns='{RoomTesting.Ns}#unique'/>")));
    }
}
