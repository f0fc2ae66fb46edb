namespace Xmpp.Storage.Sqlite;

/// <summary>A write that leaves marks in memory, to be undone when it fails.</summary>
/// <param name="tail">Is told when it is committed.</param>
/// <param name="onFailed">Is told whether it had been executed: on the writer's thread then, before anything else is.</param>
internal sealed class ArchiveOperation<T>(ArchiveTail tail, Func<SqliteSession, T> body, Action<bool> onFailed)
    : WriteOperation<T>(body, CancellationToken.None)
{
    private bool _isExecuted;

    public override void Execute(SqliteSession session)
    {
        _isExecuted = true;
        base.Execute(session);
    }

    public override void Complete()
    {
        tail.Commit();
        base.Complete();
    }

    public override void Fail(Exception fault)
    {
        onFailed(_isExecuted);
        base.Fail(fault);
    }
}
