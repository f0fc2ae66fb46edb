using Xmpp.Core;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

public sealed class AllocationTests
{
    private const int Warm = 2_000;
    private const int Measured = 2_000;

    [Theory]
    [InlineData("<message to='juliet@localhost/balcony' type='chat' id='1'><body>Hark, what light?</body></message>", false)]
    [InlineData("<message to='juliet@localhost' type='chat' id='1'><body>Hark, what light?</body></message>", false)]
    [InlineData("<message to='juliet@localhost/balcony'><body>a &lt; b</body></message> \n", false)]
    [InlineData("<iq type='result' id='1' to='juliet@localhost/balcony'><x xmlns='urn:example:x'/></iq>", true)]
    [InlineData("<message to='juliet@localhost' type='chat'><body>Hark!</body><no-store xmlns='urn:xmpp:hints'/></message>", true)]
    [InlineData("<message to='juliet@localhost' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", true)]
    public async Task Routing_a_stanza_that_nobody_keeps_between_two_sessions_allocates_nothing(string stanza, bool hasArchives)
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { SessionBytesPerSecond = 0 },
            Modules = options.Modules with { Disabled = hasArchives ? [] : ["archive"] },
        });
        await server.ConnectSinkAsync(Jid.Parse("juliet@localhost/balcony"));
        long before = 0;
        long after = 0;

        await server.ReplayAsync(Jid.Parse("romeo@localhost/orchard"), stanza, Warm + Measured, repeat =>
        {
            if (repeat == Warm)
                before = GC.GetAllocatedBytesForCurrentThread();
            else if (repeat == Warm + Measured)
                after = GC.GetAllocatedBytesForCurrentThread();
        });

        Assert.Equal(0, after - before);
    }
}
