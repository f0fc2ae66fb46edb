using System.Buffers.Binary;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A message as a document of <c>archive_message</c>: <c>_id</c> is the account and the id, so that an archive lies in its order.
/// </summary>
internal static class ArchiveDocument
{
    private const int IdBytes = 16;

    public static BsonDocument Write(AccountId account, ArchiveEntry message, byte[]? text) =>
        BsonDocument.Build((account, message, text), static (w, source) =>
        {
            var (account, message, text) = source;
            w.Begin("_id").Account("a", account).Id("i", message.Id.Value).End();
            w.Utf8String("c", message.With.Bare.Utf8.Span);
            if (message.With.IsFull)
                w.Utf8String("r", message.With.Utf8.Span[(message.With.Bare.Utf8.Length + 1)..]);
            if (message.IsIncoming)
                w.Bool("in", true);
            if (message.IsShown)
                w.Bool("s", true);
            // What may be unread, for the index.
            if (message is { IsIncoming: true, IsShown: true })
                w.Bool("u", true);
            w.Int32("size", message.Stanza.Length).Bytes("stanza", message.Stanza.Span);
            if (text is not null)
                w.Utf8String("text", text);
        });

    public static ArchiveEntry Read(Jid account, BsonReader document)
    {
        var id = ReadId(document);
        var peer = document.Get("c"u8).ToJid();
        var with = document.Has("r"u8) ? peer.WithResource(document.String) : peer;
        return new(account, id, with, document.Has("in"u8), document.Get("stanza"u8).Binary.ToArray(),
            document.Has("text"u8) ? document.String : null, document.Has("s"u8));
    }

    public static SortableId ReadId(BsonReader document) => new(ToId(document.Get("_id"u8).Document.Get("i"u8)));

    public static UInt128 ToId(BsonReader element) => element.Binary is { Length: IdBytes } octets
        ? BinaryPrimitives.ReadUInt128BigEndian(octets)
        : throw new StoreException(StanzaErrorCondition.InternalServerError, "A stored id has not 16 octets.");

    /// <summary>An id, as octets that sort as the ids do.</summary>
    public static BsonWriter Id(this BsonWriter w, string name, UInt128 value)
    {
        Span<byte> octets = stackalloc byte[IdBytes];
        BinaryPrimitives.WriteUInt128BigEndian(octets, value);
        return w.Bytes(name, octets);
    }

    /// <summary>One message, as a filter.</summary>
    public static BsonDocument ById(AccountId account, SortableId id) => BsonDocument.Build((account, id), static (w, key) =>
        w.Begin("_id").Account("a", key.account).Id("i", key.id.Value).End());

    /// <summary>Those of these ids, as a filter.</summary>
    public static BsonDocument ByIds(AccountId account, IEnumerable<SortableId> ids) =>
        BsonDocument.Build((account, ids), static (w, keys) => w.OneOf(keys.account, keys.ids));

    /// <summary>The messages of a range, with one peer if there is one given, as a filter.</summary>
    public static BsonDocument InRange(AccountId account, Jid? peer, ArchiveRange range) =>
        BsonDocument.Build((account, peer, range), static (w, wanted) => w.Range(wanted.account, wanted.peer, wanted.range));

    public static BsonWriter Range(this BsonWriter w, AccountId account, Jid? peer, ArchiveRange range) => peer is null
        ? w.Begin("_id").Begin("$gte").Account("a", account).Id("i", range.Low).End()
            .Begin("$lte").Account("a", account).Id("i", range.High).End().End()
        : w.Account("_id.a", account).Utf8String("c", peer.Utf8.Span)
            .Begin("_id.i").Id("$gte", range.Low).Id("$lte", range.High).End();

    public static BsonWriter OneOf(this BsonWriter w, AccountId account, IEnumerable<SortableId> ids)
    {
        w.Begin("_id").BeginArray("$in");
        foreach (var id in ids)
            w.Begin().Account("a", account).Id("i", id.Value).End();
        return w.End().End();
    }

    /// <summary>The order of an archive, or of what it has with one peer: each that of an index.</summary>
    public static BsonDocument Order(bool isWithPeer, bool isFromEnd) => isWithPeer
        ? isFromEnd ? ByPeerFromEnd : ByPeer
        : isFromEnd ? FromEnd : InOrder;

    private static readonly BsonDocument InOrder = BsonDocument.Build(w => w.Int32("_id", 1));
    private static readonly BsonDocument FromEnd = BsonDocument.Build(w => w.Int32("_id", -1));
    private static readonly BsonDocument ByPeer = BsonDocument.Build(w => w.Int32("_id.a", 1).Int32("c", 1).Int32("_id.i", 1));
    private static readonly BsonDocument ByPeerFromEnd = BsonDocument.Build(w => w.Int32("_id.a", -1).Int32("c", -1).Int32("_id.i", -1));

    /// <summary>Conditions that no index serves: a resource, and parts of the text.</summary>
    public static BsonWriter Compare(this BsonWriter w, Jid? with, IReadOnlyList<byte[]>? words)
    {
        if (with is { IsFull: true })
            w.Utf8String("r", with.Utf8.Span[(with.Bare.Utf8.Length + 1)..]);
        if (words is null)
            return w;

        // Letters, digits and spaces: nothing in them means something in a pattern.
        w.BeginArray("$and");
        foreach (var word in words)
            w.Begin().Begin("text").String("$regex", Encoding.UTF8.GetString(word)).End().End();
        return w.End();
    }
}
