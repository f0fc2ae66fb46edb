using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>
/// XEP-0313 Message Archive Management: accounts keep what they send and receive, and their clients can ask for it. With full-text search
/// (XEP-0431).
/// </summary>
[Xep(313, "1.1.3")]
[Xep(431, "0.2.0")]
public sealed class MessageArchive(
    ArchiveOptions options, IArchiveStore archive, ArchivePreferenceBook preferences, SortableIds ids, TimeProvider time) : IXmppModule
{
    internal const string Ns = "urn:xmpp:mam:2";

    /// <summary>What there is to ask an archive, as features.</summary>
    internal static readonly string[] Features = [Ns, $"{Ns}#extended", $"{Ns}#groupchat-field", ArchiveForm.FullTextNs];

    internal static readonly XmlName Query = new(Ns, "query");
    internal static readonly XmlName Metadata = new(Ns, "metadata");

    private readonly ArchivePages _pages = new(archive);

    [ThreadStatic] private static ArrayBufferWriter<byte>? t_stanza;

    public void Register(IModuleBuilder builder)
    {
        foreach (var feature in Features)
            builder.Feature(IqTarget.OwnAccount, feature);
        builder.Message(MessageStage.Archive, KeepAsync);
        builder.InlineBind(null, DescribeBoundAsync);
        builder.Iq(IqType.Get, IqTarget.OwnAccount, Query, (_, _) => new(IqReply.Result(new Element(Query, ArchiveForm.Empty))));
        builder.Iq(IqType.Set, IqTarget.OwnAccount, Query, QueryAsync);
        builder.Iq(IqType.Get, IqTarget.OwnAccount, Metadata, MetadataAsync);
        // §7.1
        builder.Iq(IqType.Get, IqTarget.OtherAccount, Query, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
        builder.Iq(IqType.Set, IqTarget.OtherAccount, Query, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
        builder.Iq(IqType.Get, IqTarget.OtherAccount, Metadata, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
    }

    private ValueTask<Verdict> KeepAsync(MessageContext message, CancellationToken cancellationToken)
    {
        var content = ArchivedContent.Of(message.Stanza, message.Type);
        if (!content.IsKept)
            return new(Verdict.Continue);
        var isWanted = preferences.KeepsAsync(message.Account, PeerOf(message), options.Default, cancellationToken);
        if (!isWanted.IsCompletedSuccessfully)
            return KeepIfWantedAsync(message, content, isWanted);
        if (isWanted.Result)
            Keep(message, content);
        return new(Verdict.Continue);
    }

    private async ValueTask<Verdict> KeepIfWantedAsync(MessageContext message, ArchivedContent content, ValueTask<bool> isWanted)
    {
        if (await isWanted)
            Keep(message, content);
        return Verdict.Continue;
    }

    /// <summary>XEP-0441 §2.3.2, §2.3.3.</summary>
    internal static Jid PeerOf(MessageContext message) => message.Direction == MessageDirection.Sent ? message.To : message.From;

    /// <summary>Last, once nothing is waited for any more: so ids are in the order in which messages come.</summary>
    private void Keep(MessageContext message, ArchivedContent content)
    {
        var id = ids.Next(message.Account);
        var other = message.Kept is [.., var last] ? last : null;
        message.Keep(new(
            message.Account, id, PeerOf(message), message.Direction == MessageDirection.Received, StanzaOf(message, other),
            other?.Text ?? (content.HasText ? ArchivedContent.TextOf(message.Stanza) : null), content.IsShown));

        // §3.4: for the account's own clients, also in copies of what one of them sends. What is archived goes without it.
        message.StanzaId = id;
        var element = Writer();
        StanzaId.Write(element, id, message.Account);
        message.Append(element.WrittenSpan);
    }

    private static ReadOnlyMemory<byte> StanzaOf(MessageContext message, ArchiveEntry? other)
    {
        var stanza = Writer();
        message.Write(stanza);
        // Nearly always both sides keep the same.
        return other is not null && other.Stanza.Span.SequenceEqual(stanza.WrittenSpan) ? other.Stanza : stanza.WrittenSpan.ToArray();
    }

    private static ArrayBufferWriter<byte> Writer()
    {
        var writer = t_stanza ??= new(1024);
        if (writer.Capacity > 65_536)
            writer = t_stanza = new(1024);
        writer.ResetWrittenCount();
        return writer;
    }

    private async ValueTask<IqReply> QueryAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Session is not { } session)
            return IqReply.NeedsSession;
        if (!ArchiveRequest.TryRead(iq.Payload, options, out var request, out var error))
            return IqReply.Failed(error);
        var now = time.GetUtcNow();
        var (reply, messages) = await _pages.ReadAsync(iq.To, request, options, isWanted: null, cancellationToken);
        if (reply.Error is not null || request.Count == 0)
            return reply;
        session.Send(ArchiveResults.Write(iq.To, iq.From, request.QueryId, messages, request.IsFlipped));
        if (request.IsOfEverything && (messages is [.., { Id: var last }] ? last : request.Query.After) is { } upTo)
            ArchiveReading.Note(session, now, upTo);
        return reply;
    }

    private async ValueTask<IqReply> MetadataAsync(IqRequest iq, CancellationToken cancellationToken) =>
        IqReply.Result(Describe(await archive.FindEndsAsync(iq.To, cancellationToken)));

    /// <summary>
    /// XEP-0386 §4: who binds along with authentication is told where the archive ends, and takes from there what it doesn't have; nothing
    /// of that comes as an offline message.
    /// </summary>
    private async ValueTask DescribeBoundAsync(InlineBind bind, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var ends = await archive.FindEndsAsync(bind.Session.Jid.Bare, cancellationToken);
        bind.Answer(Describe(ends));
        if (ends is var (_, last))
            ArchiveReading.Note(bind.Session, now, last);
    }

    /// <summary>What an archive says of itself (§4).</summary>
    internal static Element Describe((SortableId First, SortableId Last)? ends) => ends is var (first, last)
        ? new Element(Metadata, End("start", first), End("end", last))
        : new Element(Metadata);

    private static Element End(string name, SortableId id) => new(Ns, name,
        Element.Attr("id", id.ToString()), Element.Attr("timestamp", XmppDateTime.Format(id.Time)));
}
