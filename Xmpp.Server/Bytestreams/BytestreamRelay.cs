using System.Buffers;
using System.Net.Sockets;
using Xmpp.Server.Streams;

namespace Xmpp.Server.Bytestreams;

/// <summary>Passes on what two clients send each other, until both have ended or nothing has passed for too long.</summary>
internal sealed class BytestreamRelay(BytestreamOptions options, TimeProvider time)
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Runs to the end of a bytestream; its connections are the caller's to close. Doesn't throw.</summary>
    public async Task RunAsync(Socket one, Socket other, CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(options.IdleTimeout, time);
        using var stopping = cancellationToken.Register(idle.Cancel);
        await Task.WhenAll(PassAsync(one, other, idle), PassAsync(other, one, idle));
    }

    private async Task PassAsync(Socket from, Socket to, CancellationTokenSource idle)
    {
        var pace = new TokenBucket(time);
        try
        {
            Discard(from);
            while (true)
            {
                // An idle one holds no buffer.
                await from.ReceiveAsync(Memory<byte>.Empty, idle.Token);
                var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
                try
                {
                    var count = await from.ReceiveAsync(buffer.AsMemory(0, BufferBytes), idle.Token);
                    if (count == 0)
                    {
                        to.Shutdown(SocketShutdown.Send);
                        return;
                    }
                    idle.CancelAfter(options.IdleTimeout);
                    for (var sent = 0; sent < count;)
                        sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), idle.Token);
                    var wait = pace.Take(count, options.BytesPerSecond, options.BytesPerSecond, time);
                    if (wait > TimeSpan.Zero)
                        await Task.Delay(wait, time, idle.Token);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction has nobody to talk to.
            await idle.CancelAsync();
        }
    }

    /// <summary>XEP-0065 §10.1: what somebody sent before the bytestream was activated is ignored.</summary>
    private static void Discard(Socket early)
    {
        Span<byte> buffer = stackalloc byte[1024];
        for (var left = early.Available; left > 0;)
            left -= early.Receive(buffer[..Math.Min(left, buffer.Length)]);
    }
}
