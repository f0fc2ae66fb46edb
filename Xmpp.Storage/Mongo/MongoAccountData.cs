using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>The collection <c>account_data</c>, one document for each value. Its size stands in it, for adding up.</summary>
internal sealed class MongoAccountData(MongoCollection values, AccountIds ids, AccountGates gates) : IAccountDataStore
{
    private static readonly BsonDocument ById = BsonDocument.Build(w => w.Int32("_id", 1));
    private static readonly FindOptions InOrder = new() { Sort = ById };

    public async ValueTask<ReadOnlyMemory<byte>?> FindAsync(Jid account, string kind, string key, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        return await ids.FindAsync(account, cancellationToken) is { } id
            ? await values.FindOneAsync<ReadOnlyMemory<byte>?>(
                Value(id, kind, key), static document => ReadValue(document), null, cancellationToken)
            : null;
    }

    public async ValueTask<IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>>> ListAsync(
        Jid account, string kind, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        return await ids.FindAsync(account, cancellationToken) is { } id
            ? await values.FindAsync(
                OfKind(id, kind),
                static document => KeyValuePair.Create(document.Get("_id"u8).Document.Get("n"u8).String, ReadValue(document)),
                InOrder, cancellationToken)
            : [];
    }

    public ValueTask<AccountDataOutcome> SetAsync(
        Jid account, string kind, string key, ReadOnlyMemory<byte> value, AccountDataLimit limit, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        // The caller's memory is his own again as soon as this returns.
        return SetAsync(account, kind, key, value.ToArray(), limit, cancellationToken);
    }

    public async ValueTask<bool> RemoveAsync(Jid account, string kind, string key, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        return await ids.FindAsync(account, cancellationToken) is { } id
            && await values.DeleteAsync(Value(id, kind, key), cancellationToken: cancellationToken) > 0;
    }

    internal static BsonDocument Write(AccountId account, string kind, string key, ReadOnlyMemory<byte> value) =>
        BsonDocument.Build((account, kind, key, value), static (w, kept) =>
            WriteKey(w, kept.account, kept.kind, kept.key).Int32("size", kept.value.Length).Bytes("value", kept.value.Span));

    internal static DataRecord Read(Jid account, BsonReader document)
    {
        var id = document.Get("_id"u8).Document;
        return new(account, id.Get("k"u8).String, id.Get("n"u8).String, ReadValue(document));
    }

    private async ValueTask<AccountDataOutcome> SetAsync(
        Jid account, string kind, string key, byte[] value, AccountDataLimit limit, CancellationToken cancellationToken)
    {
        // In turn: who looks at the limit and adds must not be overtaken by another who does.
        using var turn = await gates.EnterAsync(account, cancellationToken);
        if (await ids.FindAsync(account, cancellationToken) is not { } id)
            return AccountDataOutcome.NoAccount;

        var (entries, bytes) = await CountOthersAsync(id, kind, key, cancellationToken);
        if (entries + 1 > limit.MaxEntries || bytes + value.Length > limit.MaxBytes)
            return AccountDataOutcome.TooMuch;

        await values.PutAsync(Value(id, kind, key), Write(id, kind, key, value), cancellationToken);
        return AccountDataOutcome.Kept;
    }

    private async ValueTask<(long Entries, long Bytes)> CountOthersAsync(
        AccountId account, string kind, string key, CancellationToken cancellationToken)
    {
        var pipeline = BsonDocument.Build((account, kind, key), static (w, counted) =>
        {
            w.BeginArray("pipeline").Begin().Document("$match", OfKind(counted.account, counted.kind, except: counted.key)).End();
            w.Begin().Begin("$group").Null("_id").Begin("entries").Int32("$sum", 1).End()
                .Begin("bytes").String("$sum", "$size").End().End().End().End();
        });
        return (await values.AggregateAsync(
            pipeline, static group => (group.Get("entries"u8).Int64, group.Get("bytes"u8).Int64), cancellationToken)).FirstOrDefault();
    }

    private static BsonDocument Value(AccountId account, string kind, string key) =>
        BsonDocument.Build((account, kind, key), static (w, value) => WriteKey(w, value.account, value.kind, value.key));

    private static BsonWriter WriteKey(BsonWriter w, AccountId account, string kind, string key) =>
        w.Begin("_id").Account("a", account).String("k", kind).String("n", key).End();

    // As AccountDocuments.Of, one part further.
    private static BsonDocument OfKind(AccountId account, string kind, string? except = null) =>
        BsonDocument.Build((account, kind, except), static (w, wanted) =>
        {
            w.Begin("_id");
            w.Begin("$gt").Account("a", wanted.account).String("k", wanted.kind).End();
            w.Begin("$lt").Account("a", wanted.account).String("k", wanted.kind).Value("z", BsonType.MaxKey, default).End();
            if (wanted.except is { } key)
                w.Begin("$ne").Account("a", wanted.account).String("k", wanted.kind).String("n", key).End();
            w.End();
        });

    private static ReadOnlyMemory<byte> ReadValue(BsonReader document) => document.Get("value"u8).Binary.ToArray();
}
