using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// Erases in the background what is nobody's any more, a few rows at a time, so that others have their turn: what accounts, rooms and
/// nodes have left behind that are gone.
/// </summary>
/// <param name="readers">Look for it.</param>
/// <param name="orphanSql">Finds the id of one.</param>
/// <param name="eraseStep">Erases some rows of it, and says whether nothing is left.</param>
internal sealed class OrphanEraser(SqliteReaders readers, string orphanSql, Func<long, ValueTask<bool>> eraseStep)
{
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private volatile bool _isClosing;

    /// <summary>The erasing that was begun last.</summary>
    public Task Running
    {
        get
        {
            lock (_lock)
                return _running;
        }
    }

    /// <summary>Begins, unless that is being done.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_running.IsCompleted && !_isClosing)
                _running = EraseAsync();
        }
    }

    /// <summary>Erases all there is now.</summary>
    public async ValueTask FinishAsync()
    {
        await Running;
        Start();
        await Running;
    }

    /// <summary>Ends erasing; the rest is erased by whoever opens the store next.</summary>
    public async ValueTask CloseAsync()
    {
        lock (_lock)
            _isClosing = true;
        await Running;
    }

    private async Task EraseAsync()
    {
        try
        {
            // What is left behind meanwhile is found by the next look.
            while (!_isClosing && await readers.ReadAsync(session => session.Statement(orphanSql).FindInteger(), default) is { } orphan)
            {
                while (!_isClosing && !await eraseStep(orphan))
                {
                }
            }
        }
        catch (StoreException)
        {
            // It has been reported. What is left is nobody's; it is erased after the next removal, or start.
        }
    }
}
