using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Modules.Rooms;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>The tables of XEP-0045 §5 as data.</summary>
public sealed class RoomRulesTests
{
    /// <summary>§5.1.2: room type, and the roles of none, member, admin and owner.</summary>
    [Theory]
    [InlineData("Moderated", Role.Visitor, Role.Participant, Role.Moderator, Role.Moderator)]
    [InlineData("Unmoderated", Role.Participant, Role.Participant, Role.Moderator, Role.Moderator)]
    [InlineData("Members-Only", Role.None, Role.Participant, Role.Moderator, Role.Moderator)]
    [InlineData("Open", Role.Participant, Role.Participant, Role.Moderator, Role.Moderator)]
    public void Default_roles(string type, Role none, Role member, Role admin, Role owner)
    {
        var (isModerated, isMembersOnly) = (type == "Moderated", type == "Members-Only");
        Assert.Equal(
            [Role.None, none, member, admin, owner],
            Enum.GetValues<Affiliation>().Order().Select(affiliation => RoomRules.InitialRole(affiliation, isModerated, isMembersOnly)));
    }

    /// <summary>
    /// §5.1.1, §5.1.3, §8, §9: who may make whom what. Rows are the actor's affiliation and role; columns the role before and after, for a
    /// target of each affiliation from none to owner: "y" yes, "f" forbidden, "n" not allowed.
    /// </summary>
    [Xep0045("5.1.1-1", "8-1", "8.2-4", "8.4-3", "8.4-4", "8.4-5", "8.5-5", "9.7-3", "9.7-4", "9.8-5")]
    [Theory]
    // A kick (§8.2): not by those with less affiliation.
    [InlineData(Affiliation.None, Role.Moderator, Role.Participant, Role.None, "ynnn")]
    [InlineData(Affiliation.Member, Role.Moderator, Role.Participant, Role.None, "yynn")]
    [InlineData(Affiliation.Admin, Role.Moderator, Role.Participant, Role.None, "yyyn")]
    [InlineData(Affiliation.Owner, Role.Moderator, Role.Participant, Role.None, "yyyy")]
    [InlineData(Affiliation.Member, Role.Moderator, Role.Moderator, Role.None, "yynn")]
    [InlineData(Affiliation.Admin, Role.Moderator, Role.Moderator, Role.None, "yyyn")]
    [InlineData(Affiliation.None, Role.Participant, Role.Participant, Role.None, "ffff")]
    [InlineData(Affiliation.Member, Role.Visitor, Role.Visitor, Role.None, "ffff")]
    // Voice is granted (§8.3) by moderators.
    [InlineData(Affiliation.None, Role.Moderator, Role.Visitor, Role.Participant, "yyyy")]
    [InlineData(Affiliation.Member, Role.Moderator, Role.Visitor, Role.Participant, "yyyy")]
    [InlineData(Affiliation.None, Role.Participant, Role.Visitor, Role.Participant, "ffff")]
    [InlineData(Affiliation.None, Role.Visitor, Role.Visitor, Role.Participant, "ffff")]
    // And revoked (§8.4) from those below.
    [InlineData(Affiliation.None, Role.Moderator, Role.Participant, Role.Visitor, "nnnn")]
    [InlineData(Affiliation.Member, Role.Moderator, Role.Participant, Role.Visitor, "ynnn")]
    [InlineData(Affiliation.Admin, Role.Moderator, Role.Participant, Role.Visitor, "yynn")]
    [InlineData(Affiliation.Owner, Role.Moderator, Role.Participant, Role.Visitor, "yynn")]
    [InlineData(Affiliation.Member, Role.Participant, Role.Participant, Role.Visitor, "ffff")]
    // Moderators are made (§9.6) and unmade (§9.7) by admins, but admins and owners are moderators.
    [InlineData(Affiliation.None, Role.Moderator, Role.Participant, Role.Moderator, "ffff")]
    [InlineData(Affiliation.Member, Role.Moderator, Role.Participant, Role.Moderator, "ffff")]
    [InlineData(Affiliation.Admin, Role.Moderator, Role.Participant, Role.Moderator, "yyyy")]
    [InlineData(Affiliation.Owner, Role.Moderator, Role.Visitor, Role.Moderator, "yyyy")]
    [InlineData(Affiliation.Member, Role.Moderator, Role.Moderator, Role.Participant, "ffff")]
    [InlineData(Affiliation.Admin, Role.Moderator, Role.Moderator, Role.Participant, "yynn")]
    [InlineData(Affiliation.Owner, Role.Moderator, Role.Moderator, Role.Participant, "yynn")]
    [InlineData(Affiliation.Admin, Role.Moderator, Role.Moderator, Role.Visitor, "yynn")]
    public void Roles_are_given(Affiliation actor, Role actorRole, Role before, Role after, string allowed)
    {
        Affiliation[] targets = [Affiliation.None, Affiliation.Member, Affiliation.Admin, Affiliation.Owner];
        Assert.Equal(allowed, string.Concat(targets.Select(target =>
            Letter(RoomRules.CheckRole(actor, actorRole, target, before, after, isSelf: false)))));
    }

