using System.Collections.Concurrent;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>Guards are asked for both accounts before anything else sees a message or an IQ.</summary>
public sealed class GuardTests
{
    private readonly ConcurrentQueue<GuardedStanza> _asked = new();

    [Theory]
    [InlineData("<message to='{0}'/>", StanzaKind.Message, "normal")]
    [InlineData("<message to='{0}' type='chat'/>", StanzaKind.Message, "chat")]
    [InlineData("<message to='{0}' type='error'/>", StanzaKind.Message, "error")]
    [InlineData("<iq to='{0}' type='get' id='1'><x xmlns='urn:example:x'/></iq>", StanzaKind.Iq, "get")]
    [InlineData("<iq to='{0}' type='set' id='1'><x xmlns='urn:example:x'/></iq>", StanzaKind.Iq, "set")]
    [InlineData("<iq to='{0}' type='result' id='1'/>", StanzaKind.Iq, "result")]
    [InlineData("<iq to='{0}' type='error' id='1'/>", StanzaKind.Iq, "error")]
    public async Task Both_accounts_are_asked_the_sender_s_first(string stanza, StanzaKind kind, string type)
    {
        await using var server = await TestServer.StartAsync(null, Guard(_ => GuardVerdict.Pass));
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>"); // Else she is asked nothing.
        await romeo.ReadAsync();
        _asked.Clear();

        await romeo.SendAsync(string.Format(null, stanza, juliet.Jid));
        Assert.Equal(type, (await juliet.ReadAsync())["type"] ?? "normal");

        Assert.Equal(
        [
            new(kind, romeo.Jid.Bare, MessageDirection.Sent, juliet.Jid, type),
            new GuardedStanza(kind, juliet.Jid.Bare, MessageDirection.Received, romeo.Jid, type),
        ], _asked);
    }

    [Theory]
    [InlineData("<message to='{0}' id='1'/>", true)]
    [InlineData("<message to='{0}' type='error' id='1'/>", false)]
    [InlineData("<iq to='{0}' type='get' id='1'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<iq to='{0}' type='set' id='1'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<iq to='{0}' type='result' id='1'/>", false)]
    [InlineData("<iq to='{0}' type='error' id='1'/>", false)]
    public async Task Who_is_refused_is_told_unless_it_was_an_answer(string stanza, bool isTold)
    {
        foreach (var direction in Enum.GetValues<MessageDirection>())
        {
            var asked = (MessageDirection.Sent, "juliet@localhost");
            if (direction == MessageDirection.Received)
                asked = (direction, "romeo@localhost");
            await using var server = await TestServer.StartAsync(null, Guard(stanza =>
                (stanza.Direction, stanza.Peer.Bare.ToString()) == asked
                && stanza.Account.Local != "benvolio" && stanza.Peer.Bare != stanza.Account
                    ? GuardVerdict.Refuse(StanzaError.Of(StanzaErrorCondition.PolicyViolation))
                    : GuardVerdict.Pass));
            var romeo = await server.ConnectAsync("romeo");
            var juliet = await server.ConnectAsync("juliet");
            var benvolio = await server.ConnectAsync("benvolio");

            await romeo.SendAsync(string.Format(null, stanza, juliet.Jid));

            if (isTold)
                Assert.Equal("1", (await romeo.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation))["id"]);
            await romeo.ExpectNothingFromAsync(romeo);
            await juliet.ExpectNothingFromAsync(benvolio);
        }
    }

    [Fact]
    public async Task What_is_dropped_is_gone_but_a_request_is_answered()
    {
        await using var server = await TestServer.StartAsync(null, Guard(_ => GuardVerdict.Drop));
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='juliet@localhost' id='1'/>");
        await romeo.SendAsync("<iq to='juliet@localhost' type='get' id='2'><x xmlns='urn:example:x'/></iq>");

        Assert.Equal("2", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable))["id"]);
    }

    [Fact]
    public async Task Guards_may_take_their_time_and_all_must_agree()
    {
        await using var server = await TestServer.StartAsync(
            null, Slow(_ => GuardVerdict.Pass), Guard(_ => GuardVerdict.Pass), Slow(stanza => stanza.Type == "chat"
                ? GuardVerdict.Refuse(StanzaError.Of(StanzaErrorCondition.PolicyViolation))
                : GuardVerdict.Pass));
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'/><message to='{juliet.Jid}' type='chat' id='2'/>");

        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        Assert.Equal("2", (await romeo.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation))["id"]);
    }

    [Fact]
    public async Task A_guard_that_can_not_tell_lets_nothing_pass()
    {
        await using var server = await TestServer.StartAsync(
            null, Guard(_ => throw new StoreException(StanzaErrorCondition.ResourceConstraint, "full")));
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'/>");
        await romeo.SendAsync($"<iq to='{juliet.Jid}' type='get' id='2'><x xmlns='urn:example:x'/></iq>");

        Assert.Equal("1", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        Assert.Equal("2", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
    }

    [Fact]
    public async Task Within_an_account_nobody_is_asked_about_iqs_and_messages_pass_once()
    {
        await using var server = await TestServer.StartAsync(null, Guard(_ => GuardVerdict.Pass));
        var orchard = await server.ConnectAsync("romeo", "orchard");
        var tomb = await server.ConnectAsync("romeo", "tomb");

        await orchard.SendAsync($"<iq to='{tomb.Jid}' type='get' id='1'><x xmlns='urn:example:x'/></iq><message to='{tomb.Jid}' id='2'/>");
        Assert.Equal("1", (await tomb.ReadAsync())["id"]);
        Assert.Equal("2", (await tomb.ReadAsync())["id"]);

        Assert.Equal([new(StanzaKind.Message, orchard.Jid.Bare, MessageDirection.Sent, tomb.Jid, "normal")], _asked);
    }

    [Fact]
    public async Task What_goes_elsewhere_or_to_the_server_concerns_the_sender_only()
    {
        await using var server = await TestServer.StartAsync(null, Guard(_ => GuardVerdict.Pass));
        var romeo = await server.ConnectAsync("romeo");

        foreach (var to in new[] { "localhost", "juliet@example.org" })
            await romeo.SendAsync($"<message to='{to}'/><iq to='{to}' type='get' id='1'><x xmlns='urn:example:x'/></iq>");
        for (var i = 0; i < 4; i++)
            await romeo.ReadAsync();

        Assert.All(_asked, asked => Assert.Equal((romeo.Jid.Bare, MessageDirection.Sent), (asked.Account, asked.Direction)));
        Assert.Equal(4, _asked.Count);
    }

    private Action<IModuleBuilder> Guard(Func<GuardedStanza, GuardVerdict> judge) => module => module.Guard((stanza, _) =>
    {
        _asked.Enqueue(stanza);
        return new(judge(stanza));
    });

    private static Action<IModuleBuilder> Slow(Func<GuardedStanza, GuardVerdict> judge) => module => module.Guard(async (stanza, _) =>
    {
        await Task.Yield();
        return judge(stanza);
    });
}
