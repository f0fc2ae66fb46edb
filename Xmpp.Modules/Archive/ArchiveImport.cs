using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>Makes an account's archive of the messages that another server kept for it, one after the other, the oldest first.</summary>
/// <param name="now">Nothing in it is newer.</param>
public sealed class ArchiveImport(Jid account, DateTimeOffset now)
{
    private readonly StanzaFramer _framer = new(FramerLimits.None);
    private UInt128 _last;

    /// <summary>The next message; null when it isn't one, or not one that the account sent or received.</summary>
    /// <param name="id">By which the account knows it. It is kept if this server could have made it, and else replaced.</param>
    /// <param name="at">When it was kept; null when that isn't known.</param>
    /// <param name="stanza">As <see cref="ArchiveEntry.Stanza"/>.</param>
    public ArchiveEntry? Next(string? id, DateTimeOffset? at, ReadOnlyMemory<byte> stanza)
    {
        _framer.Begin(StreamScope.Client);
        if (_framer.Read(stanza, out _) != FrameKind.Stanza)
            return null;
        var message = _framer.Stanza;
        var (from, to) = (message.AttributeJid("from"u8), message.AttributeJid("to"u8));
        var isIncoming = from?.Bare != account;
        if (!message.LocalName.SequenceEqual("message"u8) || (isIncoming ? from : to ?? account) is not { } with
            || (isIncoming && to is not null && to.Bare != account))
        {
            return null;
        }

        var content = ArchivedContent.Of(message, MessageTypes.Of(message));
        return new(
            account, IdFor(id, at), with, isIncoming, stanza, content.HasText ? ArchivedContent.TextOf(message) : null, content.IsShown);
    }

    private SortableId IdFor(string? id, DateTimeOffset? at)
    {
        if (!SortableId.TryParse(id, out var made) || made.Value <= _last || made.Time > now)
            made = SortableId.New(at is { } time && time < now ? time < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : time : now);
        // Behind the one before, whatever the clock of that server was.
        _last = made.Value > _last ? made.Value : _last + 1 + (ulong)made.Value;
        return new(_last);
    }
}