    /// <summary>
    /// §5.2.1, §5.2.2: who may change whose affiliation to what. Columns are the affiliation after, from outcast to owner.
    /// </summary>
    [Xep0045("9-1", "9.1-6", "10.3-1", "10.4-1", "10.5-5", "10.6-1", "10.7-1", "10.8-5")]
    [Theory]
    [InlineData(Affiliation.Outcast, Affiliation.None, "fffff")]
    [InlineData(Affiliation.None, Affiliation.None, "fffff")]
    [InlineData(Affiliation.Member, Affiliation.None, "fffff")]
    [InlineData(Affiliation.Admin, Affiliation.Outcast, "yyyff")]
    [InlineData(Affiliation.Admin, Affiliation.None, "yyyff")]
    [InlineData(Affiliation.Admin, Affiliation.Member, "yyyff")]
    [InlineData(Affiliation.Admin, Affiliation.Admin, "nffyf")]
    [InlineData(Affiliation.Admin, Affiliation.Owner, "nfffy")]
    [InlineData(Affiliation.Owner, Affiliation.Outcast, "yyyyy")]
    [InlineData(Affiliation.Owner, Affiliation.None, "yyyyy")]
    [InlineData(Affiliation.Owner, Affiliation.Member, "yyyyy")]
    [InlineData(Affiliation.Owner, Affiliation.Admin, "yyyyy")]
    [InlineData(Affiliation.Owner, Affiliation.Owner, "yyyyy")]
    public void Affiliations_are_given(Affiliation actor, Affiliation target, string allowed) =>
        Assert.Equal(allowed, string.Concat(Enum.GetValues<Affiliation>().Order().Select(affiliation =>
            Letter(RoomRules.CheckAffiliation(actor, target, affiliation, isSelf: false)))));

    [Xep0045("9.1-7")]
    [Theory]
    [InlineData(Affiliation.Admin)]
    [InlineData(Affiliation.Owner)]
    public void Nobody_bans_or_kicks_itself(Affiliation actor)
    {
        Assert.Equal(StanzaErrorCondition.Conflict, RoomRules.CheckAffiliation(actor, actor, Affiliation.Outcast, isSelf: true));
        Assert.Equal(
            StanzaErrorCondition.Conflict, RoomRules.CheckRole(actor, Role.Moderator, actor, Role.Moderator, Role.None, isSelf: true));
    }

    /// <summary>§5.1.3, the note below the table: what goes with an affiliation.</summary>
    [Theory]
    [InlineData(Role.Visitor, Affiliation.None, Affiliation.Member, true, Role.Participant)]
    [InlineData(Role.Moderator, Affiliation.None, Affiliation.Member, true, Role.Moderator)]
    [InlineData(Role.Participant, Affiliation.None, Affiliation.Admin, false, Role.Moderator)]
    [InlineData(Role.Moderator, Affiliation.Admin, Affiliation.Member, true, Role.Participant)]
    [InlineData(Role.Moderator, Affiliation.Owner, Affiliation.Admin, true, Role.Moderator)]
    [InlineData(Role.Moderator, Affiliation.Owner, Affiliation.None, false, Role.Participant)]
    [InlineData(Role.Moderator, Affiliation.Member, Affiliation.None, true, Role.Moderator)]
    [InlineData(Role.Participant, Affiliation.Member, Affiliation.None, true, Role.Visitor)]
    [InlineData(Role.Participant, Affiliation.Member, Affiliation.None, false, Role.Participant)]
    [InlineData(Role.Participant, Affiliation.Member, Affiliation.Outcast, false, Role.None)]
    public void Roles_follow_affiliations(Role role, Affiliation before, Affiliation after, bool isModerated, Role expected) =>
        Assert.Equal(expected, RoomRules.RoleAfter(role, before, after, isModerated));

    private static char Letter(StanzaErrorCondition? condition) => condition switch
    {
        null => 'y',
        StanzaErrorCondition.Forbidden => 'f',
        StanzaErrorCondition.NotAllowed => 'n',
        _ => '?',
    };
}
