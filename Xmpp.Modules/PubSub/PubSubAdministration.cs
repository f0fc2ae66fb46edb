using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.PubSub;

/// <summary>A node, in a line.</summary>
/// <param name="Access">Who may read: "open", "presence", "roster", "authorize" or "whitelist".</param>
/// <param name="Items">Null when there are more than is worth counting.</param>
public sealed record NodeOverview(string Node, string? Title, string Access, DateTimeOffset Created, long? Items);

/// <summary>A node, whole.</summary>
/// <param name="Configuration">Fields and values as XEP-0060 §16.4.4 has them, without "pubsub#".</param>
public sealed record NodeDetails(
    Jid Owner, string Node, DateTimeOffset Created, long? Items, IReadOnlyList<string> Configuration,
    IReadOnlyList<AffiliationOverview> Affiliations, int Subscriptions);

/// <param name="Affiliation">"owner", "publisher" and so on.</param>
public sealed record AffiliationOverview(Jid Jid, string Affiliation);

/// <param name="Bytes">Of the payload.</param>
/// <param name="Payload">The name of the payload's element; null for none.</param>
public sealed record ItemOverview(string Id, DateTimeOffset Published, Jid? Publisher, int Bytes, string? Payload);

/// <param name="Subscription">"subscribed" or "pending".</param>
public sealed record SubscriptionOverview(string Node, Jid Jid, string Subscription);

/// <summary>What operators may see and do of nodes, whoever they belong to.</summary>
public sealed class PubSubAdministration(PubSubContext context)
{
    private const int Page = 200, MaxCounted = 10_000;

    private readonly NodeOwnership _ownership = new(context, new Notifier(context));

    /// <summary>All nodes of an account or a service, by name.</summary>
    public async IAsyncEnumerable<NodeOverview> ListAsync(Jid owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stored in NodesAsync(owner, cancellationToken))
        {
            var configuration = NodeFields.Read(stored.Settings);
            yield return new(
                stored.Name, configuration.Title, NameOf(configuration.Access), stored.Created,
                await context.Store.CountItemsAsync(owner, stored.Name, MaxCounted, cancellationToken));
        }
    }

    /// <summary>Null when there is no such node.</summary>
    public async ValueTask<NodeDetails?> ShowAsync(Jid owner, string name, CancellationToken cancellationToken)
    {
        if (await context.Nodes.FindAsync(owner, name, cancellationToken) is not { } node)
            return null;
        var members = node.Members.Values.OrderBy(member => member.Jid.ToString(), StringComparer.Ordinal).ToList();
        return new(
            owner, name, node.Created, await context.Store.CountItemsAsync(owner, name, MaxCounted, cancellationToken),
            [
                .. from field in NodeFields.All
                   let values = field.Show(node.Configuration).Values
                   where values.Count > 0
                   select $"{field.Var["pubsub#".Length..]}={string.Join(',', values)}",
            ],
            [
                .. members.Where(member => member.Affiliation != NodeAffiliation.None)
                    .Select(member => new AffiliationOverview(member.Jid, Names.Of(member.Affiliation))),
            ],
            members.Count(member => member.Subscription != NodeSubscription.None));
    }

    /// <summary>The newest items of a node, these first.</summary>
    public async IAsyncEnumerable<ItemOverview> ListItemsAsync(
        Jid owner, string name, int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SortableId? before = null;
        while (count > 0)
        {
            var size = Math.Min(count, Page);
            var page = await context.Store.ReadItemsAsync(owner, name, new(Before: before, IsFromEnd: true), size, cancellationToken);
            foreach (var item in page.Reverse())
            {
                yield return new(
                    item.Id, item.Position.Time, item.Publisher, item.Payload.Length,
                    item.Payload.IsEmpty ? null : StoredXml.Read(item.Payload).Name.ToString());
            }
            if (page.Count < size)
                break;
            before = page[0].Position;
            count -= page.Count;
        }
    }

    /// <summary>Who is subscribed to a node, or to any of an owner's.</summary>
    public async IAsyncEnumerable<SubscriptionOverview> ListSubscriptionsAsync(
        Jid owner, string? only, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stored in NodesAsync(owner, cancellationToken))
        {
            if ((only is not null && stored.Name != only)
                || await context.Nodes.FindAsync(owner, stored.Name, cancellationToken) is not { } node)
            {
                continue;
            }
            foreach (var member in node.Members.Values.OrderBy(member => member.Jid.ToString(), StringComparer.Ordinal))
            {
                if (member.Subscription != NodeSubscription.None)
                    yield return new(node.Name, member.Jid, Names.Of(member.Subscription));
            }
        }
    }

    /// <summary>Deletes a node; false when there was none.</summary>
    public ValueTask<bool> DeleteAsync(Jid owner, string name, CancellationToken cancellationToken) =>
        context.Nodes.ChangeAsync(owner, name, async turn =>
        {
            if (turn.Node is not { } node)
                return false;
            await _ownership.DeleteAsync(turn, node, redirect: null, cancellationToken);
            return true;
        }, cancellationToken);

    private async IAsyncEnumerable<StoredNode> NodesAsync(Jid owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = null;
        IReadOnlyList<StoredNode> page;
        do
        {
            page = await context.Store.ListAsync(owner, new(After: last), Page, cancellationToken);
            foreach (var node in page)
                yield return node;
            last = page.Count == 0 ? last : page[^1].Name;
        }
        while (page.Count == Page);
    }

    private static string NameOf(AccessModel access) => access.ToString().ToLowerInvariant();
}
