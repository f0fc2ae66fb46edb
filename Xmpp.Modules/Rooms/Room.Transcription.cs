using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <content>The text of voice messages, where the owners want it: the room says it as a reply (XEP-0461).</content>
internal sealed partial class Room
{
    /// <summary>Has the text of what was said made, if it is a voice message.</summary>
    /// <param name="id">That it has in the archive; replies name it by that in rooms.</param>
    private void Transcribe(Occupant speaker, BroadcastStanza stanza, SortableId? id)
    {
        if (_services.CurrentTranscriber() is not { } transcriber)
            return;
        var (message, created) = (stanza.ToElement(), Created);
        if ((id?.ToString() ?? message["id"]) is not { Length: > 0 } named)
            return;
        transcriber.Answer(Jid, speaker.Account, message, named, async (reply, cancellationToken) =>
        {
            using var turn = await _directory.EnterAsync(Jid, Host, cancellationToken);
            // Neither in another room of that name, nor of what was taken away meanwhile.
            if (turn.Room is { Exists: true } room && room.Created == created && !await room.IsTakenAwayAsync(id, cancellationToken))
                room.SayItself(reply);
        });
    }

    private async ValueTask<bool> IsTakenAwayAsync(SortableId? id, CancellationToken cancellationToken)
    {
        if (id is not { } archived)
            return false;
        return await _services.Archive.FindAsync(Jid, archived, cancellationToken) is not { } entry
            || Element.Parse(entry.Stanza).Child(Retractions.Retracted) is not null;
    }

    /// <summary>Gives a message of the room itself to all.</summary>
    private void SayItself(Element message)
    {
        SortableId? id = IsArchived ? _services.Archive.NextId(Jid) : null;
        if (id is { } own)
            message = message.Add(new StanzaId(own.ToString(), Jid).ToElement());
        var stanza = BroadcastStanza.Of(message);
        if (id is { } kept)
        {
            var text = message.Child(Namespaces.Client, "body")?.Text;
            _services.Archive.Keep(sender: null, new(Jid, kept, Jid, IsIncoming: true, StoredXml.Write(message), text, IsShown: true));
        }
        _services.Sessions.Together(() => Broadcast(stanza, sender: null));
        _history.Add(stanza, Now, id, Jid, Options.MaxHistory, Options.HistoryBytes);
    }
}
