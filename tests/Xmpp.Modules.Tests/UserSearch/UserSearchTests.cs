using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.UserSearch;
using Xmpp.Modules.Tests.PubSub;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.UserSearch;

/// <summary>XEP-0055: who is found, and who doesn't want to be.</summary>
public sealed class UserSearchTests
{
    private const string Service = "search.localhost";
    private const string Ns = "jabber:iq:search";
    private const string Commands = "http://jabber.org/protocol/commands";

    [Fact]
    public async Task Users_are_found_by_what_their_cards_say()
    {
        await using var server = await StartAsync(new() { Access = SearchAccess.Accounts, Listed = true });
        var romeo = await AddAsync(server);

        Assert.Equal(["juliet@localhost"], await FindAsync(romeo, "<last>capu</last>"));
        Assert.Equal(["juliet@localhost"], await FindAsync(romeo, "<first>Jul</first><last>Capulet</last>"));
        Assert.Equal(["juliet@localhost", "tybalt@localhost"], await FindAsync(romeo, "<last>ca</last>"));
        Assert.Equal(["tybalt@localhost"], await FindAsync(romeo, "<nick>Prince</nick>"));
        Assert.Empty(await FindAsync(romeo, "<first>Nobody</first>"));
        foreach (var little in (string[])["", "<first>J</first>", "<unknown>Juliet</unknown>"])
            Assert.Equal(StanzaErrorCondition.NotAcceptable, await RefusedAsync(romeo, little));
    }

    [Fact]
    public async Task By_a_form_the_answer_is_a_table()
    {
        await using var server = await StartAsync(new() { Access = SearchAccess.Accounts, Listed = true });
        var romeo = await AddAsync(server);

        var form = DataForm.Parse((await romeo.AskAsync("get", Service, Query(""))).Elements.Single().Child(DataForm.Name))!;
        Assert.Equal(["FORM_TYPE", "first", "last", "nick", "email"], form.Fields.Select(field => field.Var));
        var answer = (await romeo.AskAsync("set", Service, Query(
            $"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{Ns}</value></field>"
            + "<field var='last'><value>Capulet</value></field></x>"))).Elements.Single().Child(DataForm.Name)!;
        var item = Assert.Single(answer.Elements, child => child.Name.Local == "item");
        Assert.Equal(
            ["jid juliet@localhost", "first Juliet", "last Capulet", "nick JuliC", "email juliet@shakespeare.lit"],
            item.Elements.Select(field => $"{field["var"]} {field.Elements.Single().Text}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Everybody_decides_whether_to_be_found(bool isListed)
    {
        await using var server = await StartAsync(new() { Access = SearchAccess.Accounts, Listed = isListed });
        var romeo = await AddAsync(server);
        var juliet = await server.ConnectAsync("juliet", "balcony");
        Assert.Equal(isListed, (await FindAsync(romeo, "<last>Capulet</last>")).Any());

        var asked = (await juliet.AskAsync("set", "juliet@localhost", $"<command xmlns='{Commands}' node='urn:xmppchat:directory'/>")).Elements.Single();
        Assert.Equal(isListed, DataForm.Parse(asked.Child(DataForm.Name))!.Boolean("listed"));
        await juliet.AskAsync("set", "juliet@localhost",
            $"<command xmlns='{Commands}' node='urn:xmppchat:directory' sessionid='{asked["sessionid"]}' action='complete'>"
            + "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmppchat:directory</value></field>"
            + $"<field var='listed'><value>{(isListed ? 0 : 1)}</value></field></x></command>");

        Assert.Equal(!isListed, (await FindAsync(romeo, "<last>Capulet</last>")).Any());
    }

    [Fact]
    public async Task Only_so_many_are_found_so_often()
    {
        await using var server = await StartAsync(new() { Access = SearchAccess.Everybody, Listed = true, MaxResults = 1, SearchesPerHour = 2 });
        var romeo = await AddAsync(server);

        Assert.Single(await FindAsync(romeo, "<last>Ca</last>"));
        await FindAsync(romeo, "<last>Ca</last>");
        Assert.Equal(StanzaErrorCondition.ResourceConstraint, await RefusedAsync(romeo, "<last>Ca</last>"));
    }

    [Fact]
    public async Task It_is_off_unless_the_operator_says_otherwise()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        Assert.DoesNotContain(Service, (await romeo.AskAsync(
            "get", "localhost", $"<query xmlns='{Core.Namespaces.DiscoItems}'/>")).ToString(), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync(UserSearchOptions search) => TestServer.StartAsync(options => options with
    {
        Modules = options.Modules with { UserSearch = search },
    });

    /// <summary>Two who can be found, and one who looks.</summary>
    private static async Task<TestClient> AddAsync(TestServer server)
    {
        foreach (var (name, card) in ((string, string)[])
            [("juliet", "<N><FAMILY>Capulet</FAMILY><GIVEN>Juliet</GIVEN></N><NICKNAME>JuliC</NICKNAME><EMAIL><USERID>juliet@shakespeare.lit</USERID></EMAIL>"),
                ("tybalt", "<N><FAMILY>Cats</FAMILY><GIVEN>Tybalt</GIVEN></N><NICKNAME>Prince of</NICKNAME>")])
        {
            var client = await server.ConnectAsync(name, "home");
            Assert.Equal("result", (await client.AskAsync("set", null, $"<vCard xmlns='vcard-temp'>{card}</vCard>"))["type"]);
        }
        return await server.ConnectAsync("romeo", "orchard");
    }

    private static async Task<IEnumerable<string>> FindAsync(TestClient client, string content)
    {
        var answer = await client.AskAsync("set", Service, Query(content));
        Assert.True(answer["type"] == "result", $"{answer}");
        return answer.Elements.Single().Elements.Select(item => item["jid"]!);
    }

    private static async Task<StanzaErrorCondition> RefusedAsync(TestClient client, string content) =>
        StanzaError.Parse(await client.AskAsync("set", Service, Query(content)))!.Condition;

    private static string Query(string content) => $"<query xmlns='{Ns}'>{content}</query>";
}
