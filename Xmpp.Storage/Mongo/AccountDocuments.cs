using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// How an account's documents are named: their <c>_id</c> is a document, first the account (<c>a</c>), then what tells them apart. So
/// they lie side by side in the one index that every collection has anyway, in the order of the second part.
/// </summary>
internal static class AccountDocuments
{
    /// <summary>All of an account, as a filter.</summary>
    public static BsonDocument Of(AccountId account) => BsonDocument.Build(account, static (w, account) =>
        w.Begin("_id").Above(account).Below(account).End());

    /// <summary>The document whose <c>_id</c> is the account itself, as a filter.</summary>
    public static BsonDocument ById(AccountId account) => BsonDocument.Build(account, static (w, account) => w.Account("_id", account));

    /// <summary>The <c>_id</c> of one of an account's documents.</summary>
    public static BsonWriter Key(this BsonWriter w, AccountId account, string part, string value) =>
        w.Begin("_id").Account("a", account).String(part, value).End();

    public static BsonWriter Account(this BsonWriter w, string name, AccountId account)
    {
        Span<byte> bytes = stackalloc byte[AccountId.Size];
        account.CopyTo(bytes);
        return w.ObjectId(name, bytes);
    }

    /// <summary>An id as an item of an array.</summary>
    public static BsonWriter Account(this BsonWriter w, AccountId account)
    {
        Span<byte> bytes = stackalloc byte[AccountId.Size];
        account.CopyTo(bytes);
        return w.Value(BsonType.ObjectId, bytes);
    }

    /// <summary>The lower end of an account's documents: one that says more than the account sorts behind it.</summary>
    public static BsonWriter Above(this BsonWriter w, AccountId account) => w.Begin("$gt").Account("a", account).End();

    /// <summary>The upper end: what comes second is compared by its type first, and MaxKey is the last of all types.</summary>
    public static BsonWriter Below(this BsonWriter w, AccountId account) =>
        w.Begin("$lt").Account("a", account).Value("z", BsonType.MaxKey, default).End();

    /// <summary>A stored address.</summary>
    /// <exception cref="StoreException">It is something else.</exception>
    public static Jid ToJid(this BsonReader element) => Jid.TryParse(element.Utf8Bytes, out var jid)
        ? jid
        : throw new StoreException(StanzaErrorCondition.InternalServerError, $"The stored address {element.String} is not a JID.");
}
