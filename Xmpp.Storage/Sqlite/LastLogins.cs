using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>
/// Notes of logins on their way to the database. They are written together a few seconds later, so that a login does not cost a
/// commit of its own; until then readers get them from here.
/// </summary>
internal sealed class LastLogins : IAsyncDisposable
{
    private const string UpdateSql =
        "UPDATE account SET last_login = $when WHERE host = $host AND name = $name";

    private const int ChunkSize = 500;

    // Reached only while the database fails; notes of further accounts are dropped then.
    private const int Limit = 100_000;

    internal static readonly TimeSpan Delay = TimeSpan.FromSeconds(5);

    private readonly SqliteWriter _writer;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<Jid, DateTimeOffset> _pending = [];

    public LastLogins(SqliteWriter writer, TimeProvider time)
    {
        _writer = writer;
        _timer = time.CreateTimer(static self => ((LastLogins)self!).StartFlush(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The writing that the timer began last.</summary>
    internal Task Flush { get; private set; } = Task.CompletedTask;

    public void Note(Jid account, DateTimeOffset when)
    {
        lock (_gate)
        {
            if (_pending.Count < Limit || _pending.ContainsKey(account))
                _pending[account] = when;
            if (_pending.Count == 1)
                _timer.Change(Delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The login that is not stored yet, or null.</summary>
    public DateTimeOffset? Find(Jid account)
    {
        lock (_gate)
            return _pending.TryGetValue(account, out var when) ? when : null;
    }

    public void Forget(Jid account)
    {
        lock (_gate)
            _pending.Remove(account);
    }

    /// <summary>Writes what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await Flush;
        await FlushAsync();
    }

    private void StartFlush()
    {
        lock (_gate)
        {
            if (Flush.IsCompleted)
                Flush = FlushAsync();
        }
    }

    private async Task FlushAsync()
    {
        KeyValuePair<Jid, DateTimeOffset>[] noted;
        lock (_gate)
            noted = [.. _pending];

        try
        {
            foreach (var chunk in noted.Chunk(ChunkSize))
            {
                await _writer.WriteAsync(session => Write(session, chunk), CancellationToken.None);
                Forget(chunk);
            }
        }
        catch (StoreException)
        {
            // The writer has reported the outage; the notes stay for the next attempt.
        }

        lock (_gate)
        {
            if (_pending.Count > 0)
                _timer.Change(Delay, Timeout.InfiniteTimeSpan);
        }
    }

    private static int Write(SqliteSession session, KeyValuePair<Jid, DateTimeOffset>[] logins)
    {
        foreach (var (account, when) in logins)
            session.Execute(UpdateSql, ("$when", when.ToUnixTimeMilliseconds()), ("$host", account.Domain), ("$name", account.Local));
        return logins.Length;
    }

    private void Forget(KeyValuePair<Jid, DateTimeOffset>[] logins)
    {
        lock (_gate)
        {
            foreach (var (account, when) in logins)
            {
                if (_pending.TryGetValue(account, out var latest) && latest == when)
                    _pending.Remove(account);
            }
        }
    }
}
