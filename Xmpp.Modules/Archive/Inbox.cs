using System.Buffers;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rooms;

namespace Xmpp.Modules.Archive;

/// <summary>
/// XEP-0430 Inbox: an account's conversations and the rooms that it belongs to, the last one first, with the numbers of messages that are
/// unread. What the account has read its clients tell by markers (XEP-0333).
/// </summary>
[Xep(430, "0.2.0")]
public sealed class Inbox(ArchiveOptions options, IArchiveStore archive, RoomConversations rooms) : IXmppModule
{
    internal const string Ns = "urn:xmpp:inbox:1";

    private static readonly XmlName Name = new(Ns, "inbox");

    private readonly EarlierMessages _earlier = new(archive, options.LookBack);

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.OwnAccount, Name, ListAsync);
        builder.Iq(IqType.Get, IqTarget.OtherAccount, Name, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
        builder.Message(MessageStage.Archive, (message, cancellationToken) =>
            // What is read in a room the room notes.
            message.Direction == MessageDirection.Sent && message.Type != MessageType.Groupchat && RoomReadMarks.IsMarker(message.Stanza)
                ? MarkReadAsync(message, cancellationToken)
                : new(Verdict.Continue));
    }

    private async ValueTask<IqReply> ListAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Session is not { } session)
            return IqReply.NeedsSession;
        var inbox = iq.Payload;
        if (!TryReadBoolean(inbox["unread-only"], otherwise: false, out var isUnreadOnly)
            || !TryReadBoolean(inbox["messages"], otherwise: true, out var withMessages))
        {
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "'unread-only' and 'messages' are yes or no.");
        }
        if (!ResultSetRequest.TryFind(inbox, out var set, out var error))
            return IqReply.Failed(error!);
        if (set is { Before: not null } or { Index: not null })
            return IqReply.Failed(StanzaErrorCondition.FeatureNotImplemented, "Pages follow each other, beginning with the first.");
        SortableId? after = null;
        if (set?.After is { } text)
        {
            if (!SortableId.TryParse(text, out var id))
                return IqReply.Failed(StanzaErrorCondition.ItemNotFound);
            after = id;
        }

        var max = Math.Min(set?.Max ?? options.PageMessages, options.MaxPageMessages);
        var ofRooms = await RoomsInInbox.ReadAsync(iq.To, archive, rooms, cancellationToken);
        var page = max == 0 ? [] : await ReadPageAsync(iq.To, ofRooms, after, isUnreadOnly, max, cancellationToken);
        var lasts = await ReadLastsAsync(iq.To, ofRooms, withMessages ? page : [], cancellationToken);
        session.Send(Write(iq.To, iq.From, iq.Id, page, lasts));
        var (conversations, unread, messages) = ofRooms.AddTo(await archive.CountConversationsAsync(iq.To, cancellationToken));
        var count = isUnreadOnly ? unread : conversations;
        return IqReply.Result(new Element(Ns, "fin",
            Element.Attr("total", Number(conversations)),
            Element.Attr("unread", Number(unread)),
            Element.Attr("all-unread", Number(messages)),
            (page is [var first, ..]
                ? new ResultSet(first.Last.ToString(), page[^1].Last.ToString(), Count: count)
                : new ResultSet(Count: count)).ToElement()));
    }

    private async ValueTask<IReadOnlyList<Conversation>> ReadPageAsync(
        Jid account, RoomsInInbox ofRooms, SortableId? after, bool isUnreadOnly, int max, CancellationToken cancellationToken)
    {
        var own = await archive.ListConversationsAsync(account, after, isUnreadOnly, max + ofRooms.Replaced, cancellationToken);
        return ofRooms.IsEmpty ? own :
        [
            .. own.Where(conversation => !ofRooms.Has(conversation.With))
                .Concat(ofRooms.All.Where(room =>
                    (after is null || room.Last.Value < after.Value.Value) && (!isUnreadOnly || room.Unread > 0)))
                .OrderByDescending(conversation => conversation.Last.Value)
                .Take(max),
        ];
    }

    /// <summary>The last messages of conversations, by id. One that has been removed meanwhile is left out.</summary>
    private async ValueTask<IReadOnlyDictionary<SortableId, ArchiveEntry>> ReadLastsAsync(
        Jid account, RoomsInInbox ofRooms, IReadOnlyList<Conversation> page, CancellationToken cancellationToken)
    {
        var found = new Dictionary<SortableId, ArchiveEntry>();
        foreach (var room in page.Where(conversation => ofRooms.Has(conversation.With)))
        {
            if (await rooms.ReadAsync(room.With, account, room.Last, cancellationToken) is { } entry)
                found.Add(entry.Id, entry);
        }
        var ids = page.Where(conversation => !ofRooms.Has(conversation.With)).Select(conversation => conversation.Last).ToList();
        if (await ReadAsync(ids) is { } all)
        {
            foreach (var entry in all)
                found.Add(entry.Id, entry);
            return found;
        }
        foreach (var id in ids)
        {
            if (await ReadAsync([id]) is [var entry])
                found.Add(id, entry);
        }
        return found;

        async ValueTask<IReadOnlyList<ArchiveEntry>?> ReadAsync(IReadOnlyList<SortableId> wanted) => wanted.Count == 0
            ? []
            : (await archive.ReadAsync(account, new() { Ids = wanted }, wanted.Count, isFromEnd: false, cancellationToken))?.Messages;
    }

    private static List<ReadOnlyMemory<byte>> Write(
        Jid account, Jid to, string queryId, IReadOnlyList<Conversation> page, IReadOnlyDictionary<SortableId, ArchiveEntry> lasts)
    {
        var stanzas = new List<ReadOnlyMemory<byte>>(page.Count);
        foreach (var conversation in page)
        {
            var last = lasts.GetValueOrDefault(conversation.Last);
            var output = new ArrayBufferWriter<byte>((last?.Stanza.Length ?? 0) + 768);
            ArchiveResults.WriteStart(output, account, to);
            XmlStreamWriter.Write(output, new Element(Ns, "entry",
                Element.Attr("unread", Number(conversation.Unread)),
                Element.Attr("jid", conversation.With.ToString()),
                Element.Attr("id", conversation.Last.ToString())), Namespaces.Client, streamPrefix: false);
            if (last is not null)
                ArchiveResults.Write(output, queryId, last);
            output.Write("</message>"u8);
            stanzas.Add(output.WrittenMemory);
        }
        return stanzas;
    }

    /// <summary>
    /// A marker that the account sends names the last message that it has read (§4). The sender waits: so nobody makes the server look for
    /// more than one message at a time.
    /// </summary>
    private async ValueTask<Verdict> MarkReadAsync(MessageContext message, CancellationToken cancellationToken)
    {
        var marker = message.Stanza.ToElement().Elements.First(
            child => child.Name is { Namespace: "urn:xmpp:chat-markers:0", Local: "displayed" or "acknowledged" });
        if (marker["id"] is { Length: > 0 } id
            && await _earlier.FindAsync(message.Account, message.To.Bare, id, isIncoming: true, cancellationToken) is var (entry, _))
        {
            await archive.MarkReadAsync(message.Account, message.To.Bare, entry.Id, cancellationToken);
        }
        return Verdict.Continue;
    }

    private static bool TryReadBoolean(string? text, bool otherwise, out bool value)
    {
        value = text is null ? otherwise : text is "1" or "true";
        return text is null or "0" or "1" or "false" or "true";
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
