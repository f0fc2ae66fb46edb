using Xmpp.Core.Extensions;

namespace Xmpp.Core.Storage;

/// <summary>A long-lived association with a node (XEP-0060 §4.1).</summary>
public enum NodeAffiliation
{
    Outcast = -1,
    None,
    Member,
    PublishOnly,
    Publisher,
    Owner,
}

/// <summary>Whether somebody is subscribed to a node (XEP-0060 §4.2).</summary>
public enum NodeSubscription
{
    None,
    Pending,
    Unconfigured,
    Subscribed,
}

/// <summary>What a node keeps of an address.</summary>
/// <param name="Jid">A bare JID, or, for a subscription, a full one; each once.</param>
/// <param name="Affiliation">Of bare JIDs; none for a full one.</param>
/// <param name="Subscription">Of exactly this address.</param>
public sealed record NodeMember(Jid Jid, NodeAffiliation Affiliation, NodeSubscription Subscription = NodeSubscription.None)
{
    /// <summary>Of the subscription, by name; the store doesn't know what they mean.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}

/// <summary>A node as stored, without its items.</summary>
/// <param name="Owner">The bare JID of an account, or the domain of a service.</param>
/// <param name="Name">Unique for its owner.</param>
/// <param name="Created">In milliseconds' precision.</param>
/// <param name="Settings">Its configuration by name; the store doesn't know what it means.</param>
/// <param name="Members">In no particular order.</param>
public sealed record StoredNode(
    Jid Owner, string Name, DateTimeOffset Created, IReadOnlyDictionary<string, string> Settings, IReadOnlyList<NodeMember> Members);

/// <summary>What becomes of a node in one step, committed whole.</summary>
public sealed record NodeChange
{
    /// <summary>Takes the place of the configuration; null leaves it.</summary>
    public IReadOnlyDictionary<string, string>? Settings { get; init; }

    /// <summary>To add or replace.</summary>
    public IReadOnlyList<NodeMember> Saved { get; init; } = [];

    /// <summary>Of whom nothing is kept any more; those that there aren't may be named.</summary>
    public IReadOnlyList<Jid> Deleted { get; init; } = [];
}

/// <summary>What became of an attempt to add a node.</summary>
public enum NodeOutcome
{
    Added,
    Exists,

    /// <summary>There is no such account.</summary>
    NoOwner,

    /// <summary>With it the owner would have more than it may.</summary>
    TooMany,
}

/// <summary>An item of a node.</summary>
/// <param name="Id">Unique within the node.</param>
/// <param name="Position">Where it stands among the others, by the time at which it was published last; unique within the node.</param>
/// <param name="Publisher">Who published it, or null.</param>
/// <param name="Payload">As UTF-8 that stands well in the namespace "jabber:client"; empty for none.</param>
public sealed record StoredItem(string Id, SortableId Position, Jid? Publisher, ReadOnlyMemory<byte> Payload);

/// <summary>A part of an owner's nodes, in the order of their names' UTF-8 octets; null leaves an end open.</summary>
/// <param name="After">A name: behind that.</param>
/// <param name="Before">A name: in front of that.</param>
/// <param name="IsFromEnd">Whether the last ones are wanted, not the first. They are in order anyway.</param>
public sealed record NodeQuery(string? After = null, string? Before = null, bool IsFromEnd = false);

/// <summary>A part of a node's items in their order; null leaves an end open.</summary>
/// <param name="After">Behind this position.</param>
/// <param name="Before">In front of this one.</param>
/// <param name="IsFromEnd">Whether the last ones are wanted, not the first. They are in order anyway.</param>
public sealed record ItemQuery(SortableId? After = null, SortableId? Before = null, bool IsFromEnd = false);

/// <summary>
/// Nodes (XEP-0060) of accounts and of services, and their items, which may be many: nothing here costs more than what it answers. A
/// completed task means durably committed; failures are <see cref="StoreException"/>. An account's nodes go with it.
/// </summary>
public interface IPubSubStore
{
    /// <summary>A node with all that is kept of it but its items; null when there is none.</summary>
    ValueTask<StoredNode?> FindAsync(Jid owner, string node, CancellationToken cancellationToken);

    /// <summary>The first nodes of an owner, each whole, in the order of their names.</summary>
    ValueTask<IReadOnlyList<StoredNode>> FindAllAsync(Jid owner, int count, CancellationToken cancellationToken);

    /// <summary>A page of an owner's nodes, without their members.</summary>
    ValueTask<IReadOnlyList<StoredNode>> ListAsync(Jid owner, NodeQuery query, int count, CancellationToken cancellationToken);

    /// <summary>How many nodes an owner has.</summary>
    ValueTask<long> CountAsync(Jid owner, CancellationToken cancellationToken);

    /// <summary>What an owner's nodes keep of somebody, by node and address in the order of their UTF-8 octets.</summary>
    /// <param name="person">A bare JID; what is kept of its full JIDs is among it.</param>
    ValueTask<IReadOnlyList<(string Node, NodeMember Member)>> ListOfAsync(Jid owner, Jid person, CancellationToken cancellationToken);

    /// <summary>Adds a node, and its first items.</summary>
    /// <param name="limit">How many nodes its owner may then have.</param>
    ValueTask<NodeOutcome> AddAsync(StoredNode node, int limit, IReadOnlyList<StoredItem> items, CancellationToken cancellationToken);

    /// <summary>Applies a change; false when there is no such node.</summary>
    ValueTask<bool> ApplyAsync(Jid owner, string node, NodeChange change, CancellationToken cancellationToken);

    /// <summary>Removes a node with its items; false when there was none.</summary>
    ValueTask<bool> RemoveAsync(Jid owner, string node, CancellationToken cancellationToken);

    /// <summary>Adds items or puts them in the place of those with their ids; false when there is no such node.</summary>
    /// <param name="keep">How many items remain, at least 1: the oldest beyond that are removed.</param>
    ValueTask<bool> PublishAsync(
        Jid owner, string node, IReadOnlyList<StoredItem> items, int keep, CancellationToken cancellationToken);

    /// <summary>Those that there are of some items, in no particular order.</summary>
    ValueTask<IReadOnlyList<StoredItem>> FindItemsAsync(
        Jid owner, string node, IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>A page of a node's items.</summary>
    ValueTask<IReadOnlyList<StoredItem>> ReadItemsAsync(
        Jid owner, string node, ItemQuery query, int count, CancellationToken cancellationToken);

    /// <summary>How many items a node has; null when there are more than the limit and to count them costs too much.</summary>
    ValueTask<long?> CountItemsAsync(Jid owner, string node, int limit, CancellationToken cancellationToken);

    /// <summary>Removes some items.</summary>
    /// <returns>How many there were.</returns>
    ValueTask<int> RetractAsync(Jid owner, string node, IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>Removes all items up to a position, a few at a time.</summary>
    ValueTask RemoveItemsAsync(Jid owner, string node, SortableId upTo, CancellationToken cancellationToken);
}
