using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;
using Xmpp.Modules.Speech;

namespace Xmpp.Modules.Rooms;

/// <content>What is said to all (XEP-0045 §7.4), and the subject (§8.1).</content>
internal sealed partial class Room
{
    /// <summary>Whether a message changes the subject: one that has a subject, and neither a body nor a thread.</summary>
    public static bool IsSubject(StanzaView message) => message.HasChild("jabber:client"u8, "subject"u8)
        && !message.HasChild("jabber:client"u8, "body"u8) && !message.HasChild("jabber:client"u8, "thread"u8);

    /// <summary>Gives a message of type "groupchat" to all.</summary>
    /// <returns>What its sender is told, or null.</returns>
    public StanzaError? Say(ServiceStanza message)
    {
        if (CheckSpeaker(message, out var session) is { } refusal)
            return refusal;
        if (session!.Occupant.Role < Role.Participant)
            return Refusal(StanzaErrorCondition.Forbidden, "You have no voice in this room.");
        var hasBody = message.View.HasChild("jabber:client"u8, "body"u8);
        if (hasBody && CheckSlowMode(session.Occupant) is { } tooEarly)
            return tooEarly;
        var content = ArchivedContent.OfRoom(message.View);
        var stanza = Reflect(message, session.Occupant, content, out var archiveId);
        Broadcast(stanza, message.Sender);
        if (content.IsShown)
        {
            TellAbsent(session.Occupant, message, stanza);
            WakeSleepers(session.Occupant, message);
        }
        else if (IsArchived && RoomReadMarks.IsMarker(message.View))
            NoteRead(session.Occupant, message);
        if (IsArchived && message.View.HasChild("urn:xmpp:message-retract:1"u8, "retract"u8))
            Retract(session.Occupant, stanza.ToElement());
        if (Configuration.Transcribes && VoiceMessage.MayBe(message.View))
            Transcribe(session.Occupant, stanza, archiveId);
        if (!hasBody)
            return null;
        _history.Add(stanza, Now, archiveId, session.Occupant.Account, Options.MaxHistory, Options.HistoryBytes);
        if (!message.View.HasChild("urn:xmpp:message-correct:0"u8, "replace"u8))
            _activity.Count(Now); // XEP-0502 §5
        return null;
    }

    /// <summary>XEP-0500 §5: admins aren't held back.</summary>
    private StanzaError? CheckSlowMode(Occupant speaker) => speaker.Affiliation >= Affiliation.Admin
        ? null
        : _slowMode.Take(speaker.Account, TimeSpan.FromSeconds(Configuration.SlowMode), Now) is { } error ? error with { By = Jid } : null;

    /// <summary>Changes the subject, and tells all.</summary>
    public async ValueTask<StanzaError?> ChangeSubjectAsync(ServiceStanza message, CancellationToken cancellationToken)
    {
        if (CheckSpeaker(message, out var session) is { } refusal)
            return refusal;
        var occupant = session!.Occupant;
        if (occupant.Role != Role.Moderator && !(occupant.Role == Role.Participant && Configuration.MayChangeSubject))
            return Refusal(StanzaErrorCondition.Forbidden, "You may not change the subject.");
        var text = message.View.ChildText(message.View.IndexOfChild("jabber:client"u8, "subject"u8));
        if (text.Length > Options.TextLength)
            return Refusal(StanzaErrorCondition.NotAcceptable, $"A subject has at most {Options.TextLength} characters.");
        await ChangeAsync(new RoomChange { Subject = new(text, occupant.Nick, occupant.Account, Now) }, cancellationToken);
        // It is kept, but nothing that anybody has to read.
        Broadcast(Reflect(message, occupant, ArchivedContent.OfRoom(message.View) with { IsShown = false }, out _), message.Sender);
        return null;
    }

    /// <summary>The subject for who enters (§7.2.15); an empty one when there is none.</summary>
    private BroadcastStanza SubjectStanza()
    {
        var from = Subject?.Nick is { } nick && Jid.TryWithResource(nick, out var occupant) ? occupant : Jid;
        return BroadcastStanza.Of(new Element(Namespaces.Client, "message",
            Element.Attr("from", from.ToString()),
            Element.Attr("type", "groupchat"),
            new Element(Namespaces.Client, "subject", Subject?.Text),
            Subject?.By is { } by ? OccupantIds.ElementOf(_occupantIds.Of(Jid, by)) : null,
            Subject is null ? null : new Delay(Subject.At, Jid).ToElement()));
    }

    /// <summary>Whether somebody may say anything at all.</summary>
    private StanzaError? CheckSpeaker(ServiceStanza message, out OccupantSession? session)
    {
        session = null;
        if (!Exists || IsLocked)
            return Refusal(StanzaErrorCondition.ItemNotFound); // §17.2
        if (!_sessions.TryGetValue(message.From, out session))
            return Refusal(StanzaErrorCondition.NotAcceptable, "You are not in this room."); // §7.4
        return IsInPace(session) ? null : TooFast();
    }
}
