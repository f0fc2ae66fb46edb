using Xmpp.Core.Modules;

namespace Xmpp.Modules.UserSearch;

/// <summary>Who may search for users.</summary>
public enum SearchAccess
{
    /// <summary>There is no such service.</summary>
    Nobody,

    /// <summary>Those who have an account of this server.</summary>
    Accounts,

    Everybody,
}

public sealed record UserSearchOptions
{
    public SearchAccess Access { get; init; } = SearchAccess.Nobody;

    /// <summary>Whether users are found who have not said anything about that; everybody can say otherwise.</summary>
    public bool Listed { get; init; }

    /// <summary>What stands before a host in the domain of its service.</summary>
    public string Label { get; init; } = "search";

    /// <summary>Of the service, for people.</summary>
    public string Name { get; init; } = "User directory";

    /// <summary>Users that a search finds, at most.</summary>
    [Number(1, 1000)]
    public int MaxResults { get; init; } = 30;

    /// <summary>Searches of one person.</summary>
    [Number(1, 100_000)]
    public int SearchesPerHour { get; init; } = 60;
}
