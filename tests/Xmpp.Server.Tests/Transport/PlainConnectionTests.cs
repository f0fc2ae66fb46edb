using System.Net.Sockets;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Tests.Transport;

public sealed class PlainConnectionTests : ConnectionTests
{
    protected override ValueTask SecureAsync(SocketConnection server) => default;

    protected override Task<Stream> SecureAsync(Socket client) => Task.FromResult<Stream>(new NetworkStream(client, ownsSocket: true));

    protected override Task FinishSendingAsync(Stream client)
    {
        ((NetworkStream)client).Socket.Shutdown(SocketShutdown.Send);
        return Task.CompletedTask;
    }
}
