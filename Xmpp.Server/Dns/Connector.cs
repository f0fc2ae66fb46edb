using System.Net;
using System.Net.Sockets;

namespace Xmpp.Server.Dns;

/// <summary>Connects to whichever of several addresses answers first (RFC 8305): the next is tried when one takes long.</summary>
internal sealed class Connector(TimeProvider time)
{
    /// <summary>§5: the Connection Attempt Delay.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(250);

    /// <summary>Addresses of one host beyond which the others are ignored.</summary>
    private const int MaxAddresses = 8;

    /// <param name="tried">Told of each address that did not answer, and why; one at a time.</param>
    /// <returns>A connected socket, the caller's, with where it leads; null when no address answers.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<(Socket Socket, IPEndPoint EndPoint)?> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, int port, Action<IPEndPoint, string> tried, CancellationToken cancellationToken)
    {
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<(Socket Socket, IPEndPoint)?>>();
        (Socket Socket, IPEndPoint)? connected = null;
        try
        {
            foreach (var address in addresses.Take(MaxAddresses))
            {
                attempts.Add(AttemptAsync(new(address, port), tried, decided.Token));
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(decided.Token);
                var delay = Task.Delay(Delay, time, waiting.Token);
                connected = await FirstAsync(attempts, delay);
                await waiting.CancelAsync();
                if (connected is not null)
                    return connected;
            }
            connected = await FirstAsync(attempts, delay: null);
            if (connected is null)
                cancellationToken.ThrowIfCancellationRequested();
            return connected;
        }
        finally
        {
            await decided.CancelAsync();
            foreach (var attempt in attempts)
            {
                if (await attempt is var (socket, _) && socket != connected?.Socket)
                    socket.Dispose();
            }
        }
    }

    /// <summary>The first socket; null when all attempts have failed, or the delay is over. Attempts that failed are taken out.</summary>
    private static async Task<(Socket, IPEndPoint)?> FirstAsync(List<Task<(Socket, IPEndPoint)?>> attempts, Task? delay)
    {
        while (attempts.Count > 0)
        {
            var ended = await Task.WhenAny(delay is null ? attempts : attempts.Append(delay));
            if (ended == delay)
                return null;
            var attempt = (Task<(Socket, IPEndPoint)?>)ended;
            if (await attempt is { } connected)
                return connected;
            attempts.Remove(attempt);
        }
        return null;
    }

    private static async Task<(Socket, IPEndPoint)?> AttemptAsync(
        IPEndPoint endPoint, Action<IPEndPoint, string> tried, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return (socket, endPoint);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            lock (tried)
                tried(endPoint, failure is SocketException ? failure.Message : "no answer in time");
            return null;
        }
    }
}
