using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Becoming a member by oneself, with a nick (XEP-0045 §7.10), at once or when an admin agrees (§9.9).</content>
internal sealed partial class Room
{
    public const string RegistrationForm = "http://jabber.org/protocol/muc#register";

    private const string RegisterNs = "jabber:iq:register";
    private const string NickVar = "muc#register_roomnick";
    private const string AllowRegisterVar = "muc#register_allow";
    private const string AccountVar = "muc#jid";
    private const string NotifyVar = "{urn:xmpp:notification-settings:1}notify";

    /// <summary>What somebody may want to be told of, as XEP-0492 names it.</summary>
    private static readonly (string Name, string Label, RoomNotifications? Value)[] _notifications =
    [
        ("default", "As the room decides", null), ("always", "Everything", RoomNotifications.Always),
        ("on-mention", "Messages that mention me", RoomNotifications.OnMention), ("never", "Nothing", RoomNotifications.Never),
    ];

    public static XmlName RegisterQuery { get; } = new(RegisterNs, "query");

    /// <summary>Handles a request of type "get": the form, or what is registered.</summary>
    public IqReply GetRegistration(ServiceStanza iq)
    {
        var account = iq.From.Bare;
        if (AffiliationOf(account) == Affiliation.Outcast)
            return IqReply.Failed(StanzaErrorCondition.NotAllowed, "You are banned from this room.");
        var member = _members.GetValueOrDefault(account);
        if (member is { Affiliation: >= Affiliation.Member })
        {
            return IqReply.Result(new Element(RegisterQuery,
                new Element(RegisterNs, "registered"),
                member.Nick is null ? null : new Element(RegisterNs, "username", member.Nick),
                DataForm.Of(DataFormType.Form, RegistrationForm, RegistrationFields(null, member)).ToElement()));
        }
        return IqReply.Result(new Element(RegisterQuery,
            new Element(RegisterNs, "instructions", "Choose the nick that nobody else can have in this room."),
            DataForm.Of(DataFormType.Form, RegistrationForm, RegistrationFields(null)).ToElement()));
    }

