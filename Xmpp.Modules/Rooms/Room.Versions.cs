using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>
/// The list of affiliations by versions (XEP-0463): each change is one, counted from the time at which the room was made, so that a room
/// that gets the name of another never has one of that. Those who are not affiliated any more are remembered for a while.
/// </content>
internal sealed partial class Room
{
    /// <summary>So many are remembered who were removed; of more the older half is forgotten.</summary>
    private const int MaxRemoved = 200;

    /// <summary>Affiliations in one message.</summary>
    private const int MaxInMessage = 100;

    private readonly Dictionary<Jid, long> _removed = [];
    private long _version;

    /// <summary>Who has an older version needs the whole list. Kept as if it were of somebody: the room itself.</summary>
    private long _floor;

    /// <summary>Gives each change its version, in the order in which they are told.</summary>
    private List<AffiliationChange> Number(IReadOnlyList<AffiliationChange> changes, RoomSettings? settings)
    {
        var isMembersOnly = settings is null ? Configuration.IsMembersOnly : RoomConfiguration.Of(settings).IsMembersOnly;
        var version = _version;
        return [.. changes.OrderBy(PlaceOf).Select(change => change.Member.Affiliation == change.Before
            ? change
            : change with { Member = change.Member with { Version = ++version } })];

        int PlaceOf(AffiliationChange change) => !IsHere(change.Member.Jid) ? 2
            : change.Member.Affiliation == Affiliation.Outcast || (isMembersOnly && change.Member.Affiliation == Affiliation.None) ? 0
            : 1;
    }

    /// <summary>What is stored of changes.</summary>
    private RoomChange ChangeOf(RoomSettings? settings, IReadOnlyList<AffiliationChange> changes)
    {
        var (saved, deleted) = (new List<RoomMember>(), new List<Jid>());
        foreach (var (member, before) in changes.Select(change => (change.Member, change.Before)))
        {
            if (member is not { Affiliation: Affiliation.None, Nick: null })
                saved.Add(member);
            else if (before != Affiliation.None)
                saved.Add(new(member.Jid, Affiliation.None) { Version = member.Version });
            else if (_members.ContainsKey(member.Jid))
                deleted.Add(member.Jid);
        }
        if (_removed.Count + saved.Count(member => member.Affiliation == Affiliation.None) > MaxRemoved)
        {
            var oldest = _removed.OrderBy(removed => removed.Value).Take(MaxRemoved / 2).ToList();
            deleted.AddRange(oldest.Select(removed => removed.Key).Except(saved.Select(member => member.Jid)));
            saved.Add(Floor(oldest.Max(removed => removed.Value)));
        }
        return new() { Settings = settings, Saved = saved, Deleted = deleted };
    }

    private RoomMember Floor(long version) => new(Jid, Affiliation.None) { Version = version };

    /// <summary>Tells a client what affiliations there are, or have changed, before it enters, if it wants to know (§5.2.1).</summary>
    /// <param name="join">What its presence says of entering.</param>
    /// <returns>Whether it is told of changes from now on.</returns>
    private bool SendAffiliations(OccupantSession session, Element join, string? id)
    {
        if (join.Child(AffiliationVersions.Name) is not { } request)
            return false;
        var (account, occupant) = (session.Occupant.Account, session.Occupant);
        var actor = new Actor(account, occupant.Affiliation, occupant.Role, occupant.Nick);
        if (!MaySee(actor, Affiliation.Member))
        {
            Send(session, BroadcastStanza.Of(new Element(Namespaces.Client, "message",
                Element.Attr("type", "error"),
                Element.Attr("id", id),
                Element.Attr("from", Jid.ToString()),
                Refusal(StanzaErrorCondition.Forbidden).ToElement())));
            return false;
        }

        // §6: what was before somebody came in it doesn't learn: then it gets the list as it is.
        long? since = long.TryParse(request["since"], NumberStyles.None, CultureInfo.InvariantCulture, out var known)
            && known >= Math.Max(_floor, Created.ToUnixTimeMilliseconds()) && known >= MemberOf(account).Version && known <= _version
            ? known : null;
        if (since == _version)
            return true;
        var changed = _members.Values.Where(member => since is null ? member.Affiliation != Affiliation.None : member.Version > since)
            .Concat(_removed.Where(removed => removed.Value > since)
                .Select(removed => new RoomMember(removed.Key, Affiliation.None) { Version = removed.Value }))
            .Select(member => MaySee(actor, member.Affiliation) ? member : member with { Affiliation = Affiliation.None })
            .Where(member => since is not null || member.Affiliation != Affiliation.None)
            .OrderBy(member => member.Version).ThenBy(member => member.Jid.ToString(), StringComparer.Ordinal).ToList();
        for (var (i, from) = (0, since); i == 0 || i < changed.Count;)
        {
            var page = changed.Skip(i).Take(MaxInMessage).ToList();
            i += page.Count;
            // What has one version stays together.
            for (; i > 0 && i < changed.Count && changed[i].Version == changed[i - 1].Version; i++)
                page.Add(changed[i]);
            var until = i >= changed.Count ? _version : page[^1].Version;
            Send(session, BroadcastStanza.Of(Message(RoomStanzas.UserInfo(new object[]
            {
                AffiliationVersions.Of(from, until),
                page.Select(member => new Element(Muc.UserItem,
                    Element.Attr("jid", member.Jid.ToString()), Element.Attr("affiliation", Muc.NameOf(member.Affiliation)))),
            }))));
            from = until;
            if (page.Count == 0)
                break;
        }
        return true;
    }
}
