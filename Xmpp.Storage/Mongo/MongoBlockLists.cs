using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>The collection <c>blocked</c>: one document for each address on each list, nothing but its <c>_id</c>.</summary>
internal sealed class MongoBlockLists(MongoCollection blocked, AccountIds ids, AccountGates gates) : IBlockListStore
{
    public async ValueTask<IReadOnlyList<Jid>> LoadAsync(Jid account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        // In turn with changes, which may be of several addresses.
        using var turn = await gates.EnterAsync(account, cancellationToken);
        return await ids.FindAsync(account, cancellationToken) is { } id
            ? await blocked.FindAsync(
                AccountDocuments.Of(id), static document => document.Get("_id"u8).Document.Get("j"u8).ToJid(), null, cancellationToken)
            : [];
    }

    public async ValueTask<bool> ChangeAsync(
        Jid account, IReadOnlyList<Jid> added, IReadOnlyList<Jid> removed, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        using var turn = await gates.EnterAsync(account, cancellationToken);
        if (await ids.FindAsync(account, cancellationToken) is not { } id)
            return false;

        // Additions come first: should it end half way, rather too many are blocked than too few.
        var bulk = new MongoBulk();
        foreach (var jid in added.Distinct())
        {
            var document = Document(id, jid);
            bulk.Replace(document, document, upsert: true);
        }

        foreach (var jid in removed.Except(added))
            bulk.Delete(Document(id, jid));
        await blocked.PutAsync(bulk, cancellationToken);
        return true;
    }

    internal static BsonDocument Document(AccountId account, Jid jid) => BsonDocument.Build((account, jid), static (w, one) =>
        w.Key(one.account, "j", one.jid.ToString()));
}
