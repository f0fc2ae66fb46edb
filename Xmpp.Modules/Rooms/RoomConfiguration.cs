using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <summary>Who may send private messages (<c>muc#roomconfig_allowpm</c>).</summary>
internal enum PrivateMessages
{
    Anyone,
    Participants,
    Moderators,
    None,
}

/// <summary>How a room is configured (XEP-0045 §10). Immutable; what there is and how it is called says <see cref="RoomFields"/>.</summary>
internal sealed record RoomConfiguration
{
    public const string FormType = "http://jabber.org/protocol/muc#roomconfig";

    private static readonly RoleSet _allRoles = new(Role.Moderator, Role.Participant, Role.Visitor);

    /// <summary>For people; null: the room has none.</summary>
    public string? Name { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Of the discussion, as in xml:lang; or "".</summary>
    public string Language { get; init; } = "";

    /// <summary>The URI of a node that belongs to the room; or "".</summary>
    public string PubSub { get; init; } = "";

    /// <summary>Whether the service names it to everybody.</summary>
    public bool IsPublic { get; init; } = true;

    /// <summary>Whether it stays when nobody is in it.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>Whether only those may speak who were given voice.</summary>
    public bool IsModerated { get; init; }

    public bool IsMembersOnly { get; init; }

    public bool IsPasswordProtected { get; init; }

    public string Password { get; init; } = "";

    /// <summary>Whether everybody sees who an occupant is, not only moderators.</summary>
    public bool IsNonAnonymous { get; init; }

    /// <summary>Whether what is said is kept, for those to read who may enter.</summary>
    public bool IsArchived { get; init; } = true;

    /// <summary>How many days what is kept stays; 0: as long as the service lets it.</summary>
    public int ArchiveDays { get; init; }

    /// <summary>How many messages are kept; 0: as many as the service lets it.</summary>
    public int ArchiveMessages { get; init; }

    /// <summary>What these say.</summary>
    public ArchiveLimits ArchiveLimits => new(TimeSpan.FromDays(Math.Min(ArchiveDays, 36_500)), ArchiveMessages);

    /// <summary>Whether the discussion is logged for the public.</summary>
    public bool IsLogged { get; init; }

    /// <summary>Whether participants may change the subject, not only moderators.</summary>
    public bool MayChangeSubject { get; init; }

    /// <summary>Whether members may invite to a members-only room, not only admins.</summary>
    public bool MayInvite { get; init; }

    public PrivateMessages PrivateMessages { get; init; }

    /// <summary>Occupants that may be there at once; null: as many as the service allows.</summary>
    public int? MaxOccupants { get; init; }

    /// <summary>Messages that whoever enters gets of what was said before.</summary>
    public int HistoryLength { get; init; } = 20;

    /// <summary>Roles whose presence others see.</summary>
    public RoleSet Broadcast { get; init; } = _allRoles;

    /// <summary>Roles that may see who is affiliated, in a room where everybody sees who an occupant is.</summary>
    public RoleSet MemberList { get; init; } = _allRoles;

    /// <summary>Seconds that lie between two messages of somebody who isn't an admin (XEP-0500); 0: it doesn't matter.</summary>
    public int SlowMode { get; init; }

    /// <summary>Whether members who aren't there are told when they are mentioned (XEP-0452).</summary>
    public bool ForwardsMentions { get; init; } = true;

    /// <summary>Whether members who aren't there are told of everything, unless they have decided otherwise.</summary>
    public bool ForwardsAll { get; init; }

    /// <summary>Whether the room answers voice messages with their text, where the service can make that.</summary>
    public bool Transcribes { get; init; }

    /// <summary>What members who aren't there are told of, unless they have decided otherwise.</summary>
    public RoomNotifications Notifications => ForwardsAll ? RoomNotifications.Always
        : ForwardsMentions ? RoomNotifications.OnMention
        : RoomNotifications.Never;

    /// <summary>The vCard (XEP-0486), or null. No field of the form.</summary>
    public RoomAvatar? Avatar { get; init; }

    /// <summary>Those that there are, and who wears them (XEP-0317). No field of the form.</summary>
    public RoomHats Hats { get; init; } = RoomHats.None;

    /// <summary>As it was stored; what isn't known any more is left out.</summary>
    public static RoomConfiguration Of(RoomSettings settings)
    {
        var configuration = new RoomConfiguration
        {
            Name = settings.Name,
            IsPublic = settings.IsListed,
            IsPersistent = settings.IsPersistent,
            Avatar = settings.Values.TryGetValue(RoomAvatar.Setting, out var card) ? RoomAvatar.Parse(Element.Parse(card)) : null,
            Hats = RoomHats.Read(settings.Values.GetValueOrDefault(RoomHats.Setting)),
        };
        foreach (var field in RoomFields.All)
        {
            if (settings.Values.TryGetValue(field.Var, out var value))
                configuration = field.Read(configuration, value.Length == 0 ? [] : value.Split('\n')) ?? configuration;
        }
        return configuration;
    }

    public RoomSettings ToSettings()
    {
        var values = RoomFields.All
            .Where(field => !field.IsStoredApart)
            .ToDictionary(field => field.Var, field => string.Join('\n', field.Show(this).Values));
        if (Avatar is not null)
            values[RoomAvatar.Setting] = Avatar.Card.ToString();
        if (!Hats.IsEmpty)
            values[RoomHats.Setting] = Hats.Write();
        return new(Name, IsPublic, IsPersistent, values);
    }

    /// <summary>The form for owners, filled out.</summary>
    public DataForm ToForm(IEnumerable<FormField> further) =>
        DataForm.Of(DataFormType.Form, FormType, [.. RoomFields.All.Select(field => field.Show(this)), .. further]);

    /// <summary>With what a form says; what it doesn't stays as it is. Null when a value is none.</summary>
    /// <param name="problem">The field.</param>
    public RoomConfiguration? With(DataForm form, out string? problem)
    {
        var configuration = this;
        foreach (var field in RoomFields.All)
        {
            if (form.Field(field.Var) is not { } given)
                continue;
            problem = field.Var;
            if (field.Read(configuration, given.Values) is not { } changed)
                return null;
            configuration = changed;
        }
        problem = null;
        return configuration;
    }

    /// <summary>What a change means for privacy (§10.2.1), or that there is one.</summary>
    public IEnumerable<int> StatusAfter(RoomConfiguration before)
    {
        var isPrivacy = false;
        if (IsLogged != before.IsLogged)
        {
            isPrivacy = true;
            yield return IsLogged ? RoomStatus.Logged : RoomStatus.NotLogged;
        }
        if (IsNonAnonymous != before.IsNonAnonymous)
        {
            isPrivacy = true;
            yield return IsNonAnonymous ? RoomStatus.NowNonAnonymous : RoomStatus.NowSemiAnonymous;
        }
        if (this with { IsLogged = before.IsLogged, IsNonAnonymous = before.IsNonAnonymous } != before || !isPrivacy)
            yield return RoomStatus.ConfigurationChanged;
    }
}
