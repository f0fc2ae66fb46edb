using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Xmpp.Server.Transport;

/// <summary>Accepts TCP connections on one address and hands them on. Accepting never waits for what becomes of them.</summary>
/// <param name="admit">
/// Asked with the peer's address before anything is set up for it; false closes the connection at once. It runs between
/// two accepts, so it has to be quick.
/// </param>
/// <param name="handle">
/// Runs a connection to its end; until it first waits, between two accepts as well, which spares a change of threads. It never blocks.
/// What it throws is logged and aborts the connection.
/// </param>
public sealed partial class SocketListener(
    SocketListenerOptions options,
    Func<IPEndPoint, bool> admit,
    Func<Connection, Task> handle,
    ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Socket? _socket;
    private Task _accepting = Task.CompletedTask;

    private TimeProvider TimeProvider => options.Connection.TimeProvider;

    /// <summary>Where it listens, with the port that the system chose for 0.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket!.LocalEndPoint!;

    /// <summary>Takes one connection from the kernel. Tests replace it to run out of descriptors.</summary>
    internal Func<Socket, CancellationToken, ValueTask<Socket>> Accept { get; init; } =
        static (listener, cancellationToken) => listener.AcceptAsync(cancellationToken);

    /// <summary>From which descriptor on connections are too many. Tests lower it.</summary>
    internal Func<int> DescriptorLimit { get; init; } = static () => Descriptors.Limit;

    /// <summary>Binds, and begins to accept.</summary>
    /// <exception cref="ListenException">The address is taken, forbidden or not of this machine.</exception>
    public void Start()
    {
        _socket = Bind(options);
        _accepting = Task.Run(() => AcceptAllAsync(_socket));
    }

    /// <summary>Stops accepting. Connections handed on are not touched.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket?.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private static Socket Bind(SocketListenerOptions options)
    {
        var endPoint = options.EndPoint;
        if (endPoint.Address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
            endPoint = new IPEndPoint(IPAddress.Any, endPoint.Port);
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(options.Backlog);
            return socket;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw ListenException.Of(endPoint, exception);
        }
    }

    private async Task AcceptAllAsync(Socket listener)
    {
        var pause = ShortestPause;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await Accept(listener, _stopping.Token);
                if (socket.Handle < DescriptorLimit())
                {
                    Admit(socket);
                    pause = ShortestPause;
                    continue;
                }
                socket.Close(0);
                LogAcceptFailed(options.EndPoint, "too many open files", pause);
            }
            catch (Exception exception) when (
                _stopping.IsCancellationRequested && exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                LogAcceptFailed(options.EndPoint, exception.Message, pause);
            }
            // The kernel keeps what we don't accept; connections that end make room.
            await PauseAsync(pause);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, TimeProvider, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop's condition ends it.
        }
    }

    private void Admit(Socket socket)
    {
        IPEndPoint remote;
        try
        {
            remote = WithoutMapping((IPEndPoint)socket.RemoteEndPoint!);
            Configure(socket);
        }
        catch (SocketException)
        {
            // Gone before it was looked at.
            socket.Dispose();
            return;
        }
        if (options.TrustedProxies.Any(network => network.Contains(remote.Address)))
            _ = RunBehindProxyAsync(socket, remote);
        else if (admit(remote))
            _ = RunAsync(socket, remote);
        else
            socket.Close(0);
    }

    private void Configure(Socket socket)
    {
        // Batches are sent whole; waiting for more to send would only delay them.
        socket.NoDelay = true;
        if (options.KeepAlive is not { } keepAlive)
            return;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)keepAlive.Idle.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)keepAlive.Interval.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, keepAlive.Probes);
    }

    private async Task RunBehindProxyAsync(Socket socket, IPEndPoint proxy)
    {
        try
        {
            using var deadline = new CancellationTokenSource(options.ProxyHeaderTimeout, TimeProvider);
            var remote = await ProxyProtocol.ReceiveHeaderAsync(socket, deadline.Token) ?? proxy;
            if (admit(remote))
                await RunAsync(socket, remote);
            else
                socket.Close(0);
        }
        catch (Exception exception) when (exception is InvalidDataException or SocketException or OperationCanceledException)
        {
            LogNoProxyHeader(proxy.Address, exception is OperationCanceledException ? "it took too long" : exception.Message);
            socket.Close(0);
        }
    }

    private async Task RunAsync(Socket socket, IPEndPoint remote)
    {
        var connection = new SocketConnection(socket, remote, options.Connection);
        try
        {
            await handle(connection);
        }
        catch (Exception exception)
        {
            // A bug in what runs the connection: it costs this connection only.
            LogHandlerFailed(remote, exception);
            connection.Abort("internal error");
        }
    }

    private static IPEndPoint WithoutMapping(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    [LoggerMessage(Level = LogLevel.Error, Message = "Can't accept connections on {EndPoint}: {Reason}. Next try in {Pause}.")]
    private partial void LogAcceptFailed(IPEndPoint endPoint, string reason, TimeSpan pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Dropped a connection from proxy {Address}: no valid PROXY header ({Reason}).")]
    private partial void LogNoProxyHeader(IPAddress address, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The connection from {RemoteEndPoint} failed.")]
    private partial void LogHandlerFailed(IPEndPoint remoteEndPoint, Exception exception);
}
