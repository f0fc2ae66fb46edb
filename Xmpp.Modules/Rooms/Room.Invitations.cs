using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Invitations by way of the room, and what those say who decline (XEP-0045 §7.8.2).</content>
internal sealed partial class Room
{
    /// <summary>So many are remembered, so that only who was invited can have the room tell somebody that it declines.</summary>
    private const int MaxInvitations = 200;

    private readonly Queue<(Jid Inviter, Jid Invitee)> _invitations = new();

    /// <summary>Invites all whom a message names, or none.</summary>
    public async ValueTask<StanzaError?> InviteAsync(ServiceStanza message, Element info, CancellationToken cancellationToken)
    {
        if (CheckSpeaker(message, out var session) is { } refusal)
            return refusal;
        var inviter = session!.Occupant;
        // §9.5: in a members-only room inviting somebody makes it a member.
        if (Configuration.IsMembersOnly && inviter.Affiliation < Affiliation.Admin
            && !(Configuration.MayInvite && inviter.Affiliation == Affiliation.Member))
        {
            return Refusal(StanzaErrorCondition.Forbidden, "You may not invite to this room.");
        }
        var invitations = new List<(Jid To, Element Invite)>();
        foreach (var invite in info.Elements.Where(child => child.Name == new XmlName(Muc.User, "invite")))
        {
            if (!Jid.TryParse(invite["to"], out var to) || to.Local is null)
                return Refusal(StanzaErrorCondition.JidMalformed, "An invitation is to somebody.");
            if (AffiliationOf(to.Bare) == Affiliation.Outcast)
                return Refusal(StanzaErrorCondition.NotAllowed, $"{to.Bare} is banned from this room.");
            invitations.Add((to, invite));
        }
        if (Configuration.IsMembersOnly)
        {
            var added = invitations.Select(invitation => invitation.To.Bare).Distinct()
                .Where(to => AffiliationOf(to) == Affiliation.None)
                .Select(to => MemberOf(to) with { Affiliation = Affiliation.Member })
                .Select(member => new AffiliationChange(member, Affiliation.None) { IsInvited = true }).ToList();
            if (_members.Count + added.Count > Options.MaxAffiliations)
                return Refusal(StanzaErrorCondition.ResourceConstraint, $"A room has at most {Options.MaxAffiliations} affiliations.");
            if (added.Count > 0)
                await ApplyAsync(settings: null, added, [], inviter.Nick, static () => { }, cancellationToken);
        }
        // Whoever may not see who the inviter is doesn't learn it from the room either.
        var from = Configuration.IsNonAnonymous ? inviter.Account : inviter.Address;
        foreach (var (to, invite) in invitations)
        {
            _invitations.Enqueue((from, to.Bare));
            Post(to, Invitation(from, ReasonOf(invite, "reason"), invite.Child(Muc.User, "continue")));
        }
        while (_invitations.Count > MaxInvitations)
            _invitations.Dequeue();
        return null;
    }

    /// <summary>Tells who invited somebody that it declines.</summary>
    public StanzaError? Decline(ServiceStanza message, Element decline)
    {
        if (!Jid.TryParse(decline["to"], out var to))
            return Refusal(StanzaErrorCondition.JidMalformed);
        var declined = _invitations.FirstOrDefault(
            invitation => invitation.Invitee == message.From.Bare && (invitation.Inviter == to || invitation.Inviter == to.Bare));
        if (declined == default)
            return Refusal(StanzaErrorCondition.ItemNotFound, "Nobody has invited you.");
        var inviter = declined.Inviter.IsFull ? FindNick(declined.Inviter.Resource!)?.Shown.Jid : declined.Inviter;
        if (inviter is null)
            return Refusal(StanzaErrorCondition.ItemNotFound, "Who has invited you is not here any more.");
        var reason = ReasonOf(decline, "reason");
        Post(inviter, RoomStanzas.UserInfo(new Element(Muc.User, "decline",
            Element.Attr("from", message.From.Bare.ToString()),
            reason is null ? null : new Element(Muc.User, "reason", reason))));
        return null;
    }

    private static string? ReasonOf(Element element, string name) =>
        element.Child(Muc.User, name)?.Text is { Length: > 0 } reason ? reason : null;

    /// <param name="from">The inviter, or the room.</param>
    /// <param name="furtherContent">Of the invitation, or null.</param>
    private Element Invitation(Jid from, string? reason, Element? furtherContent) => RoomStanzas.UserInfo(new object?[]
    {
        new Element(Muc.User, "invite",
            Element.Attr("from", from.ToString()),
            reason is null ? null : new Element(Muc.User, "reason", reason),
            furtherContent),
        Configuration.IsPasswordProtected ? new Element(Muc.User, "password", Configuration.Password) : null,
    });
}
