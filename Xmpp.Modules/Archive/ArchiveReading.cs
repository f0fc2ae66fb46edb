using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>
/// How far clients have read their archives, so that what they have got from there doesn't come as an offline message as well.
/// </summary>
public static class ArchiveReading
{
    private static readonly SessionKey<Mark> Key = new();

    /// <summary>Notes that a session has, or will get, all that it wants of the archive up to a message.</summary>
    /// <param name="asOf">
    /// When the archive was read: what came later has not been seen there, even if it has got an id before <paramref name="upTo"/>.
    /// </param>
    /// <param name="upTo">Such as the last message of a page, or of the archive as its client was told of it (XEP-0386).</param>
    public static void Note(ISession session, DateTimeOffset asOf, SortableId upTo)
    {
        if (session.State.Get(Key) is not { } mark || mark.UpTo.Value <= upTo.Value)
            session.State.Set(Key, new Mark(asOf, upTo));
    }

    /// <summary>Whether a session has a message from the archive that waits for its account.</summary>
    internal static bool Has(ISession session, OfflineMessage message) =>
        session.State.Get(Key) is { } mark
        && message.At < mark.AsOf.AddTicks(-(mark.AsOf.Ticks % TimeSpan.TicksPerMillisecond)) // To the millisecond, as the store has it.
        && SortableId.TryParse(StanzaId.Find(Element.Parse(message.Stanza), session.Jid.Bare), out var id)
        && id.Value <= mark.UpTo.Value;

    private sealed record Mark(DateTimeOffset AsOf, SortableId UpTo);
}
