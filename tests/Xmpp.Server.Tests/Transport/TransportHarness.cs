using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

/// <summary>A listener on a loopback port, and both ends of the connections made to it.</summary>
internal sealed class TransportHarness : IAsyncDisposable
{
    private readonly Channel<(SocketConnection Connection, Task Secured)> _accepted =
        Channel.CreateUnbounded<(SocketConnection, Task)>();
    private readonly List<SocketConnection> _connections = [];
    private readonly SocketListener _listener;

    /// <param name="secure">Protects the server's end, before anything else happens on it.</param>
    /// <param name="run">What the server does with a connection; nothing if the test does it.</param>
    public TransportHarness(
        SocketConnectionOptions? options = null,
        Func<SocketConnection, ValueTask>? secure = null,
        Func<SocketConnection, Task>? run = null)
    {
        _listener = new SocketListener(
            new() { EndPoint = new(IPAddress.Loopback, 0), Connection = options ?? SocketConnectionOptions.Default },
            admit: _ => true,
            async accepted =>
            {
                var connection = (SocketConnection)accepted;
                var secured = secure?.Invoke(connection).AsTask() ?? Task.CompletedTask;
                await _accepted.Writer.WriteAsync((connection, secured));
                await secured;
                if (run is not null)
                    await run(connection);
            },
            NullLogger.Instance);
        _listener.Start();
    }

    public IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <summary>The two ends of a new connection; the server's is not protected yet.</summary>
    public async Task<(Socket Client, SocketConnection Server)> ConnectAsync()
    {
        var (socket, server, _) = await ConnectAndAcceptAsync();
        return (socket, server);
    }

    /// <summary>The two ends of a new connection, both protected.</summary>
    public async Task<(Stream Client, SocketConnection Server)> ConnectAsync(Func<Socket, Task<Stream>> secure)
    {
        var (socket, server, secured) = await ConnectAndAcceptAsync();
        var client = await secure(socket);
        await secured;
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

    /// <summary>The server's end of the next connection that a client makes; not protected yet.</summary>
    public async Task<SocketConnection> AcceptAsync() => (await NextAsync()).Connection;

    private async Task<(SocketConnection Connection, Task Secured)> NextAsync()
    {
        var next = await _accepted.Reader.ReadAsync(TestContext.Current.CancellationToken);
        _connections.Add(next.Connection);
        return next;
    }

    private async Task<(Socket Client, SocketConnection Server, Task Secured)> ConnectAndAcceptAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(EndPoint);
        var (server, secured) = await NextAsync();
        return (client, server, secured);
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
