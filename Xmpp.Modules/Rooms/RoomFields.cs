using System.Globalization;
using Xmpp.Core.Extensions;

namespace Xmpp.Modules.Rooms;

/// <summary>Something that can be configured: a field of the form, and by the same name a stored value.</summary>
/// <param name="Var">The field's name.</param>
/// <param name="Label">For people.</param>
internal abstract record RoomField(string Var, string Label)
{
    /// <summary>Whether the store has a place of its own for it.</summary>
    public bool IsStoredApart { get; init; }

    /// <summary>The name as operators write it.</summary>
    public string ShortName => Var[(Var.LastIndexOfAny(['_', '#', '}']) + 1)..];

    public abstract FormField Show(RoomConfiguration configuration);

    /// <summary>Null when the values are none of this field.</summary>
    public abstract RoomConfiguration? Read(RoomConfiguration configuration, IReadOnlyList<string> values);
}

internal sealed record RoomFlag(
    string Var, string Label, Func<RoomConfiguration, bool> Get, Func<RoomConfiguration, bool, RoomConfiguration> Set)
    : RoomField(Var, Label)
{
    public override FormField Show(RoomConfiguration configuration) => FormField.Boolean(Var, Label, Get(configuration));

    public override RoomConfiguration? Read(RoomConfiguration configuration, IReadOnlyList<string> values) => values switch
    {
        ["1" or "true"] => Set(configuration, true),
        ["0" or "false"] => Set(configuration, false),
        _ => null,
    };
}

internal sealed record RoomText(
    string Var, string Label, Func<RoomConfiguration, string?> Get, Func<RoomConfiguration, string, RoomConfiguration> Set,
    FormFieldType Type = FormFieldType.TextSingle)
    : RoomField(Var, Label)
{
    public override FormField Show(RoomConfiguration configuration) =>
        new(Var, Type, Get(configuration) is { Length: > 0 } text ? [text] : []) { Label = Label };

    /// <remarks>Some clients send the lines of a longer text one by one.</remarks>
    public override RoomConfiguration Read(RoomConfiguration configuration, IReadOnlyList<string> values) =>
        Set(configuration, string.Join('\n', values).Trim());
}

