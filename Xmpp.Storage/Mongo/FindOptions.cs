namespace Xmpp.Storage.Mongo;

/// <summary>Which of the documents found are wanted, in which order, and what of them. Can be kept and used again.</summary>
internal sealed class FindOptions
{
    public static readonly FindOptions One = new() { Limit = 1 };

    public static readonly FindOptions All = new();

    private BsonDocument? _document;

    public BsonDocument Sort { get; init; }

    public BsonDocument Projection { get; init; }

    /// <summary>0: no limit.</summary>
    public int Limit { get; init; }

    public int Skip { get; init; }

    public FindOptions With(int limit) => new() { Sort = Sort, Projection = Projection, Skip = Skip, Limit = limit };

    /// <summary>As the driver takes it.</summary>
    public BsonDocument ToDocument() => _document ??= BsonDocument.Build(this, static (options, wanted) =>
    {
        if (!wanted.Sort.IsEmpty)
            options.Document("sort", wanted.Sort);
        if (!wanted.Projection.IsEmpty)
            options.Document("projection", wanted.Projection);
        if (wanted.Skip > 0)
            options.Int64("skip", wanted.Skip);
        // All that is wanted comes at once, as far as a reply can hold it. One more, and the server closes the cursor at the end.
        if (wanted.Limit > 0)
            options.Int64("limit", wanted.Limit).Int64("batchSize", Math.Min(wanted.Limit + 1L, int.MaxValue));
    });
}

/// <summary>What becomes of the first document found, and which state of it is the answer.</summary>
internal readonly record struct FindAndUpdateOptions
{
    /// <summary>Make one when there is none.</summary>
    public bool Upsert { get; init; }

    /// <summary>Answer with the document as it is after the change.</summary>
    public bool ReturnNew { get; init; }

    /// <summary>Delete it; the update is ignored.</summary>
    public bool Remove { get; init; }

    public BsonDocument Sort { get; init; }

    public BsonDocument Projection { get; init; }
}