    /// <summary>Handles a request of type "set".</summary>
    public async ValueTask<IqReply> RegisterAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        var account = iq.From.Bare;
        var affiliation = AffiliationOf(account);
        if (affiliation == Affiliation.Outcast)
            return IqReply.Failed(StanzaErrorCondition.NotAllowed, "You are banned from this room.");
        var before = MemberOf(account);
        if (iq.Payload.Child(RegisterNs, "remove") is not null)
        {
            // XEP-0077 §3.2. Admins and owners keep what they are, without the nick.
            if (before is { Affiliation: Affiliation.None, Nick: null })
                return IqReply.Failed(StanzaErrorCondition.RegistrationRequired);
            var left = before.Affiliation == Affiliation.Member ? before with { Affiliation = Affiliation.None } : before;
            return await SetMemberAsync(iq, left with { Nick = null }, before.Affiliation, cancellationToken);
        }
        if (DataForm.Parse(iq.Payload.Child(DataForm.Name)) is not { Type: DataFormType.Submit, FormType: RegistrationForm } form)
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "A form is needed.");
        if (!TryReadNotifications(form, before.Notifications, out var notifications))
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, $"\"{NotifyVar}\" has a value that it can't have.");
        // Who belongs to the room can say what it wants to be told of, and no more.
        var nick = form.Value(NickVar) ?? before.Nick;
        if (nick is null && (affiliation < Affiliation.Member || form.Field(NotifyVar) is null))
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "A form with a nick is needed.");
        if (nick is not null && CheckReserved(account, nick) is { } error)
            return IqReply.Failed(error);
        if (nick is not null && _occupants.TryGetValue(Occupant.KeyOf(nick), out var other) && other.Account != account)
            return IqReply.Failed(StanzaErrorCondition.Conflict, "Somebody has this nick.");
        if (affiliation == Affiliation.None && Configuration.IsMembersOnly)
        {
            AskAdmins(account, form);
            return IqReply.Result();
        }
        var registered = before with
        {
            Nick = nick,
            Notifications = notifications,
            Affiliation = before.Affiliation < Affiliation.Member ? Affiliation.Member : before.Affiliation,
        };
        return await SetMemberAsync(iq, registered, before.Affiliation, cancellationToken);
    }

    /// <summary>An admin answers somebody's wish to register (§9.9).</summary>
    public async ValueTask<StanzaError?> AnswerRegistrationAsync(ServiceStanza message, DataForm form, CancellationToken cancellationToken)
    {
        if (AffiliationOf(message.From.Bare) < Affiliation.Admin)
            return Refusal(StanzaErrorCondition.Forbidden);
        if (form.Type == DataFormType.Cancel || form.Boolean(AllowRegisterVar) != true)
            return null;
        if (!Jid.TryParse(form.Value(AccountVar), out var account) || form.Value(NickVar) is not { } nick)
            return Refusal(StanzaErrorCondition.BadRequest);
        account = account.Bare;
        if (AffiliationOf(account) != Affiliation.None)
            return null; // Another admin was faster.
        if (CheckReserved(account, nick) is { } error)
            return error with { By = Jid };
        TryReadNotifications(form, null, out var notifications);
        var member = new RoomMember(account, Affiliation.Member) { Nick = nick, Notifications = notifications };
        if (CheckWhole([new(member, Affiliation.None)]) is { } full)
            return full with { By = Jid };
        await ApplyAsync(null, [new(member, Affiliation.None)], [], OccupantOf(message.From)?.Nick, static () => { }, cancellationToken);
        return null;
    }

    private async ValueTask<IqReply> SetMemberAsync(
        ServiceStanza iq, RoomMember member, Affiliation before, CancellationToken cancellationToken)
    {
        var change = new AffiliationChange(member, before);
        if (CheckWhole([change]) is { } error)
            return IqReply.Failed(error);
        await ApplyAsync(null, [change], [], OccupantOf(iq.From)?.Nick, () => Reply(iq), cancellationToken);
        return IqReply.Sent;
    }

    private void AskAdmins(Jid account, DataForm submitted)
    {
        var form = DataForm.Of(DataFormType.Form, RegistrationForm,
        [
            .. RegistrationFields(submitted),
            new FormField(AccountVar, FormFieldType.JidSingle, account.ToString()) { Label = "User ID" },
            FormField.Boolean(AllowRegisterVar, "Allow this person to register with the room?", false),
        ]) with
        {
            Title = "Registration request",
            Instructions = ["To approve this registration request, say yes and submit the form; to skip it, cancel."],
        };
        foreach (var admin in _members.Values.Where(member => member.Affiliation >= Affiliation.Admin))
            Post(admin.Jid, form.ToElement());
    }

    /// <summary>False when the form has another value than there are.</summary>
    /// <param name="before">That stays where the form doesn't say.</param>
    private static bool TryReadNotifications(DataForm form, RoomNotifications? before, out RoomNotifications? notifications)
    {
        notifications = before;
        if (form.Value(NotifyVar) is not { Length: > 0 } name)
            return true;
        foreach (var choice in _notifications)
        {
            if (choice.Name != name)
                continue;
            notifications = choice.Value;
            return true;
        }
        return false;
    }

    /// <param name="member">Who fills it out, if it is registered.</param>
    private static FormField[] RegistrationFields(DataForm? filled, RoomMember? member = null) =>
    [
        FormField.Text(NickVar, "Desired nickname", filled?.Value(NickVar) ?? member?.Nick) with { IsRequired = true },
        FormField.List(
            NotifyVar, "What you are told of while you aren't here",
            filled?.Value(NotifyVar) ?? _notifications.First(choice => choice.Value == member?.Notifications).Name,
            [.. _notifications.Select(choice => new FormOption(choice.Name, choice.Label))]),
        FormField.Text("muc#register_first", "Given name", filled?.Value("muc#register_first")),
        FormField.Text("muc#register_last", "Family name", filled?.Value("muc#register_last")),
        FormField.Text("muc#register_url", "A web page", filled?.Value("muc#register_url")),
        FormField.Text("muc#register_email", "Email address", filled?.Value("muc#register_email")),
        FormField.Lines("muc#register_faqentry", "FAQ entry", filled?.Text("muc#register_faqentry") ?? ""),
    ];
}
