using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Roles and affiliations given and taken (XEP-0045 §8.2-8.5, §9, §10.3-10.8): all that a request wants, or nothing.</content>
internal sealed partial class Room
{
    /// <summary>Handles a request of type "set" with <see cref="Muc.AdminQuery"/>.</summary>
    public async ValueTask<IqReply> ChangeListAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        var actor = ActorOf(iq.From);
        var affiliations = new List<AffiliationChange>();
        var roles = new List<(Occupant Target, Role Role, string? Reason)>();
        foreach (var item in iq.Payload.Elements.Where(child => child.Name == Muc.AdminItem))
        {
            // §17.4: one or the other.
            var error = (item["affiliation"], item["role"]) switch
            {
                ({ } affiliation, null) => ReadAffiliation(actor, item, affiliation, affiliations),
                (null, { } role) => ReadRole(actor, item, role, roles),
                _ => StanzaError.Of(StanzaErrorCondition.BadRequest, "An item has either an affiliation or a role."),
            };
            if (error is not null)
                return IqReply.Failed(error);
        }
        if (affiliations.Count == 0 && roles.Count == 0)
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "There are no items.");
        if (CheckWhole(affiliations) is { } problem)
            return IqReply.Failed(problem);
        await ApplyAsync(settings: null, affiliations, roles, actor.Nick, () => Reply(iq), cancellationToken);
        return IqReply.Sent;
    }

    private StanzaError? ReadRole(Actor actor, Element item, string name, List<(Occupant, Role, string?)> roles)
    {
        if (Muc.ReadRole(name) is not { } role || item["nick"] is not { } nick)
            return StanzaError.Of(StanzaErrorCondition.BadRequest, "A role and a nick are needed.");
        if (actor.Affiliation < Affiliation.Admin && actor.Role != Role.Moderator)
            return StanzaError.Of(StanzaErrorCondition.Forbidden);
        if (FindNick(nick) is not { } target)
            return StanzaError.Of(StanzaErrorCondition.ItemNotFound, $"Nobody here is called \"{nick}\".");
        var isSelf = target.Account == actor.Account;
        if (RoomRules.CheckRole(actor.Affiliation, actor.Role, target.Affiliation, target.Role, role, isSelf) is { } condition)
            return StanzaError.Of(condition);
        roles.Add((target, role, ReasonOf(item)));
        return null;
    }

    private StanzaError? ReadAffiliation(Actor actor, Element item, string name, List<AffiliationChange> changes)
    {
        if (Muc.ReadAffiliation(name) is not { } affiliation)
            return StanzaError.Of(StanzaErrorCondition.BadRequest, $"\"{name}\" is no affiliation.");
        if (actor.Affiliation < Affiliation.Admin)
            return StanzaError.Of(StanzaErrorCondition.Forbidden);
        Jid? target;
        if (item["jid"] is { } address)
        {
            if (!Jid.TryParse(address, out var jid))
                return StanzaError.Of(StanzaErrorCondition.JidMalformed);
            target = jid.Bare; // §10.3: also of a full JID.
        }
        else
        {
            target = item["nick"] is { } occupied ? FindNick(occupied)?.Account : null;
            if (target is null)
                return StanzaError.Of(item["nick"] is null ? StanzaErrorCondition.BadRequest : StanzaErrorCondition.ItemNotFound);
        }
        if (target.Local is null && affiliation >= Affiliation.Admin)
            return StanzaError.Of(StanzaErrorCondition.NotAllowed, "A whole domain can be banned, or a member, no more.");
        var isSelf = target == actor.Account || target == actor.Account.Host;
        if (RoomRules.CheckAffiliation(actor.Affiliation, AffiliationOf(target), affiliation, isSelf) is { } condition)
            return StanzaError.Of(condition);

        var before = MemberOf(target);
        // §9.1: who is banned has no nick reserved, nor has who isn't affiliated any more.
        var nick = affiliation <= Affiliation.None ? null
            : item["jid"] is null || item["nick"] is not { } given ? before.Nick
            : given.Length == 0 ? null : given;
        if (nick is not null && nick != before.Nick && CheckReserved(target, nick) is { } error)
            return error;
        changes.Add(new(before with { Affiliation = affiliation, Nick = nick, Reason = ReasonOf(item) }, before.Affiliation));
        return null;
    }

    /// <summary>Whether a nick can be somebody's for good.</summary>
    private StanzaError? CheckReserved(Jid account, string nick)
    {
        if (!Jid.TryWithResource(nick, out _) || nick.Length > Options.NickLength)
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable, "That is no nick.");
        return _reservedNicks.TryGetValue(Occupant.KeyOf(nick), out var owner) && owner != account
            ? StanzaError.Of(StanzaErrorCondition.Conflict, "Somebody else has this nick.")
            : null;
    }

    /// <summary>What can be said of a request only as a whole: an owner has to remain (§10), and no list grows for ever.</summary>
    private StanzaError? CheckWhole(IReadOnlyList<AffiliationChange> changes)
    {
        if (changes.Count == 0)
            return null;
        var after = _members.Values.ToDictionary(member => member.Jid, member => member.Affiliation);
        foreach (var change in changes)
            after[change.Member.Jid] = change.Member.Affiliation;
        if (!after.ContainsValue(Affiliation.Owner))
            return StanzaError.Of(StanzaErrorCondition.Conflict, "A room has an owner.");
        var nicks = changes.Select(change => change.Member.Nick).OfType<string>().Select(Occupant.KeyOf).ToList();
        if (nicks.Distinct().Count() < nicks.Count)
            return StanzaError.Of(StanzaErrorCondition.Conflict, "Two people can't have the same nick.");
        return after.Count(entry => entry.Value != Affiliation.None) > Math.Max(Options.MaxAffiliations, _members.Count)
            ? StanzaError.Of(StanzaErrorCondition.ResourceConstraint, $"A room has at most {Options.MaxAffiliations} affiliations.")
            : null;
    }

    /// <summary>
    /// Stores changes, makes them, and tells: first those who have to leave, then who wanted it, then all others (§8.2).
    /// </summary>
    /// <param name="settings">A new configuration, or null.</param>
    /// <param name="actor">The nick of who wants it, or null.</param>
    private async ValueTask ApplyAsync(
        RoomSettings? settings, IReadOnlyList<AffiliationChange> affiliations,
        IReadOnlyList<(Occupant Target, Role Role, string? Reason)> roles, string? actor, Action reply, CancellationToken cancellationToken)
    {
        var before = Configuration;
        affiliations = Number(affiliations, settings);
        if (settings is not null || affiliations.Count > 0)
            await ChangeAsync(ChangeOf(settings, affiliations), cancellationToken);
        _services.Sessions.Together(
            () => Tell(Consequences(before, affiliations, roles), affiliations, actor, reply, Configuration == before ? null : before));
        await EndIfEmptyAsync(cancellationToken);
    }

    /// <summary>What becomes of those who are in the room.</summary>
    private List<Consequence> Consequences(
        RoomConfiguration before, IReadOnlyList<AffiliationChange> affiliations,
        IReadOnlyList<(Occupant Target, Role Role, string? Reason)> roles)
    {
        var changes = affiliations.ToDictionary(change => change.Member.Jid);
        var consequences = new List<Consequence>();
        foreach (var occupant in _occupants.Values)
        {
            var affiliation = AffiliationOf(occupant.Account);
            var reason = (changes.GetValueOrDefault(occupant.Account) ?? changes.GetValueOrDefault(occupant.Account.Host))?.Member.Reason;
            if (affiliation == Affiliation.Outcast)
                consequences.Add(new(occupant, affiliation, Role.None, RoomStatus.Banned, reason));
            else if (Configuration.IsMembersOnly && affiliation == Affiliation.None)
                consequences.Add(new(
                    occupant, affiliation, Role.None, before.IsMembersOnly ? RoomStatus.AffiliationLost : RoomStatus.MembersOnly, reason));
            else if (affiliation != occupant.Affiliation)
                consequences.Add(new(
                    occupant, affiliation, RoomRules.RoleAfter(occupant.Role, occupant.Affiliation, affiliation, Configuration.IsModerated),
                    null, reason));
            else if (before.IsModerated && !Configuration.IsModerated && occupant.Role == Role.Visitor)
                consequences.Add(new(occupant, affiliation, Role.Participant, null, null));
        }
        foreach (var (target, role, reason) in roles)
        {
            if (consequences.TrueForAll(consequence => consequence.Occupant != target) && target.Role != role)
                consequences.Add(new(target, target.Affiliation, role, role == Role.None ? RoomStatus.Kicked : null, reason));
        }
        // In the order of their versions (XEP-0463).
        return [.. consequences.OrderBy(consequence => changes.GetValueOrDefault(consequence.Occupant.Account)?.Member.Version ?? 0)];
    }

    /// <param name="before">The configuration before; null when it is as it was.</param>
    private void Tell(
        List<Consequence> consequences, IReadOnlyList<AffiliationChange> affiliations, string? actor, Action reply,
        RoomConfiguration? before)
    {
        var absent = affiliations.Where(change => change.Member.Affiliation != change.Before && !IsHere(change.Member.Jid)).ToList();
        var versions = affiliations.Where(change => change.Versions is not null)
            .ToDictionary(change => change.Member.Jid, change => change.Versions);
        var departed = new List<(Occupant, PresenceNotice, Role)>();
        foreach (var (occupant, affiliation, _, status, reason) in consequences.Where(consequence => consequence.Status is not null))
        {
            var notice = new PresenceNotice(
                occupant.Item with
                {
                    Affiliation = affiliation,
                    Role = Role.None,
                    Actor = actor,
                    Reason = reason,
                    Versions = VersionsOf(occupant),
                }, [])
            {
                Type = "unavailable",
                Status = [status!.Value],
            };
            var role = occupant.Role;
            foreach (var session in occupant.Sessions)
            {
                Send(session, notice.ForSelf(occupant.Address, isAnswer: false, VersionsFor(session, notice.Item)));
                Remove(session);
            }
            _occupants.Remove(Occupant.KeyOf(occupant.Nick));
            departed.Add((occupant, notice, role));
        }
        reply();
        foreach (var (occupant, notice, role) in departed)
            Announce(occupant, notice, role);
        foreach (var (occupant, affiliation, role, _, reason) in consequences.Where(consequence => consequence.Status is null))
        {
            var roleBefore = occupant.Role;
            (occupant.Affiliation, occupant.Role) = (affiliation, role);
            AnnounceChange(occupant, roleBefore, actor, reason, VersionsOf(occupant));
        }
        if (before is not null)
            SendStatus(Configuration.StatusAfter(before));
        if (before is not null && !(Configuration.Avatar?.Hashes ?? []).SequenceEqual(before.Avatar?.Hashes ?? []))
            Broadcast(AvatarPresence(), sender: null);
        absent.ForEach(TellOfAbsent);

        // Somebody who has two nicks has changed once.
        Element? VersionsOf(Occupant occupant) => versions.Remove(occupant.Account, out var found) ? found : null;
    }

    private bool IsHere(Jid account) => _occupants.Values.Any(occupant => occupant.Account == account);

    private Actor ActorOf(Jid fullJid)
    {
        var occupant = OccupantOf(fullJid);
        return new(fullJid.Bare, AffiliationOf(fullJid.Bare), occupant?.Role ?? Role.None, occupant?.Nick);
    }

    private static string? ReasonOf(Element item) => item.Child(Muc.Admin, "reason")?.Text is { Length: > 0 } reason ? reason : null;

    /// <summary>Who wants something changed.</summary>
    private sealed record Actor(Jid Account, Affiliation Affiliation, Role Role, string? Nick);

    /// <param name="Member">As it is to be.</param>
    /// <param name="Before">The affiliation until now.</param>
    private sealed record AffiliationChange(RoomMember Member, Affiliation Before)
    {
        /// <summary>Whether it is told of it by an invitation of somebody.</summary>
        public bool IsInvited { get; init; }

        /// <summary>Which versions of the list lie around it (XEP-0463); null when the affiliation stays.</summary>
        public Element? Versions => Member.Affiliation == Before ? null : AffiliationVersions.Of(Member.Version - 1, Member.Version);
    }

    /// <param name="Status">Why the occupant has to leave; null when it stays.</param>
    private sealed record Consequence(Occupant Occupant, Affiliation Affiliation, Role Role, int? Status, string? Reason);
}
