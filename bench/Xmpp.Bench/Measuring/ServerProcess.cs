using System.Globalization;
using Xmpp.Bench.Client;
using Xmpp.Bench.Native;

namespace Xmpp.Bench.Measuring;

/// <summary>Memory of processes, in bytes, pages shared between them counted in each.</summary>
/// <param name="Rss">Resident set.</param>
/// <param name="Pss">Proportional set: a page shared by n processes counts as 1/n.</param>
internal readonly record struct ProcessMemory(long Rss, long Pss);

/// <summary>
/// The server's processes, observed from outside: the given ones and their descendants at the time of construction.
/// </summary>
internal sealed class ServerProcess
{
    private static readonly TimeSpan LeastActivity = TimeSpan.FromMilliseconds(1);

    private readonly IReadOnlyList<int> _clocks;
    private readonly TimeSpan _cpuAtStart;

    public ServerProcess(IReadOnlyList<int> pids)
    {
        Pids = WithDescendants(pids);
        _clocks = [.. Pids.Select(CpuClock)];
        _cpuAtStart = CpuTime();
    }

    public IReadOnlyList<int> Pids { get; }

    /// <summary>CPU time used so far, user and system, all threads including ended ones; the kernel's nanosecond clock of the process.</summary>
    public TimeSpan CpuTime()
    {
        var nanoseconds = 0L;
        foreach (var clock in _clocks)
        {
            if (Libc.ReadClock(clock, out var time) != 0)
                throw new BenchException("a server process has ended");
            nanoseconds += time.Seconds * 1_000_000_000 + time.Nanoseconds;
        }
        return TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    /// <summary>Throws when a whole scenario cost these processes nothing: they are not the server.</summary>
    public void RequireActivity()
    {
        if (CpuTime() - _cpuAtStart < LeastActivity)
            throw new BenchException($"process {string.Join(", ", Pids)} did nothing: is that the server's --pid?");
    }

    /// <summary>From <c>/proc/PID/smaps_rollup</c>.</summary>
    public ProcessMemory Memory()
    {
        var (rss, pss) = (0L, 0L);
        foreach (var pid in Pids)
        {
            foreach (var line in ReadLines($"/proc/{pid}/smaps_rollup"))
            {
                if (line.StartsWith("Rss:", StringComparison.Ordinal))
                    rss += Kilobytes(line);
                else if (line.StartsWith("Pss:", StringComparison.Ordinal))
                    pss += Kilobytes(line);
            }
        }
        return new(rss, pss);
    }

    private static int CpuClock(int pid) => Libc.ProcessCpuClock(pid, out var clock) == 0
        ? clock
        : throw new BenchException($"there is no process {pid}");

    private static long Kilobytes(string line) =>
        long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"cannot read {path}: {e.Message} (run as the server's user or as root)");
        }
    }

    private static List<int> WithDescendants(IReadOnlyList<int> pids)
    {
        var parents = new Dictionary<int, int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid) && ParentOf(pid) is { } parent)
                parents[pid] = parent;
        }
        var all = new List<int>(pids);
        for (var i = 0; i < all.Count; i++)
            all.AddRange(parents.Where(entry => entry.Value == all[i] && !all.Contains(entry.Key)).Select(entry => entry.Key).ToList());
        return all;
    }

    private static int? ParentOf(int pid)
    {
        try
        {
            // pid (command) state ppid ...; the command may hold blanks and parentheses.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // It ended meanwhile.
        }
    }
}
