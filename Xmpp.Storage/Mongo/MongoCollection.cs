namespace Xmpp.Storage.Mongo;

/// <summary>
/// A collection. Nobody's thread waits in it. Cancelled before it has begun, an operation has not been and will not be done; once it
/// has begun its outcome is the database's.
/// </summary>
/// <remarks>
/// All throw <c>StoreException</c>, with <c>resource-constraint</c> when waiting may help. Writes are done with the write concern
/// <c>majority</c> and the journal; when that is not confirmed in time, or the connection fails twice, they may have been done.
/// </remarks>
internal sealed class MongoCollection(MongoConnection connection, string name)
{
    private readonly InsertLane _lane = new(name);

    public string Name => name;

    /// <summary>The first document found; the default when there is none.</summary>
    public ValueTask<T?> FindOneAsync<T>(
        BsonDocument filter, BsonRead<T> read, FindOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = options is null ? FindOptions.One : options.Limit == 1 ? options : options.With(limit: 1);
        return connection.RunAsync<T?>(worker => worker.Find(name, filter, options.ToDocument(), read) is [var first, ..] ? first : default,
            writes: false, filter.Length, cancellationToken);
    }

    /// <summary>All documents found, up to the limit of the options.</summary>
    public ValueTask<List<T>> FindAsync<T>(
        BsonDocument filter, BsonRead<T> read, FindOptions? options = null, CancellationToken cancellationToken = default) =>
        connection.RunAsync(worker => worker.Find(name, filter, (options ?? FindOptions.All).ToDocument(), read),
            writes: false, filter.Length, cancellationToken);

    /// <returns>False when a unique key is there already.</returns>
    public async ValueTask<bool> InsertAsync(BsonDocument document, CancellationToken cancellationToken = default) =>
        !(await ExecuteAsync(BulkStep.Insert(document), cancellationToken)).IsDuplicate;

    /// <summary>
    /// Inserts the document together with those of other callers: what gathers while the batch before is with the database, up to
    /// 1,000 documents or 16 MiB, goes together, in the order of the calls.
    /// </summary>
    /// <returns>False when a unique key of this very document is there already.</returns>
    public ValueTask<bool> InsertBatchedAsync(BsonDocument document, CancellationToken cancellationToken = default) =>
        connection.InsertAsync(_lane, document, cancellationToken);

    /// <param name="update">With operators, such as <c>$set</c>.</param>
    /// <param name="many">All that match; the driver does not repeat such an update after a failure.</param>
    /// <param name="upsert">Make one when none matches.</param>
    public ValueTask<BulkCounts> UpdateAsync(
        BsonDocument filter, BsonDocument update, bool many = false, bool upsert = false, CancellationToken cancellationToken = default) =>
        ExecuteAsync(BulkStep.Update(filter, update, many, upsert), cancellationToken);

    /// <param name="document">Takes the place of the one that matches, but for its <c>_id</c>.</param>
    /// <param name="upsert">Make one when none matches.</param>
    public ValueTask<BulkCounts> ReplaceAsync(
        BsonDocument filter, BsonDocument document, bool upsert = false, CancellationToken cancellationToken = default) =>
        ExecuteAsync(BulkStep.Replace(filter, document, upsert), cancellationToken);

    /// <summary>Changes the first document found and answers with it, in one step; the default when there is none.</summary>
    public ValueTask<T?> FindAndUpdateAsync<T>(
        BsonDocument filter, BsonDocument update, BsonRead<T> read, FindAndUpdateOptions options = default,
        CancellationToken cancellationToken = default) =>
        connection.RunAsync(worker => worker.FindAndModify(name, filter, update, options, read),
            writes: true, filter.Length + update.Length, cancellationToken);

    /// <param name="many">All that match; the driver does not repeat that after a failure.</param>
    /// <returns>How many were deleted.</returns>
    public async ValueTask<long> DeleteAsync(BsonDocument filter, bool many = false, CancellationToken cancellationToken = default) =>
        (await ExecuteAsync(BulkStep.Delete(filter, many), cancellationToken)).Deleted;

    /// <param name="limit">Where to stop counting.</param>
    public async ValueTask<long> CountAsync(BsonDocument filter, long? limit = null, CancellationToken cancellationToken = default)
    {
        var pipeline = BsonDocument.Build((filter, limit), static (stages, wanted) =>
        {
            stages.BeginArray("pipeline").Begin().Document("$match", wanted.filter).End();
            if (wanted.limit is { } limit)
                stages.Begin().Int64("$limit", limit).End();
            stages.Begin().String("$count", "n").End().End();
        });
        // Where nothing matched there is no document with a count.
        return (await AggregateAsync(pipeline, static counted => counted.Get("n"u8).Int64, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Does the steps one after the other until one is refused for its key, which is said in the counts.</summary>
    public ValueTask<BulkCounts> BulkAsync(MongoBulk bulk, CancellationToken cancellationToken = default) => bulk.Steps.Count == 0
        ? new(new BulkCounts())
        : connection.RunAsync(worker => worker.Execute(name, [.. bulk.Steps]), writes: true, bulk.Bytes, cancellationToken);

    /// <param name="pipeline">A document with the array "pipeline".</param>
    public ValueTask<List<T>> AggregateAsync<T>(BsonDocument pipeline, BsonRead<T> read, CancellationToken cancellationToken = default) =>
        connection.RunAsync(worker => worker.Aggregate(name, pipeline, read), writes: false, pipeline.Length, cancellationToken);

    /// <summary>Makes an index, unless there is the same already.</summary>
    /// <param name="keys">Field and direction, in order.</param>
    /// <param name="partialFilter">Only documents that match are in it.</param>
    /// <param name="expireAfter">Documents are deleted when the field, a date, is this long ago.</param>
    public async ValueTask CreateIndexAsync(
        BsonDocument keys, string indexName, bool unique = false, BsonDocument partialFilter = default, TimeSpan? expireAfter = null,
        CancellationToken cancellationToken = default)
    {
        var command = BsonDocument.Build(index =>
        {
            index.String("createIndexes", name).BeginArray("indexes").Begin().Document("key", keys).String("name", indexName);
            if (unique)
                index.Bool("unique", true);
            if (!partialFilter.IsEmpty)
                index.Document("partialFilterExpression", partialFilter);
            if (expireAfter is { } duration)
                index.Int64("expireAfterSeconds", (long)duration.TotalSeconds);
            index.End().End();
        });
        await connection.WriteCommandAsync(command, static _ => true, cancellationToken);
    }

    private ValueTask<BulkCounts> ExecuteAsync(BulkStep step, CancellationToken cancellationToken) =>
        connection.RunAsync(worker => worker.Execute(name, new(in step)), writes: true, step.Bytes, cancellationToken);
}
