using System.Security.Cryptography;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>The collection <c>secret</c>.</summary>
internal sealed class MongoSecrets(MongoCollection secrets)
{
    public async ValueTask<byte[]> GetOrCreateAsync(string name, int bytes, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, cancellationToken) is { } found)
            return found;

        var made = RandomNumberGenerator.GetBytes(bytes);
        if (await secrets.InsertAsync(Write(name, made), cancellationToken))
            return made;

        // Somebody was faster, and it is his.
        return await FindAsync(name, cancellationToken)
            ?? throw new StoreException(
                StanzaErrorCondition.InternalServerError, $"The secret {name} was removed when it had just been made.");
    }

    internal static BsonDocument ById(string name) => BsonDocument.Build(name, static (w, name) => w.String("_id", name));

    internal static BsonDocument Write(string name, ReadOnlySpan<byte> value)
    {
        var writer = BsonWriter.Rent();
        return writer.String("_id", name).Bytes("value", value).ToDocument();
    }

    internal static SecretRecord Read(BsonReader document) => new(document.Get("_id"u8).String, document.Get("value"u8).Binary.ToArray());

    private ValueTask<byte[]?> FindAsync(string name, CancellationToken cancellationToken) => secrets.FindOneAsync(
        ById(name), static document => document.Get("value"u8).Binary.ToArray(), null, cancellationToken);
}
