using Xmpp.Core.Stanzas;
using Xmpp.Server.Control;
using Xmpp.Server.Federation;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>Domains that are banned at run time.</summary>
public sealed class DomainBansTests : IDisposable
{
    private readonly TestNetwork _network = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("spam.example", true)]
    [InlineData("conference.spam.example", true)]
    [InlineData("a.b.spam.example", true)]
    [InlineData("notspam.example", false)]
    [InlineData("example", false)]
    [InlineData("spam.example.org", false)]
    public async Task A_ban_is_of_a_domain_and_all_below_it(string domain, bool isBanned)
    {
        await using var server = await TestServer.StartAsync();
        var bans = new DomainBans(server.Store.Settings);
        Assert.False(bans.Contains(domain));
        Assert.True(await bans.SetAsync("spam.example", isBanned: true, ["localhost"], Cancellation));
        Assert.False(await bans.SetAsync("spam.example", isBanned: true, ["localhost"], Cancellation));
        Assert.Equal(isBanned, bans.Contains(domain));
        // As after a restart.
        bans = new DomainBans(server.Store.Settings);
        await bans.LoadAsync(["localhost"], Cancellation);
        Assert.Equal(isBanned, bans.Contains(domain));
        Assert.Equal(["spam.example"], bans.All);
        Assert.True(await bans.SetAsync("spam.example", isBanned: false, ["localhost"], Cancellation));
        Assert.False(await bans.SetAsync("spam.example", isBanned: false, ["localhost"], Cancellation));
        Assert.Empty(bans.All);
        Assert.Null(await server.Store.Settings.FindAsync("localhost", "bannedDomains", Cancellation));
    }

    [Fact]
    public async Task Nothing_goes_to_a_banned_domain_or_comes_from_it_until_the_ban_is_lifted()
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        await using var montague = await _network.StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        var context = capulet.Server.Context;
        var control = new FederationControl(context, context.Federation);
        var stream = Assert.Single(context.Federation.Incoming);

        Assert.True(await control.SetBannedAsync("montague.example", isBanned: true, Cancellation));
        Assert.Equal(["montague.example"], control.Bans);
        Assert.True(stream.IsOver);
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='2'/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);

        Assert.True(await control.SetBannedAsync("montague.example", isBanned: false, Cancellation));
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='3'/>");
        while ((await romeo.ReadAsync())["id"] != "3")
        {
            // What could not be brought over meanwhile.
        }
    }

    [Theory]
    [InlineData("capulet.example")]
    [InlineData("example")]
    public async Task Nobody_bans_this_server_itself(string domain)
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        var context = capulet.Server.Context;
        await Assert.ThrowsAsync<ControlException>(
            async () => await new FederationControl(context, context.Federation).SetBannedAsync(domain, isBanned: true, Cancellation));
    }
}
