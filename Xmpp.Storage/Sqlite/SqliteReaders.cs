using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>A few sessions that read in parallel, beside the writer and each other; opened on first use.</summary>
internal sealed class SqliteReaders(SqliteFile file, StoreHealth health, int count, int queueLimit) : IAsyncDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentStack<SqliteSession> _idle = [];
    private int _pending;
    private volatile bool _closed;

    /// <summary>Runs the query on the thread pool, never on the caller's thread, and completes there.</summary>
    /// <exception cref="StoreException">Too many reads are waiting, or the database fails.</exception>
    public async ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> query, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _pending) > queueLimit)
        {
            Interlocked.Decrement(ref _pending);
            throw new StoreException(StanzaErrorCondition.ResourceConstraint, $"{file.Path}: too many reads are waiting.");
        }

        try
        {
            await _free.WaitAsync(cancellationToken);
            try
            {
                await Task.Yield();
                return Read(query);
            }
            finally
            {
                _free.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    /// <summary>Waits for the reads that run.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        for (var i = 0; i < count; i++)
            await _free.WaitAsync();
        while (_idle.TryPop(out var session))
            session.Dispose();
        _free.Release(count);
    }

    private T Read<T>(Func<SqliteSession, T> query)
    {
        if (_closed)
            throw new StoreException(StanzaErrorCondition.ResourceConstraint, $"{file.Path} is being closed.");

        SqliteSession? session = null;
        try
        {
            if (!_idle.TryPop(out session))
                session = file.OpenSession();
            var result = query(session);
            _idle.Push(session);
            session = null;
            health.ReadSucceeded();
            return result;
        }
        catch (SqliteException fault)
        {
            var problem = SqliteFault.ToStoreException(fault, file.Path);
            if (SqliteFault.IsDamage(fault))
                health.Damaged(problem.Message);
            else if (SqliteFault.IsOutage(fault))
                health.ReadFailed(problem.Message);
            throw problem;
        }
        finally
        {
            session?.Dispose();
        }
    }
}
