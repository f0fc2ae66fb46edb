using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Xmpp.Server.Control;

/// <summary>The other end of <see cref="ControlServer"/>'s socket.</summary>
public sealed class ControlClient(string socketPath)
{
    /// <summary>Sends a request and reads the items of the answer as they come.</summary>
    /// <typeparam name="T">The type of the items, as the request says.</typeparam>
    /// <exception cref="ServerNotRunningException">Nobody listens on the socket.</exception>
    /// <exception cref="ControlException">The server refused, or the socket may not be opened.</exception>
    public async IAsyncEnumerable<T> SendAsync<T>(ControlRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await ConnectAsync(cancellationToken);
        await stream.WriteAsync(
            (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n'], cancellationToken);
        using var reader = new StreamReader(stream);
        while (await ReadLineAsync(reader, cancellationToken) is { } line)
        {
            var reply = JsonSerializer.Deserialize(line, ControlJson.Default.ControlReply);
            if (reply?.Item is { } item)
                yield return (T)item.Deserialize(typeof(T), ControlJson.Default)!;
            else if (reply?.Error is { } error)
                throw new ControlException(error);
            else
                yield break;
        }
        throw new ControlException("The server closed the connection in the middle of its answer.");
    }

    /// <summary>Sends a request that is answered with one item, or none.</summary>
    /// <inheritdoc cref="SendAsync{T}" path="/exception"/>
    public async ValueTask<T?> SendForOneAsync<T>(ControlRequest request, CancellationToken cancellationToken)
    {
        T? answer = default;
        await foreach (var item in SendAsync<T>(request, cancellationToken))
            answer = item;
        return answer;
    }

    /// <summary>Whether a server listens on the socket.</summary>
    /// <exception cref="ControlException">The socket may not be opened, so that nobody knows.</exception>
    public async ValueTask<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await ConnectAsync(cancellationToken);
            return true;
        }
        catch (ServerNotRunningException)
        {
            return false;
        }
    }

    private async ValueTask<NetworkStream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            // A path that does not exist is "address not available" to .NET.
            throw failure.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable
                ? new ServerNotRunningException(socketPath, failure)
                : new ControlException(
                    $"{socketPath}: {failure.Message}. Run xmppctl as the user that runs the server, or as root.", failure);
        }
    }

    private static async ValueTask<string?> ReadLineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
