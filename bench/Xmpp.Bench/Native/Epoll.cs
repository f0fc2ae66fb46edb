using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Xmpp.Bench.Native;

/// <summary>A level-triggered epoll set that names each descriptor by a number of the caller's choice.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int Capacity = 256;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int Stride = DataOffset + 8;

    private readonly int _descriptor = Libc.EpollCreate(0);
    private readonly byte[] _events = new byte[Capacity * Stride];

    public void Add(int descriptor, int key)
    {
        Span<byte> added = stackalloc byte[Stride];
        added.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(added, Libc.EpollIn);
        BinaryPrimitives.WriteInt32LittleEndian(added[DataOffset..], key);
        fixed (byte* pointer = added)
        {
            if (Libc.EpollControl(_descriptor, Libc.EpollCtlAdd, descriptor, pointer) != 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits for readable descriptors; 0 when the time is up.</summary>
    /// <returns>How many keys <see cref="Key"/> gives.</returns>
    public int Wait(TimeSpan timeout)
    {
        var wait = new Libc.Timespec
        {
            Seconds = timeout.Ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = timeout.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
        };
        fixed (byte* events = _events)
        {
            var ready = Libc.EpollWait(_descriptor, events, Capacity, &wait, 0);
            if (ready >= 0)
                return ready;
        }
        var error = Marshal.GetLastPInvokeError();
        return error == Libc.Eintr ? 0 : throw new Win32Exception(error);
    }

    public int Key(int index) => BinaryPrimitives.ReadInt32LittleEndian(_events.AsSpan(index * Stride + DataOffset));

    public void Dispose() => _ = Libc.Close(_descriptor);
}
