namespace Xmpp.Storage.Mongo;

/// <summary>
/// The documents on their way into one collection: what gathers while one batch is with the database is the next. One batch at a
/// time, in the order of the calls; a document that is refused concerns nobody else.
/// </summary>
/// <remarks>All but <see cref="Run"/> is called under the lock of the <see cref="MongoQueue"/>.</remarks>
internal sealed class InsertLane(string collection) : IMongoWork
{
    private const int MaxBatch = 1_000;
    private const int MaxBatchBytes = 16 * 1024 * 1024;

    private readonly Queue<BatchedInsert> _waiting = new();
    private readonly List<BatchedInsert> _batch = [];

    /// <summary>Whether a worker has it, or will.</summary>
    public bool Scheduled { get; set; }

    public bool Writes => true;

    public Queue<BatchedInsert> Waiting => _waiting;

    /// <summary>Moves what fits into the next batch.</summary>
    /// <param name="taken">Told of each document that no longer waits.</param>
    /// <returns>False when there is nothing to do.</returns>
    public bool Fill(Action<MongoRequest> taken)
    {
        _batch.Clear();
        var bytes = 0;
        while (_batch.Count < MaxBatch && _waiting.TryPeek(out var next) && (bytes == 0 || bytes + next.Bytes <= MaxBatchBytes))
        {
            taken(_waiting.Dequeue());
            if (!next.TryStart())
                continue;
            _batch.Add(next);
            bytes += next.Bytes;
        }

        return _batch.Count > 0;
    }

    public MongoFault? Run(MongoWorker worker)
    {
        var at = 0;
        try
        {
            while (at < _batch.Count)
            {
                var written = worker.Insert(collection, _batch, at, out var refusal);
                for (var end = at + written; at < end; at++)
                    _batch[at].Complete(true);
                if (refusal is { IsDuplicateKey: true })
                    _batch[at++].Complete(false);
                else if (refusal is not null)
                    _batch[at++].Fail(worker.Explain(refusal));
            }

            return null;
        }
        catch (Exception failure)
        {
            var fault = worker.Explain(ref failure);
            for (; at < _batch.Count; at++)
                _batch[at].Fail(failure);
            return fault;
        }
    }
}
