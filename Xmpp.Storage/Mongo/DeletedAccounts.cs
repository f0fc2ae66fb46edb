using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Erases what accounts leave behind. The collection <c>deleted_account</c> has the id of each from before the account goes until
/// nothing can be left of it, so that it is finished when this process doesn't get to it: at the next start.
/// </summary>
internal sealed class DeletedAccounts : IAsyncDisposable
{
    private const int PageSize = 100;

    // Who deletes an account doesn't wait for all of a big archive.
    private const int ArchiveStepsAtOnce = 5;

    // Somebody notes it and may never come to delete the account: he has had the time.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private static readonly FindOptions Page = new() { Sort = BsonDocument.Build(w => w.Int32("_id", 1)), Limit = PageSize };

    private readonly MongoCollections _collections;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();

    public DeletedAccounts(MongoCollections collections, TimeProvider time)
    {
        (_collections, _time) = (collections, time);
        _timer = time.CreateTimer(
            static self => ((DeletedAccounts)self!).StartSweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long after the deletion writes that were under way may still arrive, from whichever process.</summary>
    public static TimeSpan Settled { get; } = TimeSpan.FromMinutes(2);

    /// <summary>The sweep that was begun last.</summary>
    internal Task Sweep { get; private set; } = Task.CompletedTask;

    /// <summary>Says that an account is about to be deleted.</summary>
    public async ValueTask NoteAsync(AccountId account)
    {
        // Anew, should it be there: an attempt before may have failed.
        var note = BsonDocument.Build((account, at: _time.GetUtcNow()), static (w, note) => w.Begin("$set").Date("at", note.at).End());
        await _collections.DeletedAccounts.UpdateAsync(AccountDocuments.ById(account), note, upsert: true);
        _timer.Change(Settled, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Erases the data of an account that is gone; what can't be erased now is erased later.</summary>
    public async ValueTask EraseAsync(AccountId account)
    {
        try
        {
            await EraseDataAsync(account, ArchiveStepsAtOnce);
        }
        catch (Exception failure) when (failure is StoreException or OperationCanceledException)
        {
            // The note stays.
        }
    }

    /// <summary>Finishes what was begun before, by whichever process.</summary>
    public void StartSweep()
    {
        lock (_gate)
        {
            if (Sweep.IsCompleted && !_closing.IsCancellationRequested)
                Sweep = SweepAsync();
        }
    }

    /// <summary>Erases what can be erased, and returns when it is done.</summary>
    public async ValueTask EraseAllAsync()
    {
        await Sweep;
        StartSweep();
        await Sweep;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _timer.DisposeAsync();
        await Sweep;
        _closing.Dispose();
    }

    private async Task SweepAsync()
    {
        var isAllDone = true;
        try
        {
            AccountId? last = null;
            while (await ReadPageAsync(last) is { Count: > 0 } page)
            {
                foreach (var (account, at) in page)
                    isAllDone &= await FinishAsync(account, at);
                last = page[^1].Account;
            }
        }
        catch (StoreException)
        {
            // The connection has reported the outage.
            isAllDone = false;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (!isAllDone)
            _timer.Change(Settled, Timeout.InfiniteTimeSpan);
    }

    private ValueTask<List<(AccountId Account, DateTimeOffset At)>> ReadPageAsync(AccountId? after)
    {
        var filter = after is { } last ? BsonDocument.Build(last, static (w, last) => w.Begin("_id").Account("$gt", last).End()) : default;
        return _collections.DeletedAccounts.FindAsync(
            filter, static document => (AccountIds.ReadId(document), document.Get("at"u8).Date), Page, _closing.Token);
    }

    /// <returns>Whether nothing more has to be done.</returns>
    private async ValueTask<bool> FinishAsync(AccountId account, DateTimeOffset at)
    {
        _closing.Token.ThrowIfCancellationRequested();
        var age = _time.GetUtcNow() - at;
        var exists = await _collections.Accounts.CountAsync(AccountDocuments.ById(account), 1) > 0;
        if (exists && age < Abandoned)
            return false;
        if (!exists)
            await EraseDataAsync(account, int.MaxValue);
        if (age < Settled)
            return false;

        await _collections.DeletedAccounts.DeleteAsync(AccountDocuments.ById(account));
        return true;
    }

    private async ValueTask EraseDataAsync(AccountId account, int archiveSteps)
    {
        foreach (var (collection, of) in _collections.DataOfAccounts)
            await collection.DeleteAsync(of(account), many: true);
        while (archiveSteps-- > 0 && !await MongoArchive.EraseStepAsync(_collections.ArchiveMessages, account))
            _closing.Token.ThrowIfCancellationRequested();
    }
}
