using System.Net;
using System.Net.Sockets;
using System.Text;
using Xmpp.Core;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>How streams end on real sockets, where what was queued could get lost.</summary>
public sealed class SocketStreamTests
{
    private const string Header =
        $"<stream:stream xmlns='{Namespaces.Client}' xmlns:stream='{Namespaces.Stream}' to='localhost' version='1.0'>";

    [Fact]
    public async Task Who_takes_too_long_is_told_so_before_the_connection_ends()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await ReadUntilAsync(client, "</stream:features>");

        server.Time.Advance(TimeSpan.FromSeconds(61));

        Assert.EndsWith("</stream:error></stream:stream>", await ReadUntilAsync(client, "</stream:stream>"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_connected_at_a_shutdown_is_told_so()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await ReadUntilAsync(client, "</stream:features>");

        var stopped = server.Server.StopAsync();

        Assert.Contains("<system-shutdown ", await ReadUntilAsync(client, "</stream:stream>"), StringComparison.Ordinal);
        await stopped;
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(options => options with
    {
        Listeners = [new ListenerOptions { Address = IPAddress.Loopback, Port = 0, Tls = ListenerTls.None }],
    });

    private static async Task<Socket> ConnectAsync(TestServer server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Server.Listeners.Single().EndPoint);
        await socket.SendAsync(Encoding.UTF8.GetBytes(Header));
        return socket;
    }

    /// <summary>All text up to this one, or up to the end of the connection.</summary>
    private static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        using var patience = new CancellationTokenSource(TestClient.Patience);
        var (text, buffer) = ("", new byte[4096]);
        while (!text.EndsWith(end, StringComparison.Ordinal) && await socket.ReceiveAsync(buffer, patience.Token) is > 0 and var length)
            text += Encoding.UTF8.GetString(buffer, 0, length);
        return text;
    }
}
