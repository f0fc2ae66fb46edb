using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <summary>Who may do what to whom (XEP-0045 §5): the tables of roles and affiliations as functions.</summary>
internal static class RoomRules
{
    /// <summary>The role of who enters (§5.1.2); none: it may not.</summary>
    public static Role InitialRole(Affiliation affiliation, bool isModerated, bool isMembersOnly) => affiliation switch
    {
        Affiliation.Owner or Affiliation.Admin => Role.Moderator,
        Affiliation.Member => Role.Participant,
        Affiliation.Outcast => Role.None,
        _ => isMembersOnly ? Role.None : isModerated ? Role.Visitor : Role.Participant,
    };

    /// <summary>
    /// The role of an occupant whose affiliation has changed (§5.1.3): what the affiliation gives is gained; what an admin had by it is
    /// lost; a moderator who was made one by an admin stays that.
    /// </summary>
    public static Role RoleAfter(Role role, Affiliation before, Affiliation after, bool isModerated)
    {
        var given = InitialRole(after, isModerated, isMembersOnly: false);
        if (after > before || after == Affiliation.Outcast)
            return given > role || given == Role.None ? given : role;
        return before >= Affiliation.Admin || role != Role.Moderator ? given : role;
    }

    /// <summary>Whether somebody may give an occupant a role (§8.2-8.5, §9.6-9.8).</summary>
    /// <returns>Null when it may.</returns>
    public static StanzaErrorCondition? CheckRole(
        Affiliation actor, Role actorRole, Affiliation target, Role targetRole, Role role, bool isSelf)
    {
        // §9: only admins make moderators and unmake them; §8: the rest is the moderators'.
        var isAboutModerators = role == Role.Moderator || (targetRole == Role.Moderator && role != Role.None);
        if (isAboutModerators ? actor < Affiliation.Admin : actorRole != Role.Moderator && actor < Affiliation.Admin)
            return StanzaErrorCondition.Forbidden;
        if (role == targetRole)
            return null;
        if (role == Role.None)
        {
            return isSelf ? StanzaErrorCondition.Conflict // §8.2
                : target > actor ? StanzaErrorCondition.NotAllowed
                : null;
        }
        // §9.7: nobody takes it from an admin or owner.
        if (targetRole == Role.Moderator && target >= Affiliation.Admin)
            return StanzaErrorCondition.NotAllowed;
        // §8.4: nor voice, from them or from who is as high as the moderator.
        if (role == Role.Visitor && (target >= Affiliation.Admin || target >= actor))
            return StanzaErrorCondition.NotAllowed;
        return null;
    }

    /// <summary>Whether somebody may give an affiliation (§5.2.2, §9.1-9.5, §10.3-10.8). That an owner remains is another question.</summary>
    /// <returns>Null when it may.</returns>
    public static StanzaErrorCondition? CheckAffiliation(Affiliation actor, Affiliation target, Affiliation affiliation, bool isSelf)
    {
        if (actor < Affiliation.Admin)
            return StanzaErrorCondition.Forbidden;
        if (affiliation == Affiliation.Outcast && isSelf)
            return StanzaErrorCondition.Conflict; // §9.1
        if (actor == Affiliation.Owner || affiliation == target)
            return null;
        // §9.1: who is as high can't be banned; §10: the lists of admins and owners are the owners'.
        if (target >= Affiliation.Admin && affiliation == Affiliation.Outcast)
            return StanzaErrorCondition.NotAllowed;
        return target >= Affiliation.Admin || affiliation >= Affiliation.Admin ? StanzaErrorCondition.Forbidden : null;
    }
}
