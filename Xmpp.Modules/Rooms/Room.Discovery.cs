using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <content>What a room says of itself (XEP-0045 §6.4, §6.5, §7.12, §16.1.1).</content>
internal sealed partial class Room
{
    private const string NickNode = "x-roomuser-item";
    private const string TrafficNode = Muc.Ns + "#traffic";

    public IqReply GetInfo(ServiceStanza iq) => iq.Payload["node"] switch
    {
        null => IqReply.Result(InfoElement(null, Info())),
        NickNode => IqReply.Result(new Element(Namespaces.DiscoInfo, "query",
            Element.Attr("node", NickNode),
            _members.GetValueOrDefault(iq.From.Bare)?.Nick is { } nick ? Identity(nick) : null)),
        // Nothing is left out of what is said.
        TrafficNode => IqReply.Failed(StanzaErrorCondition.ServiceUnavailable),
        _ => IqReply.Failed(StanzaErrorCondition.ItemNotFound),
    };

    /// <summary>§6.5: who is there is told to those who are there, too.</summary>
    public IqReply GetItems(ServiceStanza iq) => iq.Payload["node"] switch
    {
        null => IqReply.Result(new Element(Namespaces.DiscoItems, "query", OccupantOf(iq.From) is null ? [] : _occupants.Values
            .Where(occupant => IsShown(occupant.Role))
            .OrderBy(occupant => occupant.Nick, StringComparer.Ordinal)
            .Select(occupant => new Element(Namespaces.DiscoItems, "item", Element.Attr("jid", occupant.Address.ToString()))))),
        var node when node == Command.Namespace => IqReply.Result(new Element(
            Namespaces.DiscoItems, "query", Element.Attr("node", node), CommandItems(iq.From))),
        _ => IqReply.Failed(StanzaErrorCondition.ItemNotFound),
    };

    private IEnumerable<Element> Info() =>
    [
        Identity(Configuration.Name ?? Jid.Local!),
        .. Features().Select(feature => new Element(Namespaces.DiscoInfo, "feature", Element.Attr("var", feature))),
        RoomInfo().ToElement(),
    ];

    private IEnumerable<string> Features() =>
    [
        Namespaces.DiscoInfo,
        Namespaces.DiscoItems,
        Muc.Ns,
        Muc.Ns + "#stable_id",
        Muc.Ns + "#self-ping-optimization",
        Muc.Ns + "#request",
        OccupantIds.Ns,
        VCardTemp.Ns,
        Command.Namespace,
        RoomHats.Ns,
        AffiliationVersions.Name.Namespace,
        RoomConfiguration.FormType,
        RegistrationForm,
        "jabber:iq:register",
        .. IsArchived
            ? [.. MessageArchive.Features, StanzaId.Ns, .. Retractions.Features, ModerationRequest.Ns, ModerationRequest.OldNs]
            : Array.Empty<string>(),
        Configuration.IsPublic ? "muc_public" : "muc_hidden",
        Configuration.IsPersistent ? "muc_persistent" : "muc_temporary",
        Configuration.IsMembersOnly ? "muc_membersonly" : "muc_open",
        Configuration.IsModerated ? "muc_moderated" : "muc_unmoderated",
        Configuration.IsPasswordProtected ? "muc_passwordprotected" : "muc_unsecured",
        Configuration.IsNonAnonymous ? "muc_nonanonymous" : "muc_semianonymous",
    ];

    private DataForm RoomInfo() => DataForm.Of(DataFormType.Result, Muc.Ns + "#roominfo",
    [
        FormField.Text("muc#roominfo_description", "Description", Configuration.Description),
        FormField.Text("muc#roomconfig_roomname", "Natural-language room name", Configuration.Name ?? ""),
        FormField.Text("muc#roominfo_lang", "Language of discussion", Configuration.Language),
        new FormField("muc#roominfo_contactjid", FormFieldType.JidMulti,
            [.. _members.Values.Where(member => Configuration.IsNonAnonymous && member.Affiliation == Affiliation.Owner)
                .Select(member => member.Jid.ToString()).Order(StringComparer.Ordinal)])
        {
            Label = "Contact addresses",
        },
        // §13.4: what is talked of in a room that isn't for all is not told to all.
        FormField.Text("muc#roominfo_subject", "Current discussion topic", IsOpenToAll ? Subject?.Text ?? "" : ""),
        FormField.Boolean("muc#roominfo_subjectmod", "Subject can be modified", Configuration.MayChangeSubject),
        FormField.Boolean("muc#roomconfig_changesubject", "Subject can be modified", Configuration.MayChangeSubject),
        FormField.Text("muc#roominfo_occupants", "Number of occupants", _occupants.Count.ToString(CultureInfo.InvariantCulture)),
        FormField.Text(
            "muc#maxhistoryfetch", "Maximum number of history messages returned by room",
            Configuration.HistoryLength.ToString(CultureInfo.InvariantCulture)),
        FormField.Text(
            "muc#roominfo_slow_mode_duration", "Seconds between two messages of one user",
            Configuration.SlowMode.ToString(CultureInfo.InvariantCulture)),
        .. Configuration.Avatar is { Hashes: [_, ..] hashes }
            ? [new FormField("muc#roominfo_avatarhash", FormFieldType.TextMulti, hashes) { Label = "Avatar hash" }] : (FormField[])[],
        .. Activity() is { } messages
            ? [FormField.Text("{urn:xmpp:muc-activity}message-activity", "Messages per hour", messages)] : (FormField[])[],
        .. Configuration.PubSub.Length == 0
            ? [] : (FormField[])[FormField.Text("muc#roomconfig_pubsub", "Associated pubsub node", Configuration.PubSub)],
    ]);

    /// <summary>XEP-0502 §4, §9: only of a room that everybody may know of, enter, and find again.</summary>
    private string? Activity() => IsOpenToAll && Configuration.IsPersistent
        ? _activity.PerHour(Now)?.ToString("0.##", CultureInfo.InvariantCulture)
        : null;

    private bool IsOpenToAll => Configuration is { IsPublic: true, IsMembersOnly: false, IsPasswordProtected: false };

    private static Element Identity(string name) => new(Namespaces.DiscoInfo, "identity",
        Element.Attr("category", "conference"), Element.Attr("type", "text"), Element.Attr("name", name));

    private static Element InfoElement(string? node, IEnumerable<Element> content) =>
        new(Namespaces.DiscoInfo, "query", Element.Attr("node", node), content);
}
