using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

public sealed class MessageTests
{
    [Fact]
    public async Task A_message_to_the_bare_jid_reaches_every_resource_with_non_negative_priority()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        var balcony = await server.LoginAsync("juliet", "balcony");
        var phone = await server.ConnectAsync("juliet", "phone");
        await phone.SendAsync("<presence><priority>-1</priority></presence>");
        await phone.ReadAsync();
        await phone.ReadAsync();
        await balcony.ReadAsync();

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");

        await balcony.ExpectAsync($"<message from='{romeo.Jid}' to='juliet@localhost' type='chat'><body>Hark!</body></message>");
        await phone.ExpectNothingFromAsync(romeo);
    }
}
