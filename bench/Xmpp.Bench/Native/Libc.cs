using System.Runtime.InteropServices;

namespace Xmpp.Bench.Native;

/// <summary>The few system calls the load generator makes itself, so that a message costs it two of them and nothing else.</summary>
internal static unsafe partial class Libc
{
    internal const int EpollIn = 1;
    internal const int EpollCtlAdd = 1;
    internal const int MsgNoSignal = 0x4000;

    internal const int Eintr = 4;
    internal const int Eagain = 11;

    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(int epoll, int operation, int descriptor, byte* epollEvent);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    internal static partial int EpollWait(int epoll, byte* events, int capacity, Timespec* timeout, nint signals);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Receive(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    internal static partial int ProcessCpuClock(int pid, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    internal static partial int ReadClock(int clock, out Timespec time);
}
