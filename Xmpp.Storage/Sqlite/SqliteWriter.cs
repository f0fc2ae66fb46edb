using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// The one thread that writes. What queues up while it commits becomes its next transaction (group commit): a wait
/// for the disk costs the same for one operation as for a hundred.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int MaxBatch = 100;

    private readonly SqliteFile _file;
    private readonly StoreHealth _health;
    private readonly Channel<WriteOperation> _queue;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SqliteSession? _session;
    private StoreException? _outage;
    private volatile bool _closed;

    public SqliteWriter(SqliteFile file, StoreHealth health, int queueLimit)
    {
        _file = file;
        _health = health;
        _queue = Channel.CreateBounded<WriteOperation>(new BoundedChannelOptions(queueLimit) { SingleReader = true });
        new Thread(Run) { Name = "SQLite writer", IsBackground = true }.Start();
    }

    public int Queued => _queue.Reader.Count;

    /// <summary>
    /// Runs the operation on the writer's thread, with its neighbours in one transaction but undone alone should it throw.
    /// Cancelled, it has not been and will not be executed.
    /// </summary>
    /// <returns>Completes behind the commit, on the thread pool.</returns>
    /// <exception cref="StoreException">At once when the queue is full or the store closed, later when the database fails.</exception>
    public ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<T>(cancellationToken);

        return WriteAsync(new WriteOperation<T>(body, cancellationToken));
    }

    /// <inheritdoc cref="WriteAsync{T}(Func{SqliteSession, T}, CancellationToken)"/>
    public ValueTask<T> WriteAsync<T>(WriteOperation<T> operation)
    {
        if (!_queue.Writer.TryWrite(operation) && operation.TryStart())
        {
            operation.Fail(new StoreException(StanzaErrorCondition.ResourceConstraint,
                _closed ? $"{_file.Path} is being closed." : $"{_file.Path}: too many writes are waiting."));
        }

        return new(operation.Completion);
    }

    /// <summary>Commits what is queued, or refuses it when the database fails, and ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        _queue.Writer.TryComplete();
        await _ended.Task;
    }

    private void Run()
    {
        var batch = new List<WriteOperation>(MaxBatch);
        while (WaitForWork())
        {
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var operation))
            {
                if (operation.TryStart())
                    batch.Add(operation);
            }

            if (batch.Count > 0)
                Commit(batch);
            batch.Clear();
        }

        _session?.Dispose();
        _ended.SetResult();
    }

    // The thread is the writer's own: it may block.
    private bool WaitForWork()
    {
        var available = _queue.Reader.WaitToReadAsync();
        return available.IsCompleted ? available.Result : available.AsTask().Result;
    }

    private void Commit(List<WriteOperation> batch)
    {
        // Closing does not wait for a lock again and again, once for each batch.
        if (_outage is not null && _closed)
        {
            Refuse(batch, _outage);
            return;
        }

        try
        {
            _file.RequireInPlace();
            var session = _session ??= _file.OpenWriter();
            session.Begin();
            batch.RemoveAll(operation => !TryExecute(session, operation));
            session.Commit();
        }
        catch (Exception fault) when (fault is SqliteException or StoreException)
        {
            // Whatever state the transaction is in, closing the session rolls it back; the next batch opens a new one.
            _session?.Dispose();
            _session = null;
            _outage = fault as StoreException ?? SqliteFault.ToStoreException((SqliteException)fault, _file.Path);
            if (SqliteFault.IsDamage(fault))
                _health.Damaged(_outage.Message);
            else
                _health.WriteFailed(_outage.Message);
            Refuse(batch, _outage);
            return;
        }

        _outage = null;
        _health.WriteSucceeded();
        foreach (var operation in batch)
            operation.Complete();
    }

    private static void Refuse(List<WriteOperation> batch, StoreException fault)
    {
        foreach (var operation in batch)
            operation.Fail(fault);
    }

    // What the operation itself did wrong concerns nobody else; a full or failing disk concerns the whole batch.
    private bool TryExecute(SqliteSession session, WriteOperation operation)
    {
        session.BeginOperation();
        try
        {
            operation.Execute(session);
            session.EndOperation();
            return true;
        }
        catch (Exception fault) when (session.InTransaction && !SqliteFault.IsOutage(fault))
        {
            operation.Fail(fault is SqliteException error ? SqliteFault.ToStoreException(error, _file.Path) : fault);
            session.UndoOperation();
            return false;
        }
    }
}
