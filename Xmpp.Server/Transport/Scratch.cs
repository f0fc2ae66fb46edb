using System.Buffers;

namespace Xmpp.Server.Transport;

/// <summary>A buffer of the thread to put output together in, before it is copied to a connection. Not across an await.</summary>
internal static class Scratch
{
    /// <summary>Above this a buffer is not kept.</summary>
    private const int MaxKept = 64 * 1024;

    [ThreadStatic] private static ArrayBufferWriter<byte>? t_buffer;

    /// <summary>The thread's buffer, empty. What it held before is gone: one user at a time.</summary>
    public static ArrayBufferWriter<byte> Rent()
    {
        if (t_buffer is null || t_buffer.Capacity > MaxKept)
            t_buffer = new ArrayBufferWriter<byte>(4096);
        t_buffer.ResetWrittenCount();
        return t_buffer;
    }
}
