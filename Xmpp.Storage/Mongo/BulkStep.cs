namespace Xmpp.Storage.Mongo;

internal enum BulkKind : byte
{
    Insert,
    UpdateOne,
    UpdateMany,
    ReplaceOne,
    DeleteOne,
    DeleteMany,
}

/// <summary>One of the writes of a bulk.</summary>
internal readonly record struct BulkStep(BulkKind Kind, BsonDocument Filter, BsonDocument Document, bool Upsert)
{
    public int Bytes => Filter.Length + Document.Length;

    public static BulkStep Insert(BsonDocument document) => new(BulkKind.Insert, default, document, false);

    public static BulkStep Update(BsonDocument filter, BsonDocument update, bool many, bool upsert) =>
        new(many ? BulkKind.UpdateMany : BulkKind.UpdateOne, filter, update, upsert);

    public static BulkStep Replace(BsonDocument filter, BsonDocument document, bool upsert) =>
        new(BulkKind.ReplaceOne, filter, document, upsert);

    public static BulkStep Delete(BsonDocument filter, bool many) =>
        new(many ? BulkKind.DeleteMany : BulkKind.DeleteOne, filter, default, false);
}

/// <summary>Writes that are done one after the other, until one has a key that is there already; not a transaction.</summary>
internal sealed class MongoBulk
{
    private const int MaxSteps = 1_000;
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly List<BulkStep> _steps = [];

    public IReadOnlyList<BulkStep> Steps => _steps;

    public int Bytes { get; private set; }

    public MongoBulk Insert(BsonDocument document) => Add(BulkStep.Insert(document));

    public MongoBulk Update(BsonDocument filter, BsonDocument update, bool many = false, bool upsert = false) =>
        Add(BulkStep.Update(filter, update, many, upsert));

    public MongoBulk Replace(BsonDocument filter, BsonDocument document, bool upsert = false) =>
        Add(BulkStep.Replace(filter, document, upsert));

    public MongoBulk Delete(BsonDocument filter, bool many = false) => Add(BulkStep.Delete(filter, many));

    public MongoBulk Add(BulkStep step)
    {
        _steps.Add(step);
        Bytes += step.Bytes;
        return this;
    }

    /// <summary>The same steps in bulks that don't keep a thread and the database busy for long: usually this one.</summary>
    public IEnumerable<MongoBulk> Split()
    {
        if (_steps.Count <= MaxSteps && Bytes <= MaxBytes)
        {
            yield return this;
            yield break;
        }

        var part = new MongoBulk();
        foreach (var step in _steps)
        {
            if (part._steps.Count == MaxSteps || (part.Bytes > 0 && part.Bytes + step.Bytes > MaxBytes))
            {
                yield return part;
                part = new MongoBulk();
            }

            part.Add(step);
        }

        yield return part;
    }
}

/// <summary>What a write or a bulk of them did.</summary>
/// <param name="Matched">Documents that an update's or a replacement's filter matched.</param>
/// <param name="Modified">Those of them that are different now.</param>
/// <param name="Upserted">Documents that were made since none matched.</param>
/// <param name="RefusedAt">The step whose key is there already, behind which nothing was done; -1 when all steps were done.</param>
internal readonly record struct BulkCounts(int Inserted, int Matched, int Modified, int Upserted, int Deleted, int RefusedAt)
{
    public BulkCounts()
        : this(0, 0, 0, 0, 0, -1)
    {
    }

    public bool IsDuplicate => RefusedAt >= 0;
}
