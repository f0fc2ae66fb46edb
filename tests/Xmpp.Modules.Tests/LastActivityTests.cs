using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0012.</summary>
public sealed class LastActivityTests
{
    private const string Query = "<query xmlns='jabber:iq:last'/>";

    [Fact]
    public async Task The_server_tells_how_long_it_has_been_running()
    {
        await using var server = await TestServer.StartAsync();
        server.Time.Advance(TimeSpan.FromSeconds(123_456.7));
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='1' to='localhost'>{Query}</iq>");

        await juliet.ExpectAsync(
            $"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'><query xmlns='jabber:iq:last' seconds='123456'/></iq>");
    }

    [Theory]
    [InlineData("<presence type='unavailable'><status>Heading &lt;home></status></presence>", "Heading &lt;home>")]
    [InlineData("<presence type='unavailable'/>", "")]
    [InlineData("</stream:stream>", "")]
    public async Task A_contact_is_told_when_and_how_somebody_left(string farewell, string status)
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var (juliet, romeo) = (await server.LoginAsync("juliet"), await server.ConnectAsync("romeo"));
        await juliet.SendAsync(farewell);
        if (!farewell.StartsWith("</", StringComparison.Ordinal))
            await juliet.SendAsync("</stream:stream>");
        while (await juliet.ReadOrEndAsync() is not null)
        {
            // Until the stream ends.
        }
        await juliet.Served;

        server.Time.Advance(TimeSpan.FromSeconds(43));
        await romeo.SendAsync($"<iq type='get' id='1' to='juliet@localhost'>{Query}</iq>");

        await romeo.ExpectAsync($"<iq type='result' id='1' from='juliet@localhost' to='{romeo.Jid}'>"
            + $"<query xmlns='jabber:iq:last' seconds='43'>{status}</query></iq>");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_is_connected_was_active_just_now(bool isAvailable)
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var juliet = isAvailable ? await server.LoginAsync("juliet") : await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");
        server.Time.Advance(TimeSpan.FromSeconds(10));

        foreach (var (client, to, from) in new[]
        {
            (romeo, "to='juliet@localhost'", "from='juliet@localhost'"), (juliet, "", ""),
            (juliet, "to='juliet@localhost'", "from='juliet@localhost'"),
        })
        {
            await client.SendAsync($"<iq type='get' id='1' {to}>{Query}</iq>");
            await client.ExpectAsync($"<iq type='result' id='1' {from} to='{client.Jid}'><query xmlns='jabber:iq:last' seconds='0'/></iq>");
        }
    }

    /// <summary>§7: no presence leaks, whoever is asked about.</summary>
    [Theory]
    [InlineData("juliet@localhost")]
    [InlineData("juliet@localhost/balcony")]
    [InlineData("juliet@localhost/elsewhere")]
    [InlineData("mercutio@localhost")]
    [InlineData("nobody@localhost")]
    [InlineData("nobody@localhost/nowhere")]
    public async Task Who_may_not_see_somebody_s_presence_is_told_nothing(string to)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Core.Jid.Parse("mercutio@localhost"));
        var (juliet, romeo) = (await server.LoginAsync("juliet", "balcony"), await server.ConnectAsync("romeo"));

        await romeo.SendAsync($"<iq type='get' id='1' to='{to}'>{Query}</iq>");

        var error = await romeo.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        Assert.Equal(StanzaErrorType.Auth, StanzaError.Parse(error)!.Type);
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Who_sees_nobody_back_is_told_nothing_either()
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("romeo", new Core.Storage.RosterEntry(Core.Jid.Parse("juliet@localhost"))
        {
            IsListed = true,
            Subscription = SubscriptionState.From,
        });
        var (romeo, _) = (await server.ConnectAsync("romeo"), await server.LoginAsync("juliet"));

        await romeo.SendAsync($"<iq type='get' id='1' to='juliet@localhost'>{Query}</iq>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task A_resource_answers_for_itself()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");

        await romeo.SendAsync($"<iq type='get' id='1' to='{juliet.Jid}'>{Query}</iq>");
        await juliet.ExpectAsync($"<iq type='get' id='1' from='{romeo.Jid}' to='{juliet.Jid}'>{Query}</iq>");
        await juliet.SendAsync($"<iq type='result' id='1' to='{romeo.Jid}'><query xmlns='jabber:iq:last' seconds='123'/></iq>");

        await romeo.ExpectAsync(
            $"<iq type='result' id='1' from='{juliet.Jid}' to='{romeo.Jid}'><query xmlns='jabber:iq:last' seconds='123'/></iq>");
        await romeo.SendAsync($"<iq type='get' id='2' to='juliet@localhost/elsewhere'>{Query}</iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable); // RFC 6121 §8.5.3.2.3
    }

    [Fact]
    public async Task Who_was_never_there_is_not_found_by_those_who_may_know()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<iq type='get' id='1' to='juliet@localhost'>{Query}</iq>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task It_is_announced()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Contains("jabber:iq:last", Discovery.Parse(await juliet.InfoAsync("localhost")).Features);
        Assert.Contains("jabber:iq:last", Discovery.Parse(await juliet.InfoAsync("juliet@localhost")).Features);
    }
}
