using Xmpp.Core.Modules;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <summary>Who may make rooms (XEP-0045 §10.1.1).</summary>
public enum RoomCreators
{
    Everybody,

    /// <summary>Those who have an account of this server.</summary>
    Accounts,

    Administrators,
}

public sealed record RoomOptions
{
    /// <summary>What stands before a host in the domain of its rooms.</summary>
    public string Label { get; init; } = "conference";

    /// <summary>The domain of a host's rooms.</summary>
    public string DomainOf(string host) => $"{Label}.{host}";

    /// <summary>Of the service, for people.</summary>
    public string Name { get; init; } = "Chat rooms";

    public RoomCreators Creators { get; init; } = RoomCreators.Accounts;

    /// <summary>Names (localparts) that only administrators give to rooms; one that ends with "*" stands for all that begin so.</summary>
    public IReadOnlyList<string> ReservedNames { get; init; } = [];

    /// <summary>How new rooms are configured, "field=value": fields as in <c>muc#roomconfig</c>, without that in front.</summary>
    public IReadOnlyList<string> Defaults { get; init; } = [];

    /// <summary>Rooms that nobody is in and nothing was asked of for so long are not held in memory any more.</summary>
    [Duration("1m", "365d")]
    public TimeSpan UnloadAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How old messages in rooms' archives may become; zero: any age.</summary>
    [Duration("0d", "36500d")]
    public TimeSpan ArchiveMaxAge { get; init; }

    /// <summary>How many messages a room's archive may have, the oldest go; zero: any number.</summary>
    [Number(0, int.MaxValue)]
    public int ArchiveMaxMessages { get; init; }

    /// <summary>For services that have no others.</summary>
    public ArchiveLimits ArchiveLimits() => new(ArchiveMaxAge, ArchiveMaxMessages);

    /// <summary>The most that an owner may set as the number of occupants.</summary>
    [Number(1, 1_000_000)]
    public int MaxOccupants { get; init; } = 10_000;

    /// <summary>Admins and owners that may come in on top of that.</summary>
    [Number(0, 1_000_000)]
    public int MoreOccupants { get; init; } = 20;

    /// <summary>Rooms that one client may be in.</summary>
    [Number(1, 1_000_000)]
    public int RoomsPerClient { get; init; } = 500;

    /// <summary>The most messages that whoever enters gets of what was said before.</summary>
    [Number(0, 10_000)]
    public int MaxHistory { get; init; } = 100;

    /// <summary>What a room keeps in memory for that.</summary>
    [Bytes(0, 64 * 1024 * 1024)]
    public int HistoryBytes { get; init; } = 256 * 1024;

    /// <summary>Characters of a nick.</summary>
    [Number(1, 1023)]
    public int NickLength { get; init; } = 64;

    /// <summary>Characters of a subject, of a room's name and of its description.</summary>
    [Number(1, 100_000)]
    public int TextLength { get; init; } = 2000;

    /// <summary>A room's vCard with its picture (XEP-0486).</summary>
    [Bytes(1024, 1024 * 1024)]
    public int CardBytes { get; init; } = 64 * 1024;

    /// <summary>Affiliations that a room keeps.</summary>
    [Number(1, 1_000_000)]
    public int MaxAffiliations { get; init; } = 20_000;

    /// <summary>How often one person may search for rooms within an hour (XEP-0433).</summary>
    [Number(1, 1_000_000)]
    public int SearchesPerHour { get; init; } = 600;

    /// <summary>Messages, changes of presence and requests that one occupant may send within a second, on average.</summary>
    [Number(1, 1_000_000)]
    public int StanzasPerSecond { get; init; } = 100;

    /// <summary>The same at once.</summary>
    [Number(1, 10_000_000)]
    public int BurstStanzas { get; init; } = 1000;
}
