namespace Xmpp.Storage.Sqlite;

/// <summary>A piece of work for the <see cref="SqliteWriter"/>: done whole or not at all.</summary>
internal abstract class WriteOperation
{
    /// <summary>Begins it, unless its caller has cancelled it. From here on its outcome is the database's.</summary>
    public abstract bool TryStart();

    /// <summary>Does the work and keeps the result for <see cref="Complete"/>.</summary>
    public abstract void Execute(SqliteSession session);

    /// <summary>Hands out the result: it is committed.</summary>
    public abstract void Complete();

    /// <summary>Hands out the failure; only the first one counts.</summary>
    public abstract void Fail(Exception fault);
}

/// <inheritdoc/>
internal class WriteOperation<T> : WriteOperation
{
    private readonly Func<SqliteSession, T> _body;
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _cancellation;
    private int _claimed;
    private T _result = default!;

    public WriteOperation(Func<SqliteSession, T> body, CancellationToken cancellationToken)
    {
        _body = body;
        _cancellation = cancellationToken.UnsafeRegister(
            static (operation, token) => ((WriteOperation<T>)operation!).Cancel(token), this);
    }

    public Task<T> Completion => _completion.Task;

    public override bool TryStart()
    {
        _cancellation.Unregister();
        return Claim();
    }

    public override void Execute(SqliteSession session) => _result = _body(session);

    public override void Complete() => _completion.SetResult(_result);

    public override void Fail(Exception fault) => _completion.TrySetException(fault);

    private void Cancel(CancellationToken token)
    {
        if (Claim())
            _completion.SetCanceled(token);
    }

    private bool Claim() => Interlocked.Exchange(ref _claimed, 1) == 0;
}
