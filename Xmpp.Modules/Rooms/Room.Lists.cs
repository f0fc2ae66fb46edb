using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Who has which role or affiliation (XEP-0045 §8.5, §9.2, §9.5, §9.8, §10.5, §10.8).</content>
internal sealed partial class Room
{
    /// <summary>Handles a request of type "get" with <see cref="Muc.AdminQuery"/>.</summary>
    public IqReply GetList(ServiceStanza iq)
    {
        var items = iq.Payload.Elements.Where(child => child.Name == Muc.AdminItem).ToList();
        if (items is not [var item])
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "One item is needed.");
        var actor = ActorOf(iq.From);
        return (Muc.ReadAffiliation(item["affiliation"]), Muc.ReadRole(item["role"])) switch
        {
            ({ } affiliation, null) when item["role"] is null && affiliation != Affiliation.None => MaySee(actor, affiliation)
                ? IqReply.Result(new Element(Muc.AdminQuery, ItemsOf(affiliation)))
                : IqReply.Failed(StanzaErrorCondition.Forbidden),
            (null, { } role) when item["affiliation"] is null && role != Role.None => MaySee(actor, role)
                ? IqReply.Result(new Element(Muc.AdminQuery, ItemsOf(role)))
                : IqReply.Failed(StanzaErrorCondition.Forbidden),
            _ => IqReply.Failed(StanzaErrorCondition.BadRequest, "Either an affiliation or a role is needed."),
        };
    }

    /// <summary>§9: the moderators are the admins' business; §8.5: who has voice is the moderators'.</summary>
    private static bool MaySee(Actor actor, Role role) =>
        actor.Affiliation >= Affiliation.Admin || (role != Role.Moderator && actor.Role == Role.Moderator);

    /// <summary>
    /// §10.5, §10.8, §9.2, §9.5; in a room where everybody sees who others are also those to whom the configuration allows it.
    /// </summary>
    private bool MaySee(Actor actor, Affiliation affiliation) => affiliation switch
    {
        Affiliation.Outcast => actor.Affiliation >= Affiliation.Admin,
        Affiliation.Member => actor.Affiliation >= Affiliation.Admin || MaySeeMembers(actor),
        _ => actor.Affiliation == Affiliation.Owner || MaySeeMembers(actor),
    };

    private bool MaySeeMembers(Actor actor) => Configuration.IsNonAnonymous
        && (actor.Affiliation >= Affiliation.Member || Configuration.MemberList.Contains(actor.Role));

    private IEnumerable<Element> ItemsOf(Affiliation affiliation) => _members.Values
        .Where(member => member.Affiliation == affiliation)
        .OrderBy(member => member.Jid.ToString(), StringComparer.Ordinal)
        .Select(member => new Element(Muc.AdminItem,
            Element.Attr("affiliation", Muc.NameOf(affiliation)),
            Element.Attr("jid", member.Jid.ToString()),
            Element.Attr("nick", member.Nick),
            member.Reason is null ? null : new Element(Muc.Admin, "reason", member.Reason)));

    private IEnumerable<Element> ItemsOf(Role role) => _occupants.Values
        .Where(occupant => occupant.Role == role)
        .OrderBy(occupant => occupant.Nick, StringComparer.Ordinal)
        .Select(occupant => new Element(Muc.AdminItem,
            Element.Attr("affiliation", Muc.NameOf(occupant.Affiliation)),
            Element.Attr("jid", occupant.Shown.Jid.ToString()),
            Element.Attr("nick", occupant.Nick),
            Element.Attr("role", Muc.NameOf(role))));
}
