using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>Documents put in the place of others, or where none is.</summary>
internal static class MongoUpserts
{
    // Each time somebody must have made, and somebody removed, the same document in between.
    private const int Attempts = 10;

    /// <summary>Puts one in the place of the one with its <c>_id</c>.</summary>
    public static ValueTask PutAsync(
        this MongoCollection collection, BsonDocument id, BsonDocument document, CancellationToken cancellationToken) =>
        collection.PutAsync(new MongoBulk().Replace(id, document, upsert: true), cancellationToken);

    /// <summary>
    /// Does steps that come to the same when they are done twice. Of two that make a document at once one is told that it is there
    /// already: doing it again it replaces the other's.
    /// </summary>
    public static async ValueTask PutAsync(this MongoCollection collection, MongoBulk steps, CancellationToken cancellationToken)
    {
        foreach (var part in steps.Split())
        {
            await collection.PutPartAsync(part, cancellationToken);
            // What has begun is not broken off.
            cancellationToken = CancellationToken.None;
        }
    }

    private static async ValueTask PutPartAsync(this MongoCollection collection, MongoBulk steps, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (!(await collection.BulkAsync(steps, cancellationToken)).IsDuplicate)
                return;
        }

        throw new StoreException(
            StanzaErrorCondition.ResourceConstraint, $"Too many write the same document of {collection.Name} at once.");
    }
}
