using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.PubSub;

/// <summary>A node as it is in memory, without its items: immutable, but for what is remembered of the last one.</summary>
/// <param name="Owner">The bare JID of an account, or the domain of a service.</param>
/// <param name="Members">By address; of the person's bare JID the affiliation.</param>
internal sealed record Node(
    Jid Owner, string Name, DateTimeOffset Created, NodeConfiguration Configuration, ImmutableDictionary<Jid, NodeMember> Members)
{
    /// <summary>Whether it is an account's own.</summary>
    public bool IsPersonal => Owner.Local is not null;

    /// <summary>What is sent of the last item to whoever comes.</summary>
    public LastItem Last { get; init; } = new();

    public static Node Of(StoredNode stored) => new(
        stored.Owner, stored.Name, stored.Created, NodeFields.Read(stored.Settings),
        stored.Members.ToImmutableDictionary(member => member.Jid));

    public StoredNode ToStored() => new(Owner, Name, Created, NodeFields.Write(Configuration), [.. Members.Values]);

    /// <param name="person">Bare or full.</param>
    public NodeAffiliation AffiliationOf(Jid person) =>
        IsPersonal && person.Bare == Owner
            ? NodeAffiliation.Owner
            : Members.GetValueOrDefault(person.Bare)?.Affiliation ?? NodeAffiliation.None;

    /// <summary>Whether a person is subscribed, by whichever address.</summary>
    public bool IsSubscribed(Jid person) =>
        IsSubscribedAs(person) || IsSubscribedAs(person.Bare)
        || (person.IsBare && Members.Values.Any(member => member.Jid.Bare == person && member.Subscription == NodeSubscription.Subscribed));

    /// <summary>The owners' bare JIDs.</summary>
    public IEnumerable<Jid> Owners => IsPersonal
        ? [Owner]
        : Members.Values.Where(member => member.Affiliation == NodeAffiliation.Owner).Select(member => member.Jid);

    private bool IsSubscribedAs(Jid jid) => Members.GetValueOrDefault(jid)?.Subscription == NodeSubscription.Subscribed;

    /// <summary>With what is kept of some addresses changed; of who then is nobody nothing is kept.</summary>
    public Node With(NodeChange change) => this with
    {
        Members = Members.RemoveRange(change.Deleted).SetItems(change.Saved.Select(member => KeyValuePair.Create(member.Jid, member))),
    };
}

/// <summary>An account's nodes, by name.</summary>
internal sealed record NodeSet(ImmutableSortedDictionary<string, Node> Nodes)
{
    public static NodeSet Of(IEnumerable<StoredNode> stored) =>
        new(stored.ToImmutableSortedDictionary(node => node.Name, Node.Of, StringComparer.Ordinal));
}
