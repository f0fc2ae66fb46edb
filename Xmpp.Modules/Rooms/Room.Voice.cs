using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <content>Asking for voice, and granting it (XEP-0045 §7.13, §8.6).</content>
internal sealed partial class Room
{
    public const string VoiceForm = "http://jabber.org/protocol/muc#request";

    private const string AllowVar = "muc#request_allow";

    /// <summary>A form of the type <see cref="VoiceForm"/>: a visitor asks for voice, or a moderator answers.</summary>
    public async ValueTask<StanzaError?> HandleVoiceAsync(ServiceStanza message, DataForm form, CancellationToken cancellationToken)
    {
        if (CheckSpeaker(message, out var session) is { } refusal)
            return refusal;
        if (form.Field(AllowVar) is not null)
            return await AnswerVoiceAsync(session!.Occupant, form, cancellationToken);
        if (form.Value("muc#role") is not ("participant" or null))
            return Refusal(StanzaErrorCondition.BadRequest, "Only voice can be asked for.");
        if (session!.Occupant.Role != Role.Visitor)
            return Refusal(StanzaErrorCondition.NotAllowed, "You have voice.");
        var request = BroadcastStanza.Of(Message(ApprovalForm(session.Occupant).ToElement()));
        foreach (var recipient in _recipients)
        {
            if (recipient.Occupant.Role == Role.Moderator)
                Send(recipient, request);
        }
        return null;
    }

    private static DataForm ApprovalForm(Occupant visitor) => DataForm.Of(DataFormType.Form, VoiceForm,
        new FormField("muc#role", FormFieldType.ListSingle, "participant")
        {
            Label = "Requested role",
            Options = [new("participant")],
        },
        new FormField("muc#jid", FormFieldType.JidSingle, visitor.Shown.Jid.ToString()) { Label = "User ID" },
        FormField.Text("muc#roomnick", "Room nickname", visitor.Nick),
        FormField.Boolean(AllowVar, "Grant voice to this person?", false)) with
    {
        Title = "Voice request",
        Instructions = ["To approve this request for voice, say yes and submit the form; to skip it, cancel."],
    };

    private async ValueTask<StanzaError?> AnswerVoiceAsync(Occupant moderator, DataForm form, CancellationToken cancellationToken)
    {
        if (moderator.Role != Role.Moderator)
            return Refusal(StanzaErrorCondition.Forbidden);
        if (form.Type == DataFormType.Cancel || form.Boolean(AllowVar) != true)
            return null;
        // By its address, should it have another nick by now.
        var visitor = Jid.TryParse(form.Value("muc#jid"), out var jid) ? OccupantOf(jid) : FindNick(form.Value("muc#roomnick") ?? "");
        if (visitor is null)
            return Refusal(StanzaErrorCondition.ItemNotFound, "Who asked is not here any more.");
        if (visitor.Role == Role.Visitor)
            await ApplyAsync(null, [], [(visitor, Role.Participant, null)], moderator.Nick, static () => { }, cancellationToken);
        return null;
    }
}
