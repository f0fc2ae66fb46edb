namespace Xmpp.Core.Storage;

/// <summary>How many records there are of each kind.</summary>
public sealed class StoreCounts
{
    private static readonly RecordKind[] Kinds = Enum.GetValues<RecordKind>();

    private readonly long[] _counts = new long[Kinds.Length];

    public long this[RecordKind kind]
    {
        get => _counts[(int)kind];
        set => _counts[(int)kind] = value;
    }

    /// <summary>Of all kinds together.</summary>
    public long Total => _counts.Sum();

    /// <summary>The kinds that are counted: there is one retired version, or none.</summary>
    public static IEnumerable<RecordKind> Counted { get; } = Kinds.Where(kind => kind != RecordKind.RetiredRosterVersion).ToArray();

    /// <summary>What there are so many of, for people.</summary>
    public static string NameOf(RecordKind kind) => kind switch
    {
        RecordKind.Account => "accounts",
        RecordKind.Contact => "roster entries",
        RecordKind.Removal => "removals from rosters",
        RecordKind.Blocked => "blocked addresses",
        RecordKind.Data => "data of accounts",
        RecordKind.LastSeen => "last presences",
        RecordKind.Message => "offline messages",
        RecordKind.Archived => "archived messages",
        RecordKind.ReadMark => "marks of what was read",
        RecordKind.Room => "rooms",
        RecordKind.RoomMember => "members of rooms",
        RecordKind.RoomArchived => "archived messages of rooms",
        RecordKind.Node => "nodes",
        RecordKind.NodeMember => "members of nodes",
        RecordKind.NodeItem => "items of nodes",
        RecordKind.Invitation => "invitations",
        RecordKind.Setting => "settings",
        RecordKind.Secret => "secrets",
        _ => "retired versions",
    };
}
