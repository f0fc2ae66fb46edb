using System.Globalization;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>Retrieving items (XEP-0060 §6.5): some by their ids, the most recent, or a page (XEP-0059), the oldest first.</summary>
internal sealed class ItemReading(PubSubContext context)
{
    /// <summary>Beyond that it isn't said how many items there are, where it costs something to count them.</summary>
    private const int MaxCounted = 10_000;

    public async ValueTask<IqReply> ReadAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request.Node is not { } name)
            return IqReply.Failed(PubSubErrors.NodeIdRequired);
        if (request.Action["subid"] is not null)
            return IqReply.Failed(PubSubErrors.InvalidSubId);
        if (await context.Nodes.FindAsync(request.Owner, name, cancellationToken) is not { } node)
            return IqReply.Failed(PubSubErrors.NodeNotFound);
        if (await context.CheckAsync(node, NodeOperation.Retrieve, request.From, cancellationToken) is { } refusal)
            return IqReply.Failed(refusal);
        if (!node.Configuration.Persists)
            return IqReply.Failed(PubSubErrors.Unsupported("persistent-items"));

        var ids = PubSubXml.Items(request.Action).Select(item => item["id"] ?? "").ToList();
        return ids.Count > 0
            ? await ReadByIdAsync(node, ids, cancellationToken)
            : await ReadPageAsync(node, request, cancellationToken);
    }

    /// <summary>§6.5.8.</summary>
    private async ValueTask<IqReply> ReadByIdAsync(Node node, List<string> ids, CancellationToken cancellationToken)
    {
        if (ids.Count > context.Options.PageItems)
            return IqReply.Failed(PubSubErrors.MaxItemsExceeded);
        var over = Items.Expired(node, context.Time.GetUtcNow());
        var found = (await context.Store.FindItemsAsync(node.Owner, node.Name, ids, cancellationToken))
            .Where(item => over is null || item.Position.Value >= over.Value.Value).ToDictionary(item => item.Id);
        return Answer(node, [.. ids.Distinct().Where(found.ContainsKey).Select(id => found[id])], set: null); // Maybe none: §6.5.9.12.
    }

    private async ValueTask<IqReply> ReadPageAsync(Node node, PubSubRequest request, CancellationToken cancellationToken)
    {
        if (!ResultSetRequest.TryFind(request.Payload, out var page, out var error)
            || (page is null && !ResultSetRequest.TryFind(request.Action, out page, out error)))
        {
            return IqReply.Failed(error!);
        }
        if (page?.Index is not null)
            return IqReply.Failed(StanzaErrorCondition.FeatureNotImplemented, "Pages are asked for by their neighbours."); // XEP-0059 §2.6
        int? most = null;
        if (request.Action["max_items"] is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return IqReply.Failed(StanzaErrorCondition.BadRequest, "'max_items' is a number.");
            most = number;
        }

        var after = Items.Expired(node, context.Time.GetUtcNow());
        SortableId? before = null;
        if (page?.After is { } afterId)
        {
            if (await PositionOfAsync(node, afterId, cancellationToken) is not { } position)
                return IqReply.Failed(StanzaErrorCondition.ItemNotFound); // XEP-0059 §2.4
            after = position;
        }
        if (page?.Before is { Length: > 0 } beforeId)
        {
            if (await PositionOfAsync(node, beforeId, cancellationToken) is not { } position)
                return IqReply.Failed(StanzaErrorCondition.ItemNotFound);
            before = position;
        }

        // Who asks for no page gets the most recent items.
        var isFromEnd = page is null || page.Before is not null || (most is not null && page.After is null);
        var wanted = Math.Min(most ?? int.MaxValue, page?.Max ?? int.MaxValue);
        var count = Math.Min(wanted, context.Options.PageItems);
        // One more tells whether there is more.
        var read = await context.Store.ReadItemsAsync(
            node.Owner, node.Name, new(after, before, isFromEnd), count + (page is null ? 1 : 0), cancellationToken);
        var isCut = page is null && read.Count > count && (most is null || most > count);
        IReadOnlyList<StoredItem> items =
            read.Count <= count ? read : isFromEnd ? [.. read.Skip(read.Count - count)] : [.. read.Take(count)];
        var set = page is null && !isCut
            ? null
            : new ResultSet(
                items.Count == 0 ? null : items[0].Id, items.Count == 0 ? null : items[^1].Id,
                Count: await context.Store.CountItemsAsync(node.Owner, node.Name, MaxCounted, cancellationToken));
        return Answer(node, items, set);
    }

    private async ValueTask<SortableId?> PositionOfAsync(Node node, string id, CancellationToken cancellationToken) =>
        await context.Store.FindItemsAsync(node.Owner, node.Name, [id], cancellationToken) is [var item] ? item.Position : null;

    private static IqReply Answer(Node node, IReadOnlyList<StoredItem> items, ResultSet? set) => IqReply.Result(PubSubXml.Result(
        new Element(PubSubXml.Ns, "items", Element.Attr("node", node.Name),
            items.Select(item => Items.ToElement(item, PubSubXml.Ns, node, withPayload: true))),
        set?.ToElement()));
}
