namespace Xmpp.Modules.PubSub;

/// <summary>Who may subscribe and read (XEP-0060 §4.5).</summary>
internal enum AccessModel
{
    Open,
    Presence,
    Roster,
    Authorize,
    Whitelist,
}

/// <summary>Who may publish.</summary>
internal enum PublishModel
{
    Publishers,
    Subscribers,
    Open,
}

/// <summary>When somebody gets the last item without anything being published.</summary>
internal enum SendLast
{
    Never,
    OnSub,
    OnSubAndPresence,
}

/// <summary>What becomes of an item for a node that has as many as it keeps (XEP-0060 §7.1.2.5).</summary>
internal enum WhenFull
{
    /// <summary>The oldest one goes; subscribers may be told, and aren't.</summary>
    RetractOldest,
    DiscardOldest,
    Reject,
}

/// <summary>How a node is configured (XEP-0060 §16.4.4).</summary>
internal sealed record NodeConfiguration
{
    public AccessModel Access { get; init; }

    public PublishModel Publishing { get; init; }

    /// <summary>Null: as many as the service allows ("max").</summary>
    public int? MaxItems { get; init; }

    /// <summary>How old items become; null: any age ("max").</summary>
    public TimeSpan? ItemExpire { get; init; }

    /// <summary>In bytes; null: as the service allows.</summary>
    public int? MaxPayload { get; init; }

    public bool Persists { get; init; } = true;

    public bool Notifies { get; init; } = true;

    public bool DeliversPayloads { get; init; } = true;

    public bool NotifiesConfig { get; init; }

    public bool NotifiesDelete { get; init; } = true;

    public bool NotifiesRetract { get; init; } = true;

    public bool NotifiesSubscriptions { get; init; }

    /// <summary>Whether somebody who is not there gets nothing, not even later.</summary>
    public bool OnlyToAvailable { get; init; }

    /// <summary>Messages of type "headline", else "normal".</summary>
    public bool Headlines { get; init; } = true;

    public SendLast SendLast { get; init; }

    public WhenFull WhenFull { get; init; }

    public bool AllowsSubscriptions { get; init; } = true;

    public IReadOnlyList<string> RosterGroups { get; init; } = [];

    public string? Title { get; init; }

    public string? Description { get; init; }

    public string? Language { get; init; }

    /// <summary>What the payloads are, usually a namespace.</summary>
    public string? Type { get; init; }

    public IReadOnlyList<string> Contacts { get; init; } = [];

    /// <summary>How many items remain.</summary>
    /// <param name="limit">The service's own.</param>
    public int KeepItems(int limit) => Math.Min(MaxItems ?? limit, limit);

    /// <summary>Of nodes of a service; what it says of itself asks for this default of <see cref="SendLast"/> (XEP-0060 §4.3).</summary>
    public static NodeConfiguration OfService { get; } = new() { SendLast = SendLast.OnSubAndPresence };

    /// <summary>Of nodes of accounts (XEP-0163 §7): the last item only, for contacts.</summary>
    public static NodeConfiguration OfAccount { get; } = new()
    {
        Access = AccessModel.Presence,
        MaxItems = 1,
        SendLast = SendLast.OnSubAndPresence,
    };

    /// <summary>Of nodes that are for nobody else whoever made them and however (XEP-0223).</summary>
    public static NodeConfiguration Private { get; } = OfAccount with
    {
        Access = AccessModel.Whitelist,
        MaxItems = null,
        SendLast = SendLast.Never, // As XEP-0402 §4.2 and XEP-0490 §4.2 want it: the last of many says little.
    };
}
