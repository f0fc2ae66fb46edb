using Xmpp.Testing;

namespace Xmpp.Modules.Tests;

/// <summary>Requests that a test makes on its way to what it is about.</summary>
internal static class Requests
{
    /// <summary>Sets something of the client's account, which has to succeed.</summary>
    public static async Task SetAsync(this TestClient client, string payload)
    {
        await client.SendAsync($"<iq type='set' id='set'>{payload}</iq>");
        await client.ExpectAsync($"<iq type='result' id='set' to='{client.Jid}'/>");
    }
}
