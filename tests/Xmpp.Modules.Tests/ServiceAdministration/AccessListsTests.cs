using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133 §4.11, §4.12: with whom users communicate.</summary>
public sealed class AccessListsTests
{
    /// <summary>Romeo is at another host, Juliet at the one whose list it is.</summary>
    [Theory]
    [InlineData("montague", false)]
    [InlineData("romeo@montague", false)]
    [InlineData("romeo@montague/orchard", false)]
    [InlineData("romeo@montague/street", true)]
    [InlineData("montague/orchard", true)]
    [InlineData("tybalt@montague", true)]
    [InlineData("nurse.montague", true)]
    public async Task Whoever_is_on_the_blacklist_is_cut_off_both_ways(string entry, bool passes)
    {
        await using var server = await StartAsync();
        var bard = await server.ConnectAsync("bard");
        var (juliet, romeo) = (await server.LoginAsync("juliet"), await server.LoginAsync("romeo@montague", "orchard"));

        (await bard.AdministerAsync("edit-blacklist", Given("blacklistjids", entry))).Command("completed");

        await ExpectAsync(juliet, romeo, passes);
        await ExpectAsync(romeo, juliet, passes);
        // Among others all is as before.
        await romeo.ExpectNothingFromAsync(await server.ConnectAsync("tybalt@montague"));
    }

    [Theory]
    [InlineData("montague", true)]
    [InlineData("romeo@montague", true)]
    [InlineData("romeo@montague/orchard", true)]
    [InlineData("romeo@montague/street", false)]
    [InlineData("verona", false)]
    public async Task With_a_whitelist_only_who_is_on_it_comes_in_from_elsewhere(string entry, bool passes)
    {
        await using var server = await StartAsync();
        var bard = await server.ConnectAsync("bard");
        var (juliet, romeo) = (await server.LoginAsync("juliet"), await server.LoginAsync("romeo@montague", "orchard"));

        (await bard.AdministerAsync("edit-whitelist", Given("whitelistjids", entry))).Command("completed");

        await ExpectAsync(juliet, romeo, passes);
        await ExpectAsync(romeo, juliet, passes);
        await juliet.ExpectNothingFromAsync(await server.ConnectAsync("nurse"));
    }

    [Fact]
    public async Task A_blacklisted_user_of_the_host_itself_still_has_the_service()
    {
        await using var server = await StartAsync();
        var bard = await server.ConnectAsync("bard");
        var (juliet, tybalt) = (await server.LoginAsync("juliet"), await server.LoginAsync("tybalt"));

        (await bard.AdministerAsync("edit-blacklist", Given("blacklistjids", "tybalt@localhost"))).Command("completed");

        await ExpectAsync(juliet, tybalt, passes: false);
        await ExpectAsync(tybalt, juliet, passes: false);
        await tybalt.ExpectNothingFromAsync(tybalt);
        await tybalt.SendAsync("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await tybalt.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{tybalt.Jid}'/>");
    }

    [Theory]
    [InlineData("edit-blacklist", "blacklistjids")]
    [InlineData("edit-whitelist", "whitelistjids")]
    public async Task A_list_is_shown_replaced_and_emptied(string command, string var)
    {
        await using var server = await StartAsync();
        var bard = await server.ConnectAsync("bard");
        await bard.AdministerAsync(command, Given(var, "montague", "mercutio@verona"));

        Assert.Equal(["mercutio@verona", "montague"], await ShownAsync());
        await bard.AdministerAsync(command, Given(var, "verona"));
        Assert.Equal(["verona"], await ShownAsync());
        (await bard.AdministerAsync(command, Given(var, "localhost"))).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed);
        (await bard.AdministerAsync(command, Given(var, "@"))).ExpectError(
            StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
        Assert.Equal(["verona"], await ShownAsync());
        await bard.AdministerAsync(command, Given(var));
        Assert.Empty(await ShownAsync());

        async Task<IReadOnlyList<string>> ShownAsync() =>
            (await bard.CommandAsync("localhost", $"{Administration.Ns}#{command}")).Command("executing").Form().Values(var);
    }

    private static Task<TestServer> StartAsync() =>
        Administration.StartAsync(options => options with { Hosts = ["localhost", "montague"] });

    private static async Task ExpectAsync(TestClient sender, TestClient recipient, bool passes)
    {
        if (passes)
        {
            await recipient.ExpectNothingFromAsync(sender);
            return;
        }
        await sender.SendAsync($"<message to='{recipient.Jid}' id='1' type='chat'><body>Hark!</body></message>");
        Assert.Equal(StanzaErrorType.Cancel, StanzaError.Parse(await sender.ExpectErrorAsync(StanzaErrorCondition.NotAllowed))!.Type);
        await sender.SendAsync($"<iq type='get' to='{recipient.Jid}' id='2'><ping xmlns='urn:xmpp:ping'/></iq>");
        await sender.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
    }
}
