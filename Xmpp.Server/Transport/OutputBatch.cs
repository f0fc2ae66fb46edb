namespace Xmpp.Server.Transport;

/// <summary>
/// Collects the connections written to while a batch of input is handled on this thread, so that each is flushed once.
/// Outside a batch <see cref="MarkDirty"/> flushes at once. A batch is a ref struct: it can't live across an await.
/// </summary>
public readonly ref struct OutputBatch
{
    [ThreadStatic] private static List<Connection>? t_dirty;
    [ThreadStatic] private static int t_depth;

    private readonly List<Connection> _dirty;

    private OutputBatch(List<Connection> dirty) => _dirty = dirty;

    public static OutputBatch Begin()
    {
        t_depth++;
        return new OutputBatch(t_dirty ??= new List<Connection>(16));
    }

    public static void MarkDirty(Connection connection)
    {
        if (t_depth == 0)
        {
            connection.Flush();
            return;
        }
        // The last few are the likely ones; a duplicate further back only costs an idle flush.
        var dirty = t_dirty!;
        for (int i = dirty.Count - 1, stop = Math.Max(0, dirty.Count - 8); i >= stop; i--)
        {
            if (ReferenceEquals(dirty[i], connection))
                return;
        }
        dirty.Add(connection);
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

    private static void Flush(List<Connection> dirty)
    {
        for (var i = 0; i < dirty.Count; i++)
            dirty[i].Flush();
        dirty.Clear();
    }
}
