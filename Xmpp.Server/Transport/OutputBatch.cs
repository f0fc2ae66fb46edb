namespace Xmpp.Server.Transport;

/// <summary>
/// Collects the connections written to while a batch of input is handled on this thread, so that each is flushed once.
/// Outside a batch <see cref="MarkDirty"/> flushes at once. A batch is a ref struct: it can't live across an await.
/// </summary>
public readonly ref struct OutputBatch
{
    [ThreadStatic] private static List<Connection>? t_dirty;
    [ThreadStatic] private static int t_depth;
    [ThreadStatic] private static long t_mark; // Of what the next flush on this thread is for; nothing else has the same.

    private static long s_threads;

    private readonly List<Connection> _dirty;

    private OutputBatch(List<Connection> dirty) => _dirty = dirty;

    public static OutputBatch Begin()
    {
        t_depth++;
        return new OutputBatch(t_dirty ??= BeginThread());
    }

    public static void MarkDirty(Connection connection)
    {
        if (t_depth == 0)
        {
            connection.Flush();
            return;
        }
        // Another thread may put its mark in place of ours: that only costs an idle flush.
        if (connection.BatchMark == t_mark)
            return;
        connection.BatchMark = t_mark;
        t_dirty!.Add(connection);
    }

    /// <summary>Flushes what was written to on this thread until now; the batch goes on.</summary>
    public static void Flush()
    {
        if (t_dirty is { } dirty)
            Flush(dirty);
    }

    public void Dispose()
    {
        if (--t_depth == 0)
            Flush(_dirty);
    }

    private static List<Connection> BeginThread()
    {
        t_mark = Interlocked.Increment(ref s_threads) << 40;
        return new(16);
    }

    private static void Flush(List<Connection> dirty)
    {
        t_mark++;
        for (var i = 0; i < dirty.Count; i++)
            dirty[i].Flush();
        dirty.Clear();
    }
}
