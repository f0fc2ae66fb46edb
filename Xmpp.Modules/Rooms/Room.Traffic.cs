using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <content>What is neither presence nor said to all.</content>
internal sealed partial class Room
{
    /// <summary>A message to the room itself that isn't of the type "groupchat".</summary>
    public async ValueTask<StanzaError?> HandleToItselfAsync(ServiceStanza message, CancellationToken cancellationToken)
    {
        if (!Exists || IsLocked)
            return Refusal(StanzaErrorCondition.ItemNotFound); // §17.2
        var element = message.View.ToElement();
        if (element.Child(Muc.UserInfo) is { } info)
        {
            if (info.Child(Muc.User, "invite") is not null)
                return await InviteAsync(message, info, cancellationToken);
            if (info.Child(Muc.User, "decline") is { } decline)
                return Decline(message, decline);
        }
        return DataForm.Parse(element.Child(DataForm.Name)) switch
        {
            { FormType: VoiceForm } form => await HandleVoiceAsync(message, form, cancellationToken),
            { FormType: RegistrationForm } form => await AnswerRegistrationAsync(message, form, cancellationToken),
            _ => OccupantOf(message.From) is null
                ? Refusal(StanzaErrorCondition.NotAcceptable, "You are not in this room.")
                : Refusal(StanzaErrorCondition.BadRequest, "What is said to all has the type \"groupchat\"."), // §17.2
        };
    }

    /// <summary>An error that came back from somebody: one that can't be reached any more isn't here any more (§16.1.2).</summary>
    /// <returns>Whether it was such a one.</returns>
    public bool HandleError(ServiceStanza stanza)
    {
        if (stanza.Type != "error" || !_sessions.TryGetValue(stanza.From, out var session))
            return false;
        var isUnreachable = StanzaError.Parse(stanza.View.ToElement())?.Condition switch
        {
            StanzaErrorCondition.Gone or StanzaErrorCondition.RecipientUnavailable or StanzaErrorCondition.RemoteServerNotFound
                or StanzaErrorCondition.RemoteServerTimeout => true,
            // To a request a client may answer so itself.
            StanzaErrorCondition.ItemNotFound or StanzaErrorCondition.Redirect => !stanza.View.LocalName.SequenceEqual("iq"u8),
            _ => false,
        };
        if (isUnreachable)
            NoteUnreachable(session);
        return isUnreachable;
    }
}
