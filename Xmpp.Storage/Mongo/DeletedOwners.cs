using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Erases what accounts, or rooms, leave behind. A collection has the id of each from before it goes until nothing can be left of it, so
/// that it is finished when this process doesn't get to it: at the next start.
/// </summary>
internal sealed class DeletedOwners : IAsyncDisposable
{
    private const int PageSize = 100;

    // Who deletes something doesn't wait for all of a big archive.
    private const int StepsAtOnce = 5;

    // Somebody notes it and may never come to delete it: he has had the time.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private static readonly FindOptions Page = new() { Sort = BsonDocument.Build(w => w.Int32("_id", 1)), Limit = PageSize };

    private readonly MongoCollection _notes;
    private readonly MongoCollection _owners;
    private readonly IReadOnlyList<(MongoCollection Collection, Func<AccountId, BsonDocument> Of)> _data;
    private readonly Func<AccountId, ValueTask<bool>> _eraseStep;
    private readonly Func<AccountId, ValueTask>? _eraseParts;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();

    /// <param name="notes">The ids of those that go.</param>
    /// <param name="owners">Whoever is in it hasn't gone yet.</param>
    /// <param name="data">What they have, but for what is erased step by step.</param>
    /// <param name="eraseStep">Erases some of what there may be very many of, and says whether nothing is left.</param>
    /// <param name="eraseParts">Deletes what they own that leaves things behind itself; or null.</param>
    public DeletedOwners(
        MongoCollection notes, MongoCollection owners,
        IReadOnlyList<(MongoCollection Collection, Func<AccountId, BsonDocument> Of)> data, Func<AccountId, ValueTask<bool>> eraseStep,
        TimeProvider time, Func<AccountId, ValueTask>? eraseParts = null)
    {
        (_notes, _owners, _data, _eraseStep, _time, _eraseParts) = (notes, owners, data, eraseStep, time, eraseParts);
        _timer = time.CreateTimer(
            static self => ((DeletedOwners)self!).StartSweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long after the deletion writes that were under way may still arrive, from whichever process.</summary>
    public static TimeSpan Settled { get; } = TimeSpan.FromMinutes(2);

    /// <summary>The sweep that was begun last.</summary>
    internal Task Sweep { get; private set; } = Task.CompletedTask;

    /// <summary>Says that somebody is about to be deleted.</summary>
    public async ValueTask NoteAsync(AccountId owner)
    {
        // Anew, should it be there: an attempt before may have failed.
        var note = BsonDocument.Build((owner, at: _time.GetUtcNow()), static (w, note) => w.Begin("$set").Date("at", note.at).End());
        await _notes.UpdateAsync(AccountDocuments.ById(owner), note, upsert: true);
        _timer.Change(Settled, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Erases the data of one that is gone; what can't be erased now is erased later.</summary>
    public async ValueTask EraseAsync(AccountId owner)
    {
        try
        {
            await EraseDataAsync(owner, StepsAtOnce);
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
                foreach (var (owner, at) in page)
                    isAllDone &= await FinishAsync(owner, at);
                last = page[^1].Owner;
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

    private ValueTask<List<(AccountId Owner, DateTimeOffset At)>> ReadPageAsync(AccountId? after)
    {
        var filter = after is { } last ? BsonDocument.Build(last, static (w, last) => w.Begin("_id").Account("$gt", last).End()) : default;
        return _notes.FindAsync(
            filter, static document => (AccountIds.ReadId(document), document.Get("at"u8).Date), Page, _closing.Token);
    }

    /// <returns>Whether nothing more has to be done.</returns>
    private async ValueTask<bool> FinishAsync(AccountId owner, DateTimeOffset at)
    {
        _closing.Token.ThrowIfCancellationRequested();
        var age = _time.GetUtcNow() - at;
        var exists = await _owners.CountAsync(AccountDocuments.ById(owner), 1) > 0;
        if (exists && age < Abandoned)
            return false;
        if (!exists)
            await EraseDataAsync(owner, int.MaxValue);
        if (age < Settled)
            return false;

        await _notes.DeleteAsync(AccountDocuments.ById(owner));
        return true;
    }

    private async ValueTask EraseDataAsync(AccountId owner, int steps)
    {
        if (_eraseParts is not null)
            await _eraseParts(owner);
        foreach (var (collection, of) in _data)
            await collection.DeleteAsync(of(owner), many: true);
        while (steps-- > 0 && !await _eraseStep(owner))
            _closing.Token.ThrowIfCancellationRequested();
    }
}
