using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Components;

/// <summary>Presence and subscriptions between users and addresses at components: RFC 6121 with somebody who is not local.</summary>
public sealed class ComponentPresenceTests
{
    private const string Hamlet = $"hamlet@{ComponentTesting.Domain}";

    [Fact]
    public async Task A_user_subscribes_and_sees_who_comes_and_goes()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync($"<presence to='{Hamlet}/x' type='subscribe' id='s'/>");
        await component.ExpectAsync($"<presence from='romeo@localhost' to='{Hamlet}' type='subscribe' id='s'/>");
        await component.SendAsync(
            $"<presence from='{Hamlet}' to='romeo@localhost' type='subscribed'/>"
            + $"<presence from='{Hamlet}/castle' to='romeo@localhost'><show>dnd</show></presence>");
        await romeo.ExpectAsync($"<presence from='{Hamlet}/castle' to='romeo@localhost'><show>dnd</show></presence>");

        // Another resource is told, because the component is asked (§4.3).
        var garden = await server.ConnectAsync("romeo", "garden");
        await garden.SendAsync("<presence/>");
        await component.ExpectAsync($"<presence from='{garden.Jid}' to='{Hamlet}' type='probe'/>");
        await component.SendAsync($"<presence from='{Hamlet}/castle' to='{garden.Jid}'/>");
        while ((await garden.ReadAsync())["from"] != $"{Hamlet}/castle")
        {
            // Its own presence and the other resource's.
        }
        await component.SendAsync($"<presence from='{Hamlet}/castle' to='romeo@localhost' type='unavailable'/>");
        await garden.ExpectAsync($"<presence from='{Hamlet}/castle' to='romeo@localhost' type='unavailable'/>");
    }

    [Fact]
    public async Task Somebody_at_a_component_subscribes_and_sees_the_user_come_and_go()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await component.SendAsync($"<presence from='{Hamlet}/castle' to='romeo@localhost/orchard' type='subscribe' id='s'/>");
        await romeo.ExpectAsync($"<presence from='{Hamlet}' to='romeo@localhost' type='subscribe' id='s'/>");
        await romeo.SendAsync($"<presence to='{Hamlet}' type='subscribed'/>");
        await component.ExpectAsync($"<presence from='romeo@localhost' to='{Hamlet}' type='subscribed'/>");
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='{Hamlet}'><priority>0</priority></presence>");

        await romeo.SendAsync("<presence><show>away</show></presence>");
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='{Hamlet}'><show>away</show></presence>");
        await component.SendAsync($"<presence from='{Hamlet}/castle' to='romeo@localhost' type='probe'/>");
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='{Hamlet}'><show>away</show></presence>");
        await romeo.SendAsync("</stream:stream>");
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='{Hamlet}' type='unavailable'/>");
        await component.SendAsync($"<presence from='{Hamlet}/castle' to='romeo@localhost' type='probe' id='p'/>");
        Assert.Equal(("unavailable", "p", "romeo@localhost"), await TypeOfAsync(component));
        await component.SendAsync($"<presence from='{Hamlet}' to='romeo@localhost' type='unsubscribe'/>");
        Assert.Equal(("unsubscribed", null, "romeo@localhost"), await TypeOfAsync(component));
        await component.SendAsync($"<presence from='{Hamlet}' to='romeo@localhost' type='probe' id='q'/>");
        Assert.Equal(("unsubscribed", "q", "romeo@localhost"), await TypeOfAsync(component));
    }

    [Fact]
    public async Task Directed_presence_is_taken_back_at_the_end()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync($"<presence to='room@{ComponentTesting.Domain}/Romeo'/>");
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='room@{ComponentTesting.Domain}/Romeo'/>");
        await component.SendAsync($"<presence from='room@{ComponentTesting.Domain}/Romeo' to='{romeo.Jid}'><status>In</status></presence>");
        await romeo.ExpectAsync($"<presence from='room@{ComponentTesting.Domain}/Romeo' to='{romeo.Jid}'><status>In</status></presence>");
        romeo.Drop();
        await component.ExpectAsync($"<presence from='{romeo.Jid}' to='room@{ComponentTesting.Domain}/Romeo' type='unavailable'/>");
    }

    [Fact]
    public async Task Who_is_blocked_neither_sends_nor_gets_presence()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync(
            $"<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{ComponentTesting.Domain}'/></block></iq>");
        Assert.Equal("b", (await romeo.ReadAsync())["id"]);

        await romeo.SendAsync($"<presence to='{Hamlet}'/>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await component.SendAsync($"<presence from='{Hamlet}' to='{romeo.Jid}'/>");
        await component.SendAsync($"<iq type='get' id='1' from='{Hamlet}' to='{romeo.Jid}'><query xmlns='urn:x'/></iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task An_unknown_type_is_refused()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        await component.SendAsync($"<presence from='{Hamlet}' to='romeo@localhost' type='sleepy'/>");
        await component.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
    }

    private static async Task<(string?, string?, string?)> TypeOfAsync(TestClient component)
    {
        var presence = await component.ReadAsync();
        return (presence["type"], presence["id"], presence["from"]);
    }
}
