using System.Runtime.InteropServices;

namespace Xmpp.Server.Hosting;

/// <summary>
/// Gives memory back to the system when a burst (a storm of logins, above all) is over: the collector would keep what it
/// has for the next one. Only in a quiet moment, when a full collection disturbs nobody, and once for each burst. One for the process.
/// </summary>
internal sealed partial class MemoryTrimmer : IDisposable
{
    /// <summary>Less than this in a second is quiet.</summary>
    private const long QuietBytes = 256 * 1024;

    /// <summary>
    /// Less than this since the last time isn't worth a collection; nor is less than half of what is in use, since a full
    /// collection takes as long as there is much.
    /// </summary>
    private const long BurstBytes = 4 * 1024 * 1024;

    private const int QuietSeconds = 1;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly bool _hasMallocTrim = OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out _);
    private readonly ITimer _seconds;
    private long _allocated;
    private long _allocatedWhenTrimmed;
    private int _quietFor;

    public MemoryTrimmer(TimeProvider time) => _seconds = time.CreateTimer(_ => Look(), null, Second, Second);

    public void Dispose() => _seconds.Dispose();

    private void Look()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        _quietFor = allocated - _allocated < QuietBytes ? _quietFor + 1 : 0;
        _allocated = allocated;
        if (_quietFor < QuietSeconds || allocated - _allocatedWhenTrimmed < Math.Max(BurstBytes, GC.GetTotalMemory(false) / 2))
            return;
        _allocatedWhenTrimmed = allocated;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        // The JIT, OpenSSL and SQLite use the C library's heap, which keeps as much.
        if (_hasMallocTrim)
            _ = MallocTrim(0);
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
