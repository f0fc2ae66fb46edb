using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>Inserts, updates and deletes: all are bulk operations to the driver.</summary>
internal sealed unsafe partial class MongoWorker
{
    // { "upsert": true }
    private static readonly BsonDocument Upsert = BsonDocument.Build(static options => options.Bool("upsert", true));

    /// <summary>Does one step after the other, until one is refused.</summary>
    /// <exception cref="MongoException">Another failure than a duplicate key.</exception>
    public BulkCounts Execute(string collection, ReadOnlySpan<BulkStep> steps)
    {
        using var bulk = LibMongoc.mongoc_collection_create_bulk_operation_with_opts(Collection(collection), null);
        foreach (ref readonly var step in steps)
        {
            BsonError error;
            if (!Append(bulk, step, &error))
                throw MongoException.Of(&error);
        }

        var counts = Execute(bulk, out var refusal);
        return refusal is null or { IsDuplicateKey: true } ? counts : throw refusal;
    }

    /// <summary>Inserts the documents from <paramref name="from"/> on, until one is refused.</summary>
    /// <param name="refusal">What is wrong with the document behind those that were written; null when all were.</param>
    /// <returns>How many were written.</returns>
    /// <exception cref="MongoException">The database fails, and nobody knows what was written.</exception>
    public int Insert(string collection, IReadOnlyList<BatchedInsert> documents, int from, out MongoException? refusal)
    {
        using var bulk = LibMongoc.mongoc_collection_create_bulk_operation_with_opts(Collection(collection), null);
        MongoException? unfit = null;
        var count = 0;
        for (var i = from; i < documents.Count && unfit is null; i++)
        {
            BsonError error;
            if (Append(bulk, BulkStep.Insert(documents[i].Document), &error))
                count++;
            else
                unfit = MongoException.Of(&error);
        }

        refusal = unfit;
        if (count == 0)
            return 0;
        var counts = Execute(bulk, out var refused);
        refusal = refused ?? unfit;
        return refused is null ? count : counts.RefusedAt;
    }

    // The driver copies what it is given.
    private bool Append(SafeBulk bulk, in BulkStep step, BsonError* error)
    {
        fixed (byte* filterBytes = step.Filter.Bytes, bytes = step.Document.Bytes, upsertBytes = Upsert.Bytes)
        {
            var document = Lend(0, bytes, step.Document);
            var filter = Lend(1, filterBytes, step.Filter);
            var options = step.Upsert ? Lend(2, upsertBytes, Upsert) : null;
            return step.Kind switch
            {
                BulkKind.Insert => LibMongoc.mongoc_bulk_operation_insert_with_opts(bulk, document, null, error),
                BulkKind.UpdateOne => LibMongoc.mongoc_bulk_operation_update_one_with_opts(bulk, filter, document, options, error),
                BulkKind.UpdateMany => LibMongoc.mongoc_bulk_operation_update_many_with_opts(bulk, filter, document, options, error),
                BulkKind.ReplaceOne => LibMongoc.mongoc_bulk_operation_replace_one_with_opts(bulk, filter, document, options, error),
                BulkKind.DeleteOne => LibMongoc.mongoc_bulk_operation_remove_one_with_opts(bulk, filter, null, error),
                _ => LibMongoc.mongoc_bulk_operation_remove_many_with_opts(bulk, filter, null, error),
            };
        }
    }

    private BulkCounts Execute(SafeBulk bulk, out MongoException? refusal)
    {
        BsonError error;
        var reply = _slots + ReplySlot;
        var done = LibMongoc.mongoc_bulk_operation_execute(bulk, reply, &error) != 0;
        try
        {
            var counts = ReadCounts(new BsonReader(new(LibBson.bson_get_data(reply), (int)reply->Length)), out refusal);
            return done || refusal is not null ? counts : throw MongoException.Of(&error);
        }
        finally
        {
            LibBson.bson_destroy(reply);
        }
    }

    private static BulkCounts ReadCounts(BsonReader reply, out MongoException? refusal)
    {
        var counts = new BulkCounts();
        refusal = null;
        while (reply.Next())
        {
            if (reply.Name.SequenceEqual("nInserted"u8))
                counts = counts with { Inserted = reply.Int32 };
            else if (reply.Name.SequenceEqual("nMatched"u8))
                counts = counts with { Matched = reply.Int32 };
            else if (reply.Name.SequenceEqual("nModified"u8))
                counts = counts with { Modified = reply.Int32 };
            else if (reply.Name.SequenceEqual("nUpserted"u8))
                counts = counts with { Upserted = reply.Int32 };
            else if (reply.Name.SequenceEqual("nRemoved"u8))
                counts = counts with { Deleted = reply.Int32 };
            else if (reply.Name.SequenceEqual("writeErrors"u8) && First(reply.Array, out var error))
                (counts, refusal) = (counts with { RefusedAt = error.Get("index"u8).Int32 }, Error(error, MongoErrorDomain.Server));
            else if (reply.Name.SequenceEqual("writeConcernErrors"u8) && First(reply.Array, out error))
                // Then nothing of it is certain.
                throw Error(error, MongoErrorDomain.WriteConcern);
        }

        return counts;
    }

    private static bool First(BsonReader array, out BsonReader first)
    {
        first = array.Next() ? array.Document : default;
        return !first.Bytes.IsEmpty;
    }

    private static MongoException Error(BsonReader error, MongoErrorDomain domain) => new(
        domain, (uint)error.Get("code"u8).Int32, error.Find("errmsg"u8) ? error.String : "");
}
