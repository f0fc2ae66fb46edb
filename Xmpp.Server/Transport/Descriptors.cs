using System.Runtime.InteropServices;

namespace Xmpp.Server.Transport;

/// <summary>
/// How many file descriptors connections may use. The rest is for everything else: a process without any can't open its
/// database nor even start a thread, which the runtime does not survive.
/// </summary>
internal static partial class Descriptors
{
    private const int Reserve = 64;
    private const int RLimitNoFile = 7;

    /// <summary>Sockets with this descriptor or a higher one are too many.</summary>
    public static int Limit { get; } = FindLimit();

    private static int FindLimit()
    {
        if (!OperatingSystem.IsLinux() || GetResourceLimit(RLimitNoFile, out var limit) != 0 || limit.Current > int.MaxValue)
            return int.MaxValue;
        var total = (int)limit.Current;
        return total - Math.Min(Reserve, total / 4);
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetResourceLimit(int resource, out ResourceLimit limit);

    private struct ResourceLimit
    {
        public nuint Current;
        public nuint Maximum;
    }
}
