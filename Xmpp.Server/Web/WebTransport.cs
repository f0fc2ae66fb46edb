using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Xmpp.Server.Web;

/// <summary>
/// Kestrel's sockets, which read and write 64 KB at a time: with the 4 KB that they have by themselves an upload costs twice as much. A
/// connection has such a buffer only while there is something in it.
/// </summary>
internal static class WebTransport
{
    private const int BufferBytes = 64 * 1024;

    public static IConnectionListenerFactory Create()
    {
        // The buffers can be set by services only. Nothing else of this builder is used.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, SharedBuffers>();
        // Another thread would cost a change of threads for each buffer. They are the thread pool's on either way.
        builder.WebHost.UseSockets(options => options.UnsafePreferInlineScheduling = true);
        return builder.Services.BuildServiceProvider().GetRequiredService<IConnectionListenerFactory>();
    }

    /// <summary>Buffers of the process's pool, which gives back to the system what is not used for a while.</summary>
    private sealed class SharedBuffers : MemoryPool<byte>, IMemoryPoolFactory<byte>
    {
        public override int MaxBufferSize => BufferBytes;

        public MemoryPool<byte> Create(MemoryPoolOptions? options) => this;

        public override IMemoryOwner<byte> Rent(int minBufferSize) => new Buffer();

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Buffer : IMemoryOwner<byte>
        {
            private byte[]? _bytes = ArrayPool<byte>.Shared.Rent(BufferBytes);

            public Memory<byte> Memory => _bytes;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
                    ArrayPool<byte>.Shared.Return(bytes);
            }
        }
    }
}