/// <summary>A number, or "none" where there need not be one.</summary>
internal sealed record RoomNumber(
    string Var, string Label, Func<RoomConfiguration, int?> Get, Func<RoomConfiguration, int?, RoomConfiguration> Set,
    bool IsOptional, params IReadOnlyList<int> Suggestions)
    : RoomField(Var, Label)
{
    private const string None = "none";

    public override FormField Show(RoomConfiguration configuration)
    {
        var value = Get(configuration);
        var text = value?.ToString(CultureInfo.InvariantCulture) ?? None;
        if (Suggestions.Count == 0)
            return FormField.Text(Var, Label, text) with { Least = IsOptional ? null : 0 };
        return FormField.List(Var, Label, text,
        [
            .. Suggestions.Append(value ?? 0).Where(number => number > 0).Distinct().Order()
                .Select(number => new FormOption(number.ToString(CultureInfo.InvariantCulture))),
            .. IsOptional ? [new FormOption(None)] : Array.Empty<FormOption>(),
        ]);
    }

    public override RoomConfiguration? Read(RoomConfiguration configuration, IReadOnlyList<string> values) => values switch
    {
        [] or [None] or [""] when IsOptional => Set(configuration, null),
        [var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= (IsOptional ? 1 : 0) => Set(configuration, number),
        _ => null,
    };
}

internal sealed record RoomChoice<T>(
    string Var, string Label, IReadOnlyList<(T Value, string Name, string Label)> Choices,
    Func<RoomConfiguration, T> Get, Func<RoomConfiguration, T, RoomConfiguration> Set)
    : RoomField(Var, Label)
    where T : struct
{
    public override FormField Show(RoomConfiguration configuration) => FormField.List(
        Var, Label, Choices.First(choice => choice.Value.Equals(Get(configuration))).Name,
        [.. Choices.Select(choice => new FormOption(choice.Name, choice.Label))]);

    public override RoomConfiguration? Read(RoomConfiguration configuration, IReadOnlyList<string> values)
    {
        foreach (var (value, name, _) in Choices)
        {
            if (values is [var only] && only == name)
                return Set(configuration, value);
        }
        return null;
    }
}

internal sealed record RoomRoles(
    string Var, string Label, Func<RoomConfiguration, RoleSet> Get, Func<RoomConfiguration, RoleSet, RoomConfiguration> Set)
    : RoomField(Var, Label)
{
    private static readonly Role[] _all = [Role.Moderator, Role.Participant, Role.Visitor];

    public override FormField Show(RoomConfiguration configuration) => new(Var, FormFieldType.ListMulti,
        [.. _all.Where(Get(configuration).Contains).Select(Muc.NameOf)])
    {
        Label = Label,
        Options = [.. _all.Select(role => new FormOption(Muc.NameOf(role)))],
    };

    public override RoomConfiguration? Read(RoomConfiguration configuration, IReadOnlyList<string> values)
    {
        var roles = values.Where(value => value.Length > 0).Select(Muc.ReadRole).ToList();
        return roles.TrueForAll(role => role > Role.None) ? Set(configuration, new(roles.OfType<Role>())) : null;
    }
}

/// <summary>Everything that can be configured of a room (XEP-0045 §15.5.3), in the order of the form.</summary>
internal static class RoomFields
{
    private const string Prefix = "muc#roomconfig_";

    public static IReadOnlyList<RoomField> All { get; } =
    [
        new RoomText(Prefix + "roomname", "Natural-language room name", c => c.Name, (c, v) => c with { Name = v.Length == 0 ? null : v })
        {
            IsStoredApart = true,
        },
        new RoomText(Prefix + "roomdesc", "Short description of room", c => c.Description, (c, v) => c with { Description = v }),
        new RoomText(Prefix + "lang", "Natural language for room discussions", c => c.Language, (c, v) => c with { Language = v }),
        new RoomText(
            Prefix + "pubsub", "XMPP URI of associated publish-subscribe node", c => c.PubSub, (c, v) => c with { PubSub = v }),
        new RoomFlag(
            Prefix + "persistentroom", "Make room persistent?", c => c.IsPersistent, (c, v) => c with { IsPersistent = v })
        {
            IsStoredApart = true,
        },
        new RoomFlag(
            Prefix + "publicroom", "Make room publicly searchable?", c => c.IsPublic, (c, v) => c with { IsPublic = v })
        {
            IsStoredApart = true,
        },
        new RoomFlag(Prefix + "membersonly", "Make room members-only?", c => c.IsMembersOnly, (c, v) => c with { IsMembersOnly = v }),
        new RoomFlag(
            Prefix + "allowinvites", "Allow members to invite others?", c => c.MayInvite, (c, v) => c with { MayInvite = v }),
        new RoomFlag(
            Prefix + "passwordprotectedroom", "Password required to enter?",
            c => c.IsPasswordProtected, (c, v) => c with { IsPasswordProtected = v }),
        new RoomText(
            Prefix + "roomsecret", "Password", c => c.Password, (c, v) => c with { Password = v }, FormFieldType.TextPrivate),
        new RoomFlag(Prefix + "moderatedroom", "Make room moderated?", c => c.IsModerated, (c, v) => c with { IsModerated = v }),
        new RoomChoice<bool>(
            Prefix + "whois", "Who may discover real JIDs?", [(false, "moderators", "Moderators only"), (true, "anyone", "Anyone")],
            c => c.IsNonAnonymous, (c, v) => c with { IsNonAnonymous = v }),
        new RoomFlag(
            Prefix + "changesubject", "Allow occupants to change subject?",
            c => c.MayChangeSubject, (c, v) => c with { MayChangeSubject = v }),
        new RoomChoice<PrivateMessages>(
            Prefix + "allowpm", "Who can send private messages?",
            [
                (PrivateMessages.Anyone, "anyone", "Anyone"), (PrivateMessages.Participants, "participants", "Anyone with voice"),
                (PrivateMessages.Moderators, "moderators", "Moderators only"), (PrivateMessages.None, "none", "Nobody"),
            ],
            c => c.PrivateMessages, (c, v) => c with { PrivateMessages = v }),
        new RoomNumber(
            Prefix + "maxusers", "Maximum number of occupants", c => c.MaxOccupants, (c, v) => c with { MaxOccupants = v },
            IsOptional: true, 10, 20, 30, 50, 100, 200, 500, 1000),
        new RoomNumber(
            "muc#maxhistoryfetch", "Maximum number of history messages returned by room",
            c => c.HistoryLength, (c, v) => c with { HistoryLength = v!.Value }, IsOptional: false),
        new RoomRoles(
            Prefix + "presencebroadcast", "Roles for which presence is broadcasted", c => c.Broadcast, (c, v) => c with { Broadcast = v }),
        new RoomRoles(
            Prefix + "getmemberlist", "Roles that may retrieve member list", c => c.MemberList, (c, v) => c with { MemberList = v }),
        new RoomNumber(
            Prefix + "slow_mode_duration", "Seconds between two messages of one user (0: any)",
            c => c.SlowMode, (c, v) => c with { SlowMode = v!.Value }, IsOptional: false),
        new RoomFlag(
            Prefix + "forwardmentions", "Forward messages with mentions to non-present, affiliated users?",
            c => c.ForwardsMentions, (c, v) => c with { ForwardsMentions = v }),
        new RoomFlag(
            "{urn:xmppchat:rooms}forwardall", "Forward all messages to non-present, affiliated users?",
            c => c.ForwardsAll, (c, v) => c with { ForwardsAll = v }),
        new RoomFlag(
            "{urn:xmppchat:rooms}transcribe", "Answer voice messages with their text, where the service has an engine for that?",
            c => c.Transcribes, (c, v) => c with { Transcribes = v }),
        new RoomFlag(Prefix + "enablearchiving", "Archive messages for members?", c => c.IsArchived, (c, v) => c with { IsArchived = v }),
        new RoomNumber(
            "{urn:xmppchat:rooms}archivedays", "Days that archived messages stay (0: as long as the service lets them)",
            c => c.ArchiveDays, (c, v) => c with { ArchiveDays = v!.Value }, IsOptional: false),
        new RoomNumber(
            "{urn:xmppchat:rooms}archivemessages", "Messages that the archive has (0: as many as the service lets it)",
            c => c.ArchiveMessages, (c, v) => c with { ArchiveMessages = v!.Value }, IsOptional: false),
        new RoomFlag(Prefix + "enablelogging", "Enable public logging?", c => c.IsLogged, (c, v) => c with { IsLogged = v }),
    ];
}
