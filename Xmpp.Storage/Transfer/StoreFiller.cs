using System.Threading.Channels;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>Puts records into a store in batches, while the next are made ready.</summary>
internal sealed class StoreFiller : IAsyncDisposable
{
    private const int BatchRecords = 1000;
    private const int BatchBytes = 4 * 1024 * 1024;

    private readonly IStoreTransfer _store;
    private readonly Channel<List<StoreRecord>> _batches = Channel.CreateBounded<List<StoreRecord>>(1);
    private readonly Task _writing;
    private List<StoreRecord> _batch = [];
    private int _bytes;
    private TransferMark? _mark;

    /// <param name="mark">How far the store is filled already.</param>
    public StoreFiller(IStoreTransfer store, TransferMark mark)
    {
        (_store, _mark) = (store, mark);
        _writing = WriteAsync();
    }

    /// <summary>Adds a record; waits when that fills a batch and the one before is still waiting.</summary>
    /// <param name="bytes">About how many it has.</param>
    /// <exception cref="StoreException">An earlier batch could not be stored.</exception>
    public ValueTask AddAsync(StoreRecord record, int bytes, CancellationToken cancellationToken)
    {
        _batch.Add(record);
        _bytes += bytes;
        return _batch.Count >= BatchRecords || _bytes >= BatchBytes ? SendAsync(cancellationToken) : default;
    }

    /// <summary>Says what is complete with the records added so far; stored behind them.</summary>
    public void Mark(TransferMark mark) => _mark = mark;

    /// <summary>Sends what is left and waits until everything is stored.</summary>
    /// <inheritdoc cref="AddAsync" path="/exception"/>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await SendAsync(cancellationToken);
        _batches.Writer.Complete();
        await _writing;
    }

    /// <summary>Waits until nothing is written any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _batches.Writer.TryComplete();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (_mark is not null)
            _batch.Add(_mark.ToRecord());
        // The writing ends before the batches do only by failing.
        await await Task.WhenAny(_writing, _batches.Writer.WriteAsync(_batch, cancellationToken).AsTask());
        (_batch, _bytes, _mark) = ([], 0, null);
    }

    private async Task WriteAsync()
    {
        // What has begun is finished: only what is between batches can be cancelled.
        await foreach (var batch in _batches.Reader.ReadAllAsync())
            await _store.RestoreAsync(batch, CancellationToken.None);
    }
}
