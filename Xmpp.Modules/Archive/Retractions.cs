using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>
/// XEP-0424 Message Retraction: in both archives a tombstone takes the place of a message that its sender retracts. The retraction is
/// archived as well.
/// </summary>
[Xep(424, "0.4.2")]
public sealed class Retractions(ArchiveOptions options, IArchiveStore archive, TimeProvider time) : IXmppModule
{
    internal const string Ns = "urn:xmpp:message-retract:1";

    /// <summary>Of whoever puts tombstones in place of what was retracted (§2, §4).</summary>
    internal static IReadOnlyList<string> Features { get; } = [Ns, $"{Ns}#tombstone"];

    internal static XmlName Retracted { get; } = new(Ns, "retracted");

    private readonly EarlierMessages _earlier = new(archive, options.LookBack);

    public void Register(IModuleBuilder builder)
    {
        foreach (var feature in Features)
            builder.Feature(IqTarget.Server | IqTarget.OwnAccount, feature);
        // Only of what is archived itself: a tombstone leads to it.
        builder.Message(MessageStage.Archive, (message, cancellationToken) =>
            message.StanzaId is not null && message.Stanza.HasChild("urn:xmpp:message-retract:1"u8, "retract"u8)
                ? BuryAsync(message, cancellationToken)
                : new(Verdict.Continue));
    }

    /// <summary>The sender waits: so nobody makes the server look for more than one message at a time.</summary>
    private async ValueTask<Verdict> BuryAsync(MessageContext message, CancellationToken cancellationToken)
    {
        var retraction = message.Stanza.ToElement();
        if (retraction["id"] is not { Length: > 0 } by || retraction.Child(Ns, "retract")!["id"] is not { Length: > 0 } id)
            return Verdict.Continue;
        // §5: the same bare JID; but behind that of a room there are many people.
        var peer = MessageArchive.PeerOf(message);
        var with = IsOfRoom(retraction) ? peer : peer.Bare;
        var isIncoming = message.Direction == MessageDirection.Received;
        if (await _earlier.FindAsync(message.Account, with, id, isIncoming, cancellationToken) is var (entry, original)
            && original.Child(Retracted) is null && original.Child(Ns, "retract") is null
            && (with.IsFull || !IsOfRoom(original)))
        {
            var tombstone = TombstoneOf(original, by, time.GetUtcNow());
            await archive.ReplaceAsync(message.Account, entry.Id, StoredXml.Write(tombstone), cancellationToken);
        }
        return Verdict.Continue;
    }

    /// <summary>What takes a message's place (§4); of an occupant's there remains who wrote it (XEP-0421).</summary>
    /// <param name="by">The id of the message that retracts it.</param>
    /// <param name="further">Who did it and why, where it wasn't the author.</param>
    internal static Element TombstoneOf(Element original, string by, DateTimeOffset now, params ReadOnlySpan<object?> further) =>
        new(original.Name, original.Attributes,
            original.Child(Rooms.OccupantIds.Name),
            new Element(Retracted, Element.Attr("id", by), Element.Attr("stamp", XmppDateTime.Format(now))).Add(further));

    /// <summary>Whether it passed between occupants of a room (XEP-0045 §7.5).</summary>
    private static bool IsOfRoom(Element message) => message.Child("http://jabber.org/protocol/muc#user", "x") is not null;
}
