using System.Diagnostics;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Crash;

/// <summary>What the store costs: operations per second, CPU and waiting time for each, with more and more callers.</summary>
internal static class Measurement
{
    public static async Task<int> RunAsync(Func<Task<IStore>> openAsync)
    {
        await (await openAsync()).DisposeAsync();
        var start = Stopwatch.GetTimestamp();
        await (await openAsync()).DisposeAsync();
        Console.WriteLine($"open and close an existing store: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:n1} ms");

        await using var store = await openAsync();
        var accounts = Enumerable.Range(0, 80_000).Select(i => Samples.NewAccount($"user{i}")).ToArray();
        await WriteAsync(store, accounts);
        await ReadAsync(store, accounts);
        return 0;
    }

    private static async Task WriteAsync(IStore store, Account[] accounts)
    {
        var added = 0;
        foreach (var (callers, operations) in ((int, int)[])[(1, 500), (1, 2_000), (10, 10_000), (100, 50_000)])
        {
            var first = added;
            await RunAsync("add an account", callers, operations,
                i => store.Accounts.AddAsync(accounts[first + i], CancellationToken.None).AsTask());
            await RunAsync("change a roster item", callers, operations / 2,
                i => store.Rosters.ApplyAsync(accounts[i % 500].Jid, Samples.NewRoster(i, contacts: 1), CancellationToken.None).AsTask());
            await RunAsync("keep a message", callers, operations / 2,
                i => store.Offline.AddAsync(accounts[i % 500].Jid, default, Samples.NewMessage("Hark!"), 100, CancellationToken.None).AsTask());
            added += operations;
        }
    }

    private static async Task ReadAsync(IStore store, Account[] accounts)
    {
        const int Rosters = 1_000;
        foreach (var account in accounts[..Rosters])
            await store.Rosters.ApplyAsync(account.Jid, Samples.NewRoster(100_000, contacts: 50), CancellationToken.None);
        foreach (var callers in (int[])[1, 1, 10, 100])
        {
            await RunAsync("find an account", callers, 50_000,
                i => store.Accounts.FindAsync(accounts[i * 7919 % 62_500].Jid, CancellationToken.None).AsTask());
            await RunAsync("load a roster of 50", callers, 20_000,
                i => store.Rosters.LoadAsync(accounts[i * 7919 % Rosters].Jid, CancellationToken.None).AsTask());
            await RunAsync("load an empty roster", callers, 20_000,
                i => store.Rosters.LoadAsync(accounts[Rosters + i * 7919 % Rosters].Jid, CancellationToken.None).AsTask());
        }
    }

    public static async Task RunAsync(string what, int callers, int operations, Func<int, Task> operation)
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
        Console.WriteLine($"{what}, {callers} callers: {operations / seconds:n0}/s, " +
            $"{cpu.TotalMicroseconds / operations:n1} us of CPU each, median {waits[operations / 2]:n3} ms, p99 {waits[operations * 99 / 100]:n3} ms");
    }
}
