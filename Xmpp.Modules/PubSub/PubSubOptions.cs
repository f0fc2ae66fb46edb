using Xmpp.Core.Modules;

namespace Xmpp.Modules.PubSub;

/// <summary>Who may make nodes at the service; everybody's own account is theirs.</summary>
public enum NodeCreators
{
    Everybody,

    /// <summary>Those who have an account of this server.</summary>
    Accounts,

    Administrators,
}

public sealed record PubSubOptions
{
    /// <summary>What stands before a host in the domain of its service.</summary>
    public string Label { get; init; } = "pubsub";

    /// <summary>The domain of a host's service.</summary>
    public string DomainOf(string host) => $"{Label}.{host}";

    /// <summary>Of the service, for people.</summary>
    public string Name { get; init; } = "Publish-subscribe";

    public NodeCreators Creators { get; init; } = NodeCreators.Accounts;

    /// <summary>Bytes of an item's payload.</summary>
    [Bytes(1024, 8 * 1024 * 1024)]
    public int ItemBytes { get; init; } = 256 * 1024;

    /// <summary>Items that a node keeps at most, whatever its configuration says.</summary>
    [Number(1, 10_000_000)]
    public int ItemsPerNode { get; init; } = 10_000;

    /// <summary>Nodes of an account.</summary>
    [Number(1, 100_000)]
    public int NodesPerAccount { get; init; } = 200;

    /// <summary>Nodes of a service.</summary>
    [Number(1, 10_000_000)]
    public int NodesPerService { get; init; } = 100_000;

    /// <summary>Affiliations and subscriptions of a node.</summary>
    [Number(1, 1_000_000)]
    public int MembersPerNode { get; init; } = 20_000;

    /// <summary>Subscriptions of one person to a node: one for each client.</summary>
    [Number(1, 10_000)]
    public int SubscriptionsPerPerson { get; init; } = 20;

    /// <summary>Items of a page, and items that are published at once.</summary>
    [Number(1, 10_000)]
    public int PageItems { get; init; } = 100;
}
