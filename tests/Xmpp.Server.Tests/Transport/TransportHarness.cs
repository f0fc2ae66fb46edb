using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Tests.Transport;

/// <summary>A listener on a loopback port, and both ends of the connections made to it.</summary>
internal sealed class TransportHarness : IAsyncDisposable
{
    private readonly Channel<SocketConnection> _accepted = Channel.CreateUnbounded<SocketConnection>();
    private readonly List<SocketConnection> _connections = [];
    private readonly SocketListener _listener;

    public TransportHarness(SocketConnectionOptions? options = null, Func<SocketConnection, Task>? run = null)
    {
        _listener = new SocketListener(
            new() { EndPoint = new(IPAddress.Loopback, 0), Connection = options ?? SocketConnectionOptions.Default },
            admit: _ => true,
            async connection =>
            {
                await _accepted.Writer.WriteAsync((SocketConnection)connection);
                await (run?.Invoke((SocketConnection)connection) ?? Task.CompletedTask);
            },
            NullLogger.Instance);
        _listener.Start();
    }

    public IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <summary>The two ends of a new connection.</summary>
    public async Task<(Socket Client, SocketConnection Server)> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(EndPoint);
        var server = await _accepted.Reader.ReadAsync();
        _connections.Add(server);
        return (client, server);
    }

    /// <summary>Aborts what is still open and waits until nothing is left of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        foreach (var connection in _connections)
        {
            connection.Abort("the test is over");
            await connection.Finished;
        }
    }

    /// <summary>Answers every byte until the peer has no more, then closes.</summary>
    public static async Task EchoAsync(SocketConnection connection)
    {
        while (await connection.ReadAsync() is { IsEmpty: false } bytes)
        {
            connection.Write(bytes.Span);
            connection.Advance(bytes.Length);
            connection.Flush();
        }
        connection.Close();
    }
}
