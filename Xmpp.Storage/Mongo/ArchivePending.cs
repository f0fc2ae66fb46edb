using Xmpp.Core;

namespace Xmpp.Storage.Mongo;

/// <summary>What is being added to archives, so that who reads one can wait for what was begun before.</summary>
internal sealed class ArchivePending
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Jid, List<Task>> _additions = [];

    public void Begin(Jid account, Task addition)
    {
        lock (_lock)
        {
            if (!_additions.TryGetValue(account, out var list))
                _additions.Add(account, list = []);
            list.Add(addition);
        }
    }

    public void End(Jid account, Task addition)
    {
        lock (_lock)
        {
            if (_additions.TryGetValue(account, out var list) && list.Remove(addition) && list.Count == 0)
                _additions.Remove(account);
        }
    }

    /// <summary>Waits for what is being added to the account's archive, however that ends.</summary>
    public ValueTask WaitAsync(Jid account, CancellationToken cancellationToken)
    {
        Task[] waiting;
        lock (_lock)
        {
            if (!_additions.TryGetValue(account, out var list))
                return ValueTask.CompletedTask;
            waiting = [.. list];
        }

        return new(WaitAsync(waiting, cancellationToken));
    }

    /// <summary>Waits for all that is being added.</summary>
    public Task WaitForAllAsync()
    {
        lock (_lock)
            return WaitAsync([.. _additions.Values.SelectMany(list => list)], CancellationToken.None);
    }

    // However they end, these tasks succeed.
    private static Task WaitAsync(Task[] additions, CancellationToken cancellationToken) =>
        Task.WhenAll(additions).WaitAsync(cancellationToken);
}
