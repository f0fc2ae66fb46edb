using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>How presence comes to the one module that handles it.</summary>
public sealed class PresenceRoutingTests
{
    [Fact]
    public async Task A_handler_gets_the_stanza_with_its_sender_stamped()
    {
        var seen = new List<PresenceRequest>();
        await using var server = await TestServer.StartAsync(WithoutPresence, module => module.Presence((presence, _) =>
        {
            seen.Add(presence);
            return default;
        }));
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<presence/><presence to='romeo@localhost' from='juliet@localhost' type='unavailable'/>");
        await juliet.ExpectNothingFromAsync(juliet);

        Assert.All(seen, presence => Assert.Equal(juliet.Jid.ToString(), presence.Stanza["from"]));
        Assert.Equal([(null, null), ("romeo@localhost", "unavailable")], seen.Select(presence => (presence.To?.ToString(), presence.Type)));
    }

    [Fact]
    public async Task A_handler_that_fails_costs_the_stanza_and_not_the_session()
    {
        await using var server = await TestServer.StartAsync(WithoutPresence, module => module.Presence(async (presence, _) =>
        {
            await Task.Yield();
            throw presence.Stanza["id"] == "store"
                ? new StoreException(StanzaErrorCondition.ResourceConstraint, "full")
                : new InvalidOperationException("a bug of the test");
        }));
        server.ExpectError("a bug of the test");
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<presence id='store'/><presence id='bug'/>");

        Assert.Equal("store", (await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        Assert.Equal("bug", (await juliet.ExpectErrorAsync(StanzaErrorCondition.InternalServerError))["id"]);
    }

    [Fact]
    public async Task Without_a_handler_presence_vanishes()
    {
        await using var server = await TestServer.StartAsync(WithoutPresence);
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<presence/>");

        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task The_end_of_a_session_is_told_once_whatever_a_module_does()
    {
        var ended = new List<string>();
        await using var server = await TestServer.StartAsync(
            null,
            module => module.SessionEnded(_ => throw new InvalidOperationException("a bug of the test")),
            module => module.SessionEnded(session =>
            {
                ended.Add(session.Jid.ToString());
                return default;
            }));
        server.ExpectError("a bug of the test");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var newcomer = await server.ConnectAsync("juliet", "balcony");
        await juliet.Served;

        Assert.Equal(["juliet@localhost/balcony"], ended);
        await newcomer.SendAsync("</stream:stream>");
        await newcomer.ExpectEndAsync();
        Assert.Equal(2, ended.Count);
    }

    private static ServerOptions WithoutPresence(ServerOptions options) =>
        options with { Modules = options.Modules with { Disabled = ["presence"] } };
}
