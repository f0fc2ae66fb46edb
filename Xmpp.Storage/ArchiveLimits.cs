using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage;

/// <summary>What a query may cost, whichever the database.</summary>
internal static class ArchiveLimits
{
    /// <summary>Messages that a query looks at when no index says which of them match: words, and a peer's resource.</summary>
    public const int MaxLookedAt = 100_000;

    /// <summary>Unread messages of a conversation that are counted.</summary>
    public const int MaxUnread = 1_000;

    /// <summary>Ids that one query may name.</summary>
    public const int MaxIds = 1_000;

    /// <summary>Messages that are removed at once, while others wait.</summary>
    public const int RemovalStep = 500;

    public static StoreException TooRare() => new(StanzaErrorCondition.ResourceConstraint,
        $"None of {MaxLookedAt} messages matches: the query has to say more closely with whom or when.");

    /// <exception cref="ArgumentOutOfRangeException">The page or the list of ids is too long.</exception>
    public static void Check(ArchiveQuery query, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Ids?.Count ?? 0, MaxIds);
    }
}
