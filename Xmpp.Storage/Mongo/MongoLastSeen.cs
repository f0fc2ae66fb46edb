using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>The collection <c>last_seen</c>, one document for each account, and what is on its way there.</summary>
internal sealed class MongoLastSeen(MongoCollection seen, AccountIds ids, AccountNotes<LastSeenNote> notes) : ILastSeenStore
{
    public async ValueTask<LastSeen?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        var noted = notes.Find(account);
        if (await ids.FindAsync(account, cancellationToken) is not { } id)
            return null;
        return noted is { } note
            ? new LastSeen(note.At, note.Presence)
            : await seen.FindOneAsync(AccountDocuments.ById(id), static document =>
                new LastSeen(document.Get("at"u8).Date, document.Get("presence"u8).Binary.ToArray()), null, cancellationToken);
    }

    public ValueTask SetAsync(Jid account, LastSeen seen, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);

        notes.Note(account, new LastSeenNote(seen.At, seen.Presence.ToArray()));
        return ValueTask.CompletedTask;
    }

    /// <summary>A noted presence as a write.</summary>
    internal static void Write(MongoBulk bulk, AccountId account, LastSeenNote note) => bulk.Replace(
        AccountDocuments.ById(account), Write(account, note.At, note.Presence), upsert: true);

    internal static BsonDocument Write(AccountId account, DateTimeOffset at, ReadOnlyMemory<byte> presence) =>
        BsonDocument.Build((account, at, presence), static (w, seen) =>
            w.Account("_id", seen.account).Date("at", seen.at).Bytes("presence", seen.presence.Span));
}
