using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Presence between the resources of an account, and directed presence (RFC 6121 §4).</summary>
public sealed class PresenceTests
{
    [Fact]
    [Rfc6121("4.2.2-2")]
    public async Task A_newcomer_and_the_others_learn_of_each_other()
    {
        await using var server = await TestServer.StartAsync();
        var balcony = await server.LoginAsync("juliet", "balcony", priority: 5);
        var chamber = await server.ConnectAsync("juliet", "chamber");

        await chamber.SendAsync("<presence><show>away</show><status>asleep</status></presence>");

        await chamber.ExpectAsync($"<presence from='{balcony.Jid}' to='{chamber.Jid}'><priority>5</priority></presence>");
        await chamber.ExpectAsync($"<presence from='{chamber.Jid}' to='{chamber.Jid}'><show>away</show><status>asleep</status></presence>");
        await balcony.ExpectAsync($"<presence from='{chamber.Jid}' to='{balcony.Jid}'><show>away</show><status>asleep</status></presence>");
    }

    [Fact]
    public async Task A_change_is_told_to_all_and_nobody_is_introduced_again()
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = await LoginTwiceAsync(server);

        await chamber.SendAsync("<presence><show>dnd</show></presence>");

        await balcony.ExpectAsync($"<presence from='{chamber.Jid}' to='{balcony.Jid}'><show>dnd</show></presence>");
        await chamber.ExpectAsync($"<presence from='{chamber.Jid}' to='{chamber.Jid}'><show>dnd</show></presence>");
        await chamber.ExpectNothingFromAsync(balcony);
    }

    [Fact]
    public async Task A_resource_that_is_only_connected_learns_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var silent = await server.ConnectAsync("juliet", "silent");
        var balcony = await server.LoginAsync("juliet", "balcony");

        await silent.ExpectNothingFromAsync(balcony);
    }

    [Fact]
    public async Task Other_accounts_learn_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var juliet = await server.LoginAsync("juliet");

        await romeo.ExpectNothingFromAsync(juliet);
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("-128")]
    [InlineData("0")]
    [InlineData("127")]
    [InlineData(" 1 ")]
    [Rfc6121("4.7.2.3-4")]
    public async Task A_priority_is_a_byte(string priority)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<presence><priority>{priority}</priority></presence>");

        await juliet.ExpectAsync($"<presence from='{juliet.Jid}' to='{juliet.Jid}'><priority>{priority}</priority></presence>");
    }

    [Theory]
    [InlineData("-129")]
    [InlineData("128")]
    [InlineData("1.5")]
    [InlineData("high")]
    [InlineData("")]
    public async Task Another_one_is_refused_and_changes_nothing(string priority)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");

        await juliet.SendAsync($"<presence id='p'><show>away</show><priority>{priority}</priority></presence>");

        Assert.Equal("p", (await juliet.ExpectErrorAsync(StanzaErrorCondition.BadRequest))["id"]);
        await juliet.SendAsync("<message to='juliet@localhost' type='chat' id='1'/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Priority_can_become_negative_and_rise_again()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");

        await juliet.SendAsync("<presence><priority>-1</priority></presence>");
        await juliet.ReadAsync();
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'/>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);

        await juliet.SendAsync("<presence/>");
        await juliet.ReadAsync();
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Who_leaves_says_farewell_and_gets_no_more_mail()
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = await LoginTwiceAsync(server);

        await chamber.SendAsync("<presence type='unavailable'><status>Good night!</status></presence>");
        foreach (var resource in new[] { balcony, chamber })
        {
            await resource.ExpectAsync(
                $"<presence type='unavailable' from='{chamber.Jid}' to='{resource.Jid}'><status>Good night!</status></presence>");
        }

        await balcony.SendAsync("<message to='juliet@localhost' type='chat' id='1'/>");
        Assert.Equal("1", (await balcony.ReadAsync())["id"]);
        await chamber.ExpectNothingFromAsync(balcony);

        // It is still connected, and may come back.
        await chamber.SendAsync("<presence/>");
        await chamber.ExpectAsync($"<presence from='{balcony.Jid}' to='{chamber.Jid}'><priority>0</priority></presence>");
    }

    [Fact]
    public async Task Leaving_twice_is_told_once()
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = await LoginTwiceAsync(server);

        await chamber.SendAsync("<presence type='unavailable'/><presence type='unavailable'/></stream:stream>");
        await chamber.ExpectAsync($"<presence type='unavailable' from='{chamber.Jid}' to='{chamber.Jid}'/>");
        await chamber.ExpectEndAsync();

        await balcony.ExpectAsync($"<presence type='unavailable' from='{chamber.Jid}' to='{balcony.Jid}'/>");
        await balcony.ExpectNothingFromAsync(balcony);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whose_connection_ends_has_left(bool isOrderly)
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = await LoginTwiceAsync(server);

        if (isOrderly)
            await chamber.SendAsync("</stream:stream>");
        else
            chamber.Drop();

        await balcony.ExpectAsync($"<presence type='unavailable' from='{chamber.Jid}' to='{balcony.Jid}'/>");
    }

    [Fact]
    public async Task Who_is_replaced_has_left_before_the_other_comes()
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = await LoginTwiceAsync(server);

        var newcomer = await server.LoginAsync("juliet", "chamber");

        await chamber.ExpectStreamErrorAsync(StreamErrorCondition.Conflict);
        await balcony.ExpectAsync($"<presence type='unavailable' from='{chamber.Jid}' to='{balcony.Jid}'/>");
        await balcony.ExpectAsync($"<presence from='{newcomer.Jid}' to='{balcony.Jid}'><priority>0</priority></presence>");
        await newcomer.ExpectNothingFromAsync(balcony);
    }

    [Theory]
    [InlineData("")]
    [InlineData("type='unavailable'")]
    public async Task Presence_for_somebody_goes_to_that_one_and_makes_nobody_available(string type)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var balcony = await server.LoginAsync("juliet", "balcony");
        var chamber = await server.ConnectAsync("juliet", "chamber");

        await romeo.SendAsync($"<presence to='{chamber.Jid}' {type} id='1'/><presence to='juliet@localhost' {type} id='2'/>");

        await chamber.ExpectAsync($"<presence from='{romeo.Jid}' to='{chamber.Jid}' {type} id='1'/>");
        await balcony.ExpectAsync($"<presence from='{romeo.Jid}' to='juliet@localhost' {type} id='2'/>");
        await chamber.ExpectNothingFromAsync(romeo);
        await balcony.SendAsync("<message to='romeo@localhost' type='chat'/>");
        await balcony.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Theory]
    [InlineData("nobody@localhost")]
    [InlineData("nobody@localhost/nowhere")]
    [InlineData("localhost")]
    public async Task Presence_for_nobody_vanishes(string to)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<presence to='{to}'/><presence to='{to}' type='unavailable'/><presence to='{to}' type='error'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Presence_for_no_address_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<presence to='a@b@c' id='1'/><presence to='a@b@c' type='error'/>");

        Assert.Equal("1", (await romeo.ExpectErrorAsync(StanzaErrorCondition.JidMalformed))["id"]);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    /// <summary>juliet at two places, both available and with nothing left to read.</summary>
    private static async Task<(TestClient Balcony, TestClient Chamber)> LoginTwiceAsync(TestServer server)
    {
        var balcony = await server.LoginAsync("juliet", "balcony");
        var chamber = await server.LoginAsync("juliet", "chamber");
        await balcony.ReadAsync();
        return (balcony, chamber);
    }
}
