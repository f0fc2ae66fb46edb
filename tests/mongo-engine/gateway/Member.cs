using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Xmpp.MongoGateway.Commands;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway;

/// <summary>One server of a replica set, or the only one: a port and the connections to it.</summary>
public sealed class Member
{
    // Ports from here on are given to outgoing connections, which may take one that is free for a moment.
    private const int LowestPort = 15_000;
    private const int PortLimit = 32_000;

    private readonly Gateway _gateway;
    private readonly ConcurrentDictionary<Connection, Task> _connections = new();
    private readonly Lock _lock = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private bool _isWanted = true;
    private bool _hasEngine;

    internal Member(Gateway gateway, int number, int port) => (_gateway, Number, Port) = (gateway, number, port);

    public int Number { get; }

    /// <summary>Where it listens, also while it is stopped.</summary>
    public int Port { get; private set; }

    public string Address => $"127.0.0.1:{Port}";

    internal CommandTable Commands { get; set; } = null!;

    /// <summary>Listens again, unless the engine is dead.</summary>
    public void Start()
    {
        lock (_lock)
            _isWanted = true;
        Listen();
    }

    /// <summary>As if the server had been killed: connections break, new ones are refused. Completes when no command runs.</summary>
    public async Task StopAsync()
    {
        lock (_lock)
            _isWanted = false;
        await CloseAsync();
    }

    /// <summary>Breaks the connections, as a firewall does.</summary>
    public void DropConnections()
    {
        foreach (var connection in _connections.Keys)
            connection.Close();
    }

    internal void EngineIsBack()
    {
        lock (_lock)
            _hasEngine = true;
        Listen();
    }

    internal async Task EngineIsGoneAsync()
    {
        lock (_lock)
            _hasEngine = false;
        await CloseAsync();
    }

    private void Listen()
    {
        lock (_lock)
        {
            if (!_isWanted || !_hasEngine || _listener is not null)
                return;
            _listener = Bind();
            _accepting = AcceptAsync(_listener);
        }
        _gateway.Set.SetUp(Number, isUp: true);
    }

    private async Task CloseAsync()
    {
        Task accepting;
        lock (_lock)
        {
            _listener?.Dispose();
            (_listener, accepting) = (null, _accepting);
        }
        _gateway.Set.SetUp(Number, isUp: false);
        await accepting;
        DropConnections();
        await Task.WhenAll(_connections.Values);
        await Commands.ForgetAsync();
    }

    private TcpListener Bind()
    {
        for (var tries = 0; ; tries++)
        {
            var port = Port != 0 ? Port : Random.Shared.Next(LowestPort, PortLimit);
            var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start(backlog: 1024);
                Port = port;
                return listener;
            }
            catch (SocketException error) when (Port == 0 && error.SocketErrorCode == SocketError.AddressAlreadyInUse && tries < 100)
            {
                listener.Dispose();
            }
        }
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptSocketAsync();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            socket.NoDelay = true;
            var connection = new Connection(socket, _gateway.Options, Commands);
            var served = new TaskCompletionSource();
            _connections[connection] = served.Task;
            _ = ServeAsync(connection, served);
        }
    }

    private async Task ServeAsync(Connection connection, TaskCompletionSource served)
    {
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            connection.Dispose();
            served.SetResult();
        }
    }
}
