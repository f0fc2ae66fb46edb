using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>A query in the database's terms: what an index finds, and what is compared then.</summary>
internal sealed class ArchiveReading(AccountId account, ArchiveQuery query)
{
    private readonly ArchiveRange _range = ArchiveRange.Of(query);
    private readonly IReadOnlyList<byte[]>? _words = query.Text is { } text ? SearchText.Parts(text) : null;

    public AccountId Account => account;

    /// <summary>Whose messages are looked at; null: everybody's.</summary>
    public Jid? Peer => query.With?.Bare;

    /// <summary>Whether nothing can match.</summary>
    public bool IsEmpty => _range.IsEmpty || _words is { Count: 0 } || query.Ids is { Count: 0 };

    /// <summary>Whether something has to be compared.</summary>
    public bool IsFiltered => _words is not null || query.With is { IsFull: true };

    public BsonDocument ToFilter() => BsonDocument.Build(this, static (w, reading) =>
    {
        if (reading.Ids is not { } ids)
        {
            w.Range(reading.Account, reading.Peer, reading._range);
            return;
        }

        // They are found by their keys; what else is wanted of them is compared.
        w.OneOf(reading.Account, ids.Where(id => id.Value >= reading._range.Low && id.Value <= reading._range.High));
        if (reading.Peer is { } peer)
            w.Utf8String("c", peer.Utf8.Span);
    });

    public BsonDocument ToComparison() =>
        BsonDocument.Build((query.With, _words), static (w, wanted) => w.Compare(wanted.With, wanted._words));

    private IReadOnlyList<SortableId>? Ids => query.Ids;
}
