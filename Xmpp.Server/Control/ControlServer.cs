using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Storage;
using Xmpp.Server.Diagnostics;

namespace Xmpp.Server.Control;

/// <summary>
/// Serves <c>xmppctl</c> on a Unix socket. Whoever may open the socket's file (0600) may do everything: the file's permissions are the
/// authorisation. The protocol is described at <see cref="ControlRequest"/>.
/// </summary>
public sealed partial class ControlServer : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxClients = 64;
    private const int MaxRequestBytes = 64 * 1024;
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly ControlHandler _handler;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _places = new(MaxClients);
    private readonly Task _accepting;

    private ControlServer(Socket listener, ControlHandler handler, ILogger log)
    {
        _listener = listener;
        _handler = handler;
        _log = log;
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Listens on the socket of <c>control.socket</c>. The file of a server that is gone is replaced.</summary>
    /// <param name="server">Does what is asked.</param>
    /// <param name="events">What <c>xmppctl log</c> shows.</param>
    /// <exception cref="ControlException">Another server listens there, or the socket can't be made; says key, file and remedy.</exception>
    public static ControlServer Start(IServerControl server, LogBuffer events, TimeProvider time, ILogger<ControlServer> log)
    {
        var path = server.Options.Control.Socket;
        try
        {
            return new(Listen(path), new(server, events, time), log);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException)
        {
            throw new ControlException(
                $"control.socket: can't listen on {path}: {failure.Message}; choose another path or make its directory writable", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // Its file goes with it.
        _listener.Dispose();
        await _accepting;
        for (var i = 0; i < MaxClients; i++)
            await _places.WaitAsync();
        _places.Dispose();
        _stopping.Dispose();
    }

    private static Socket Listen(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var endPoint = new UnixDomainSocketEndPoint(path);
        RemoveStale(path, endPoint);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(endPoint);
            // Nobody can connect before Listen: there is no moment in which others may open it.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, OwnerOnly);
            listener.Listen();
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private static void RemoveStale(string path, UnixDomainSocketEndPoint endPoint)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException nobody) when (nobody.SocketErrorCode is SocketError.ConnectionRefused && new FileInfo(path).Length == 0)
        {
            File.Delete(path);
            return;
        }
        throw new ControlException(
            $"control.socket: another server listens on {path}; stop it, or give this one a socket and ports of its own");
    }

    private async Task AcceptAsync()
    {
        while (await AcceptOneAsync() is { } client)
        {
            // Served beside the others; DisposeAsync knows by its place when it is done.
            _ = ServeAsync(client);
        }
    }

    /// <summary>The next client, once there is a place for it, which it takes; null when the server stops.</summary>
    private async ValueTask<Socket?> AcceptOneAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket? client = null;
            try
            {
                client = await _listener.AcceptAsync(_stopping.Token);
                await _places.WaitAsync(_stopping.Token);
                return client;
            }
            catch (SocketException failure) when (failure.SocketErrorCode is not SocketError.OperationAborted)
            {
                // Out of file descriptors, say: that passes.
                AcceptFailed(_log, failure.SocketErrorCode);
                await Task.Delay(TimeSpan.FromSeconds(1), _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                client?.Dispose();
            }
        }
        return null;
    }

    /// <summary>One connection, one request. Owns the socket and its place; never throws.</summary>
    private async Task ServeAsync(Socket socket)
    {
        // Socket completions may run inline on an I/O thread (see SocketTuning), which handlers must not hold up.
        await Task.Yield();
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var clientGone = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        try
        {
            var request = await ReadRequestAsync(stream);
            _ = CancelWhenGoneAsync(stream, clientGone);
            if (request is not LogRequest)
                Requested(_log, request.GetType().Name);
            await foreach (var item in _handler.HandleAsync(request, clientGone.Token, _stopping.Token))
                await WriteAsync(stream, new(Item: JsonSerializer.SerializeToElement(item, item.GetType(), ControlJson.Default)));
            await WriteAsync(stream, new(End: true));
        }
        catch (Exception failure) when (failure is ControlException or StoreException or JsonException)
        {
            await TryWriteErrorAsync(stream, failure.Message);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // The client left, or the server stops.
        }
        catch (Exception bug)
        {
            Failed(_log, bug);
            await TryWriteErrorAsync(stream, "The server failed at this; its log says how.");
        }
        finally
        {
            _places.Release();
        }
    }

    private async ValueTask<ControlRequest> ReadRequestAsync(NetworkStream stream)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        timeout.CancelAfter(RequestTimeout);
        var buffer = new byte[MaxRequestBytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), timeout.Token);
            if (read == 0)
                throw new IOException("The client closed the connection before the end of its request.");
            length += read;
            if (buffer.AsSpan(length - read, read).Contains((byte)'\n'))
            {
                return JsonSerializer.Deserialize(buffer.AsSpan(0, length), ControlJson.Default.ControlRequest)
                    ?? throw new ControlException("expected a request, not null");
            }
        }
        throw new ControlException($"the request is longer than {MaxRequestBytes} bytes");
    }

    /// <summary>A client says nothing after its request: the next byte, or the end, means that it has left.</summary>
    private static async Task CancelWhenGoneAsync(NetworkStream stream, CancellationTokenSource clientGone)
    {
        try
        {
            _ = await stream.ReadAsync(new byte[1], clientGone.Token);
            await clientGone.CancelAsync();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It was served.
        }
    }

    private ValueTask WriteAsync(NetworkStream stream, ControlReply reply) => stream.WriteAsync(
        (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply), (byte)'\n'], _stopping.Token);

    private async ValueTask TryWriteErrorAsync(NetworkStream stream, string message)
    {
        try
        {
            await WriteAsync(stream, new(Error: message));
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // Nobody is left to be told.
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Request}")]
    private static partial void Requested(ILogger log, string request);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Can't accept a connection on the control socket: {Reason}")]
    private static partial void AcceptFailed(ILogger log, SocketError reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A control request failed")]
    private static partial void Failed(ILogger log, Exception bug);
}
