namespace Xmpp.Bench.Client;

/// <summary>Runs blocking work on a fixed number of threads.</summary>
internal static class Workers
{
    /// <summary>Calls <paramref name="work"/> once for each number below <paramref name="count"/>; the first failure ends the run.</summary>
    public static void Run(int count, int concurrency, Action<int> work)
    {
        var next = -1;
        Exception? failure = null;
        var threads = new Thread[Math.Min(concurrency, count)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new(Loop) { IsBackground = true };
            threads[i].Start();
        }
        foreach (var thread in threads)
            thread.Join();
        if (failure is not null)
            throw failure is BenchException e ? new BenchException(e.Message) : failure;

        void Loop()
        {
            try
            {
                while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref next) is var number && number < count)
                    work(number);
            }
            catch (Exception e)
            {
                _ = Interlocked.CompareExchange(ref failure, e, null);
            }
        }
    }
}
