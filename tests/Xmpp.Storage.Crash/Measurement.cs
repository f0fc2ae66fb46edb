using System.Diagnostics;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Storage.Crash;

/// <summary>What the store costs: operations per second, CPU and waiting time for each, with more and more callers.</summary>
internal static class Measurement
{
    public static async Task<int> RunAsync(string path)
    {
        await SqliteStore.Open(path).DisposeAsync();
        var start = Stopwatch.GetTimestamp();
        await SqliteStore.Open(path).DisposeAsync();
        Console.WriteLine($"open and close an existing file: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:n1} ms");

        await using var store = SqliteStore.Open(path);
        var accounts = Enumerable.Range(0, 80_000).Select(i => Accounts.New($"user{i}")).ToArray();
        var added = 0;
        foreach (var (callers, operations) in ((int, int)[])[(1, 500), (1, 2_000), (10, 10_000), (100, 50_000)])
        {
            var first = added;
            await RunAsync("add an account", callers, operations, i => store.Accounts.AddAsync(accounts[first + i], CancellationToken.None).AsTask());
            added += operations;
        }

        foreach (var callers in (int[])[1, 1, 10, 100])
            await RunAsync("find an account", callers, 50_000, i => store.Accounts.FindAsync(accounts[i * 7919 % added].Jid, CancellationToken.None).AsTask());
        return 0;
    }

    private static async Task RunAsync(string what, int callers, int operations, Func<int, Task> operation)
    {
        var waits = new double[operations];
        var next = -1;
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < operations;)
            {
                var began = Stopwatch.GetTimestamp();
                await operation(i);
                waits[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }
        })));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        Array.Sort(waits);
        Console.WriteLine($"{what}, {callers} callers: {operations / seconds:n0}/s, {cpu.TotalMicroseconds / operations:n1} us of CPU each, " +
            $"median {waits[operations / 2]:n3} ms, p99 {waits[operations * 99 / 100]:n3} ms");
    }
}
