using System.Text;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>What an hour in a pocket costs with and without XEP-0352: the figures of <c>docs/client-state.md</c>.</summary>
public sealed class ClientStateTrafficTests(ITestOutputHelper output)
{
    private const int Contacts = 20;
    private const int Rounds = 12;

    [Fact]
    public async Task An_inactive_client_gets_a_fraction_of_the_traffic()
    {
        var active = await MeasureAsync(isInactive: false);
        var inactive = await MeasureAsync(isInactive: true);
        output.WriteLine($"active: {active}, inactive: {inactive}");

        Assert.Equal(Rounds * (Contacts * 2 + 4), active.Stanzas);
        // With each message its writer's presence and state; in the end the presence of all but the last who wrote.
        Assert.Equal(Rounds * 3 + Contacts - 1, inactive.Stanzas);
        Assert.True(inactive.Bytes < active.Bytes / 8, $"{inactive} against {active}");
    }

    /// <summary>
    /// Each five minutes every contact goes away and comes back, and one of them writes a message, starting, pausing and starting again.
    /// </summary>
    private static async Task<Traffic> MeasureAsync(bool isInactive)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet", "phone");
        var contacts = new List<TestClient>();
        for (var i = 0; i < Contacts; i++)
            contacts.Add(await server.LoginAsync($"contact{i}", "desktop"));
        if (isInactive)
        {
            await juliet.SendAsync("<inactive xmlns='urn:xmpp:csi:0'/>");
            await juliet.ExpectNoneAsync();
        }
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var contact in contacts)
            {
                await contact.SendAsync(
                    $"<presence to='{juliet.Jid}'><show>away</show><status>At lunch</status><priority>5</priority></presence>"
                    + $"<presence to='{juliet.Jid}'><status>In the orchard</status><priority>5</priority></presence>");
            }
            foreach (var contact in contacts)
                await contact.ExpectNothingFromAsync(contact);
            var writer = contacts[round % Contacts];
            foreach (var state in new[] { "composing", "paused", "composing" })
                await writer.StateAsync(juliet, state);
            await writer.TellAsync(juliet, round, round);
            await writer.ExpectNothingFromAsync(writer);
        }
        await juliet.SendAsync("<active xmlns='urn:xmpp:csi:0'/><iq type='get' id='end' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        return await CountAsync(juliet);
    }

    private static async Task<Traffic> CountAsync(TestClient client)
    {
        var (stanzas, bytes) = (0, 0);
        while (true)
        {
            var stanza = await client.ReadAsync();
            if (stanza["id"] == "end")
                return new(stanzas, bytes);
            stanzas++;
            bytes += Encoding.UTF8.GetByteCount(stanza.ToString());
        }
    }

    private sealed record Traffic(int Stanzas, int Bytes);
}
