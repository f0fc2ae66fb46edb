using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <content>What is kept of what is said (XEP-0313), and who may read it.</content>
internal sealed partial class Room
{
    /// <summary>Whether what is said is kept.</summary>
    private bool IsArchived => Configuration.IsArchived && _services.Archive.IsKept;

    /// <summary>
    /// A message as all get it. One that is part of the conversation is on its way into the archive then, and has the id that it has there
    /// (XEP-0359).
    /// </summary>
    /// <param name="content">What it is to the archive.</param>
    /// <param name="archiveId">Null when it isn't kept.</param>
    /// <exception cref="StoreException">The archive can't take it.</exception>
    private BroadcastStanza Reflect(ServiceStanza message, Occupant occupant, in ArchivedContent content, out SortableId? archiveId)
    {
        archiveId = null;
        if (!IsArchived || !content.IsKept)
            return RoomStanzas.Reflect(message, Jid, occupant.From, occupant.Signature);
        var id = _services.Archive.NextId(Jid);
        var stanza = RoomStanzas.Reflect(message, Jid, occupant.From, occupant.Signature, id);
        _services.Archive.Keep(message.Sender, new(
            Jid, id, message.From, IsIncoming: true, stanza.Utf8, content.HasText ? ArchivedContent.TextOf(message.View) : null,
            content.IsShown));
        archiveId = id;
        return stanza;
    }

    /// <summary>What somebody may have of the archive: it has to have the right to come in (XEP-0313 §5.1.2).</summary>
    public RoomReader ReaderOf(Jid fullJid)
    {
        var affiliation = AffiliationOf(fullJid.Bare);
        var occupant = OccupantOf(fullJid);
        StanzaError? refusal = null;
        if (!Exists || IsLocked)
            refusal = StanzaError.Of(StanzaErrorCondition.ItemNotFound, "There is no such room.");
        else if (affiliation == Affiliation.Outcast || (Configuration.IsMembersOnly && affiliation < Affiliation.Member))
            refusal = StanzaError.Of(StanzaErrorCondition.Forbidden);
        // Whether somebody knows the password is seen by its being there.
        else if (Configuration.IsPasswordProtected && occupant is null && affiliation < Affiliation.Admin)
            refusal = StanzaError.Of(StanzaErrorCondition.Forbidden, "The room has a password: enter it first.");
        return new(refusal, Configuration.IsNonAnonymous || affiliation >= Affiliation.Admin || occupant?.Role == Role.Moderator);
    }

    /// <summary>Takes over the end of the archive as what was said before.</summary>
    public void LoadHistory(IReadOnlyList<ArchiveEntry> messages)
    {
        _history.Clear();
        foreach (var message in messages)
        {
            var stanza = RoomStanzas.OfArchive(message);
            if (stanza.ToElement().Child(Namespaces.Client, "body") is not null)
                _history.Add(stanza, message.Id.Time, message.Id, message.With.Bare, Options.MaxHistory, Options.HistoryBytes);
        }
    }
}
