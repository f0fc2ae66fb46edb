using Xmpp.Core;
using Xmpp.Server.Control;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Control;

/// <summary>What an operator changes in rosters, clients that are online learn of.</summary>
public sealed class RosterControlTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");

    [Fact]
    public async Task Clients_get_pushes()
    {
        await using var server = await TestServer.StartAsync();
        var control = new RosterControl(server.Server.Context.Subscriptions);
        await server.CreateAccountAsync(Romeo);
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>");
        await juliet.ReadAsync();

        Assert.True((bool)(await control.AddAsync(new(Juliet, Romeo, "Romeo", ["Lovers"]), CancellationToken.None))!);
        await ExpectPushAsync("<item jid='romeo@localhost' name='Romeo' subscription='none'><group>Lovers</group></item>");

        Assert.Equal(1, await control.JoinAsync(new([Juliet, Romeo]), (_, _) => new(true), CancellationToken.None));
        await ExpectPushAsync("<item jid='romeo@localhost' name='Romeo' subscription='both'><group>Lovers</group></item>");

        Assert.Equal(1, await control.PushAsync(new(Juliet), CancellationToken.None));
        await ExpectPushAsync("<item jid='romeo@localhost' name='Romeo' subscription='both'><group>Lovers</group></item>");

        Assert.True((bool)(await control.RemoveAsync(new(Juliet, Romeo), CancellationToken.None))!);
        await ExpectPushAsync("<item jid='romeo@localhost' subscription='remove'/>");

        async Task ExpectPushAsync(string item)
        {
            var push = await juliet.ReadAsync();
            var query = push.Child("jabber:iq:roster", "query")!;
            Assert.Equal(Xmpp.Core.Xml.Element.Parse(item, "jabber:iq:roster"), query.Elements.Single());
        }
    }
}
