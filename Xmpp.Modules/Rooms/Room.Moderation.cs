using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <content>Messages that are taken away: by moderators (XEP-0425), or by those who wrote them (XEP-0424).</content>
internal sealed partial class Room
{
    /// <summary>Handles a moderator's request; it is answered when all is kept.</summary>
    public async ValueTask<IqReply> ModerateAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        if (OccupantOf(iq.From) is not { Role: Role.Moderator } moderator)
        {
            // §3.3, with this type.
            return IqReply.Failed(new StanzaError(
                StanzaErrorCondition.Forbidden, StanzaErrorType.Modify, "Only moderators are allowed to moderate messages."));
        }
        if (ModerationRequest.Parse(iq.Payload) is not { } request)
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "That a message be retracted is all that can be asked for.");
        if (!IsArchived || !SortableId.TryParse(request.Id, out var id)
            || await _services.Archive.FindAsync(Jid, id, cancellationToken) is not { } entry)
        {
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "There is no such message.");
        }
        var original = Element.Parse(entry.Stanza);
        if (original.Child(Retractions.Retracted) is not null)
            return IqReply.Result(); // Another one was faster.
        if (entry.With == Jid)
            return IqReply.Failed(StanzaErrorCondition.NotAllowed, "The room's own messages stay.");

        var (now, own) = (Now, _services.Archive.NextId(Jid));
        var told = request.ToMessage(Jid, Guid.NewGuid().ToString(), moderator.Address, moderator.Id, now)
            .Add(new StanzaId(own.ToString(), Jid).ToElement());
        await _services.Archive.AddAsync(
            new(Jid, own, Jid, IsIncoming: true, StoredXml.Write(told), Text: null, IsShown: false), cancellationToken);
        await _services.Archive.ReplaceAsync(
            Jid, id, request.ToTombstone(original, told["id"]!, moderator.Address, moderator.Id, now), cancellationToken);
        _history.Remove(id);
        _services.Sessions.Together(() =>
        {
            Broadcast(BroadcastStanza.Of(told), iq.Sender);
            Reply(iq);
        });
        return IqReply.Sent;
    }

    /// <summary>Somebody takes back what it has said: in the archive a tombstone takes its place (XEP-0424 §4), and who enters doesn't get it.</summary>
    /// <param name="retraction">As all got it.</param>
    private void Retract(Occupant author, Element retraction)
    {
        if (retraction["id"] is not { Length: > 0 } by || !SortableId.TryParse(retraction.Child(Retractions.Ns, "retract")?["id"], out var id))
            return;
        var (account, now) = (author.Account, Now);
        _history.Remove(id, account);
        _services.Tasks.Run($"Retraction of a message in {Jid}", async cancellationToken =>
        {
            // §5: the author's own.
            if (await _services.Archive.FindAsync(Jid, id, cancellationToken) is { } entry && entry.With.Bare == account
                && Element.Parse(entry.Stanza) is var original && original.Child(Retractions.Retracted) is null
                && original.Child(Retractions.Ns, "retract") is null)
            {
                await _services.Archive.ReplaceAsync(Jid, id, Retractions.TombstoneOf(original, by, now), cancellationToken);
            }
        });
    }
}
