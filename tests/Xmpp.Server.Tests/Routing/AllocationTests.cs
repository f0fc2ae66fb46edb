using Xmpp.Core;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

public sealed class AllocationTests
{
    private const int Warm = 2_000;
    private const int Measured = 2_000;
    private const string Room = "coven@conference.localhost";

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
            Modules = options.Modules with { Disabled = hasArchives ? [] : ["archive"] },
        });
        await server.ConnectSinkAsync(Jid.Parse("juliet@localhost/balcony"));

        Assert.Equal(0, await MeasureAsync(server, "romeo@localhost/orchard", stanza));
    }

    [Theory]
    [InlineData("<message to='coven@conference.localhost' type='groupchat' id='1'><body>Double, double</body></message>")]
    [InlineData("<message to='coven@conference.localhost' type='groupchat' xml:lang='en'><body>a &lt; b</body>"
        + "<origin-id xmlns='urn:xmpp:sid:0' id='2'/><markable xmlns='urn:xmpp:chat-markers:0'/></message> \n")]
    [InlineData("<message to='coven@conference.localhost' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>")]
    public async Task A_message_in_a_room_without_an_archive_allocates_nothing(string stanza)
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with
            {
                Rooms = options.Modules.Rooms with { Defaults = ["enablearchiving=0"], StanzasPerSecond = 1_000_000, BurstStanzas = 10_000_000 },
            },
        });
        const string Configure = $"<iq type='set' id='c' to='{Room}'><query xmlns='http://jabber.org/protocol/muc#owner'>"
            + "<x xmlns='jabber:x:data' type='submit'/></query></iq>";
        for (var i = 0; i < 20; i++)
        {
            await server.ConnectSinkAsync(Jid.Parse($"witch{i}@localhost/cave"), EnterAs($"witch{i}") + (i == 0 ? Configure : ""));
        }

        Assert.Equal(0, await MeasureAsync(server, "hecate@localhost/cave", stanza, EnterAs("hecate")));

        static string EnterAs(string nick) => $"<presence to='{Room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
    }

    /// <summary>What is allocated for a client that says something again and again, in bytes for all that was measured.</summary>
    /// <param name="first">What it says before.</param>
    private static async Task<long> MeasureAsync(TestServer server, string jid, string stanza, string first = "")
    {
        var (before, after) = (0L, 0L);
        await server.ReplayAsync(Jid.Parse(jid), stanza, Warm + Measured, repeat =>
        {
            if (repeat == Warm)
                before = GC.GetAllocatedBytesForCurrentThread();
            else if (repeat == Warm + Measured)
                after = GC.GetAllocatedBytesForCurrentThread();
        }, first);
        return after - before;
    }
}
