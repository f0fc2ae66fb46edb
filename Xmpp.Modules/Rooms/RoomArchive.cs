using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// The archives of rooms (XEP-0313 §5.1.2): what was said to all, once for all. A message is kept as the occupants got it; who said it
/// stands beside it and is told to those only who may know.
/// </summary>
/// <param name="options">As configured now; null when there are no archives.</param>
internal sealed class RoomArchive(
    IArchiveStore archive, Func<ArchiveOptions?> options, IStanzaSender stanzas, IServerTasks tasks, TimeProvider time)
{
    private readonly ArchivePages _pages = new(archive);
    private readonly SortableIds _ids = new(time);

    /// <summary>Whether rooms have archives at all.</summary>
    public bool IsKept => options() is not null;

    /// <summary>For a message that is about to be kept; in the order of calls for a room.</summary>
    public SortableId NextId(Jid room) => _ids.Next(room);

    /// <summary>
    /// Begins to keep a message. Nobody waits for that but its sender's acknowledgement (XEP-0198), where the sender is local.
    /// </summary>
    /// <param name="sender">The session whose message it is that is being handled, or null.</param>
    /// <exception cref="StoreException">It can't be kept, as is known at once.</exception>
    public void Keep(ISession? sender, ArchiveEntry message)
    {
        var keeping = sender is null ? archive.AddAsync([message], CancellationToken.None) : sender.KeepAsync([message]);
        if (keeping.IsCompleted)
            keeping.GetAwaiter().GetResult();
        else
            tasks.Run($"Keeping of a message in {message.Account}", _ => keeping);
    }

    /// <summary>The last messages of a room, for those who enter it.</summary>
    public async ValueTask<IReadOnlyList<ArchiveEntry>> ReadLastAsync(Jid room, int count, CancellationToken cancellationToken) =>
        IsKept && count > 0 && await archive.ReadAsync(room, new(), count, isFromEnd: true, cancellationToken) is { } page
            ? page.Messages
            : [];

    /// <summary>A message by its id, or null.</summary>
    public async ValueTask<ArchiveEntry?> FindAsync(Jid room, SortableId id, CancellationToken cancellationToken) =>
        await archive.ReadAsync(room, new() { Ids = [id] }, 1, isFromEnd: false, cancellationToken) is { Messages: [var message] }
            ? message
            : null;

    /// <summary>Keeps a message of the room's own. Completes when it is there.</summary>
    public ValueTask AddAsync(ArchiveEntry message, CancellationToken cancellationToken) => archive.AddAsync([message], cancellationToken);

    /// <summary>Puts a tombstone in a message's place.</summary>
    public async ValueTask ReplaceAsync(Jid room, SortableId id, Element tombstone, CancellationToken cancellationToken) =>
        await archive.ReplaceAsync(room, id, StoredXml.Write(tombstone), cancellationToken);

    /// <summary>Whether a request is about the archive.</summary>
    public static bool Handles(XmlName payload) => payload == MessageArchive.Query || payload == MessageArchive.Metadata;

    /// <summary>Answers a request about a room's archive.</summary>
    /// <param name="reader">What the room says of who asks.</param>
    public async ValueTask<IqReply> AnswerAsync(ServiceStanza iq, IqType type, RoomReader reader, CancellationToken cancellationToken)
    {
        if (options() is not { } configured)
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        if (reader.Refusal is { } refusal)
            return IqReply.Failed(refusal);
        var payload = iq.Payload;
        if (payload.Name == MessageArchive.Metadata)
        {
            return type == IqType.Get
                ? IqReply.Result(MessageArchive.Describe(await archive.FindEndsAsync(iq.To, cancellationToken)))
                : IqReply.Failed(StanzaErrorCondition.BadRequest);
        }
        if (type == IqType.Get)
            return IqReply.Result(new Element(MessageArchive.Query, ArchiveForm.Empty));
        return ArchiveRequest.TryRead(payload, configured, out var request, out var error)
            ? await QueryAsync(iq, request, configured, reader, cancellationToken)
            : IqReply.Failed(error);
    }

    private async ValueTask<IqReply> QueryAsync(
        ServiceStanza iq, ArchiveRequest request, ArchiveOptions configured, RoomReader reader, CancellationToken cancellationToken)
    {
        Func<ArchiveEntry, bool>? isWanted = null;
        if (request.Query.With is { } with)
        {
            // §4.1.2: who is hidden can't be looked for. Who somebody is the store knows, who it was in the room stands in the message.
            if (with.Bare == iq.To)
            {
                request = request with { Query = request.Query with { With = null } };
                isWanted = message => Element.Parse(message.Stanza)["from"] == with.ToString();
            }
            else if (!reader.SeesJids)
            {
                return IqReply.Failed(StanzaErrorCondition.Forbidden, "You may not know who said what.");
            }
        }
        var (reply, messages) = await _pages.ReadAsync(iq.To, request, configured, isWanted, cancellationToken);
        if (messages.Count > 0)
        {
            if (reader.SeesJids)
                messages = [.. messages.Select(TellWho)];
            Send(iq, ArchiveResults.Write(iq.To, iq.From, request.QueryId, messages, request.IsFlipped));
        }
        return reply;
    }

    private void Send(ServiceStanza iq, IReadOnlyList<ReadOnlyMemory<byte>> results)
    {
        if (iq.Sender is { } session)
        {
            session.Send(results);
            return;
        }
        foreach (var result in results)
            stanzas.Send(Element.Parse(result, Namespaces.Client), iq.From);
    }

    /// <summary>§5.1.2: for those who may know it.</summary>
    private static ArchiveEntry TellWho(ArchiveEntry message)
    {
        if (message.With == message.Account)
            return message; // The room itself.
        var bytes = message.Stanza.Span;
        var end = bytes.LastIndexOf("</"u8);
        var output = new ArrayBufferWriter<byte>(bytes.Length + 256);
        output.Write(bytes[..end]);
        output.Write("<x xmlns='http://jabber.org/protocol/muc#user'><item jid='"u8);
        XmlStreamWriter.WriteEscaped(output, message.With);
        output.Write("'/></x>"u8);
        output.Write(bytes[end..]);
        return message with { Stanza = output.WrittenMemory };
    }
}

/// <summary>Somebody who asks for the archive of a room, as the room sees it at this time.</summary>
/// <param name="Refusal">Why the archive can't be read; or null.</param>
/// <param name="SeesJids">Whether it may know who the occupants are.</param>
internal readonly record struct RoomReader(StanzaError? Refusal, bool SeesJids);
