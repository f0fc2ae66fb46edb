using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>Publishing items and taking them away (XEP-0060 §7).</summary>
internal sealed class Publishing(PubSubContext context, Notifier notifier, NodeCreation creation)
{
    /// <summary>§7.1: an item is committed before its publisher, or anybody else, is told of it.</summary>
    public async ValueTask<IqReply> PublishAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request.Node is not { } name)
            return IqReply.Failed(PubSubErrors.NodeIdRequired);
        if (Publication.Read(request, context.Options, out var error) is not { } publication)
            return IqReply.Failed(error!);
        return await context.Nodes.ChangeAsync(request.Owner, name, async turn =>
        {
            var (configuration, refusal) = await AdmitAsync(turn, request, name, publication, cancellationToken);
            if (refusal is not null)
                return IqReply.Failed(refusal);
            var (items, tooBig) = ItemsOf(publication.Items, turn.Owner, configuration!, request.From);
            if (tooBig is not null)
                return IqReply.Failed(tooBig);
            return await PublishAsync(turn, items, publication.Items, request.From, configuration!, cancellationToken) is { } unkept
                ? IqReply.Failed(unkept)
                : IqReply.Result(PubSubXml.Result(new Element(PubSubXml.Ns, "publish", Element.Attr("node", name),
                    items.Select(item => new Element(PubSubXml.Ns, "item", Element.Attr("id", item.Id))))));
        }, cancellationToken);
    }

    /// <summary>Publishes for an account what the server has from it by other ways.</summary>
    /// <param name="otherwise">How the node is made when there is none.</param>
    /// <returns>Null when it is done.</returns>
    public async ValueTask<StanzaError?> PublishAsync(
        NodeTurn turn, IReadOnlyList<(string? Id, Element? Payload)> given, Jid publisher, NodeConfiguration otherwise,
        CancellationToken cancellationToken)
    {
        var configuration = turn.Node?.Configuration ?? otherwise;
        var (items, tooBig) = ItemsOf(given, turn.Owner, configuration, publisher);
        if (tooBig is not null)
            return tooBig;
        if (items.Count > configuration.KeepItems(context.Options.ItemsPerNode))
            return PubSubErrors.MaxItemsExceeded;
        return await PublishAsync(turn, items, given, publisher, configuration, cancellationToken);
    }

    /// <summary>§7.2.</summary>
    public async ValueTask<IqReply> RetractAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request.Node is not { } name)
            return IqReply.Failed(PubSubErrors.NodeIdRequired);
        var ids = PubSubXml.Items(request.Action).Select(item => item["id"]).ToList();
        if (ids.Count == 0 || ids.Exists(string.IsNullOrEmpty))
            return IqReply.Failed(PubSubErrors.ItemRequired);
        if (ids.Count > context.Options.PageItems)
            return IqReply.Failed(PubSubErrors.MaxItemsExceeded);
        return await context.Nodes.ChangeAsync(request.Owner, name, async turn =>
        {
            if (turn.Node is not { } node)
                return IqReply.Failed(PubSubErrors.NodeNotFound);
            if (!node.Configuration.Persists)
                return IqReply.Failed(PubSubErrors.Unsupported("persistent-items"));
            var found = await context.Store.FindItemsAsync(node.Owner, name, ids!, cancellationToken);
            if (await context.CheckAsync(node, NodeOperation.Retract, request.From, cancellationToken) is { } refusal
                && (node.AffiliationOf(request.From) == NodeAffiliation.Outcast || found.Count == 0
                    || found.Any(item => item.Publisher?.Bare != request.From.Bare)))
            {
                return IqReply.Failed(refusal); // Whoever may publish takes away what is theirs.
            }
            if (found.Count < ids.Distinct().Count())
                return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "There is no such item.");

            await RetractAsync(turn, ids!, request.Action["notify"] is "1" or "true", cancellationToken);
            return IqReply.Result();
        }, cancellationToken);
    }

    /// <summary>Takes items away that there are.</summary>
    /// <param name="isToNotify">Also when the node isn't configured so.</param>
    public async ValueTask RetractAsync(
        NodeTurn turn, IReadOnlyCollection<string> ids, bool isToNotify, CancellationToken cancellationToken)
    {
        var node = turn.Node!;
        await context.Store.RetractAsync(node.Owner, node.Name, ids, cancellationToken);
        turn.Node = node with { Last = new() };
        if (isToNotify || node.Configuration.NotifiesRetract)
        {
            await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "items", Element.Attr("node", node.Name),
                ids.Select(id => new Element(PubSubXml.EventNs, "retract", Element.Attr("id", id)))), cancellationToken);
        }
        await context.FollowAsync(node, [], cancellationToken);
    }

    /// <summary>Keeps items of a node, which is made if there is none, and tells of them.</summary>
    private async ValueTask<StanzaError?> PublishAsync(
        NodeTurn turn, List<StoredItem> items, IReadOnlyList<(string? Id, Element? Payload)> given, Jid publisher,
        NodeConfiguration configuration, CancellationToken cancellationToken)
    {
        var unkept = turn.Node is null
            ? await creation.CreateAsync(turn, publisher, configuration, configuration.Persists ? items : [], cancellationToken)
            : configuration.Persists ? await KeepAsync(turn, items, cancellationToken) : null;
        if (unkept is not null)
            return unkept;
        var node = turn.Node!;
        if (node.Configuration.Notifies)
        {
            await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "items", Element.Attr("node", node.Name),
                items.Zip(given, (item, one) => Items.ToElement(
                    item.Id, item.Publisher, node.Configuration.DeliversPayloads ? one.Payload : null, PubSubXml.EventNs, node))),
                cancellationToken);
        }
        await context.FollowAsync(
            node, [.. items.Zip(given, (item, one) => KeyValuePair.Create(item.Id, one.Payload))], cancellationToken);
        return null;
    }

    /// <summary>Whether it may be published, to the node that there is or to one that is to be made (§7.1.4).</summary>
    /// <returns>How the node is configured, or why not.</returns>
    private async ValueTask<(NodeConfiguration? Configuration, StanzaError? Refusal)> AdmitAsync(
        NodeTurn turn, PubSubRequest request, string name, Publication publication, CancellationToken cancellationToken)
    {
        if (turn.Node is { } node)
        {
            return (node.Configuration, await context.CheckAsync(node, NodeOperation.Publish, request.From, cancellationToken)
                ?? publication.Check(node.Configuration, context.Options));
        }
        if (creation.MayCreate(request) is not null)
            return (null, PubSubErrors.NodeNotFound);
        if (publication.Items.Count == 0)
            return (null, PubSubErrors.ItemRequired);
        if (publication.Options?.Fields.Any(field =>
            field.Var is { } var and not DataForm.FormTypeVar && NodeFields.Find(var) is null) == true)
            return (null, PubSubErrors.PreconditionNotMet);
        return creation.Configure(request.Owner, name, publication.Options, out var error) is { } configuration
            ? (configuration, publication.Check(configuration, context.Options))
            : (null, error);
    }

    private (List<StoredItem> Items, StanzaError? Error) ItemsOf(
        IReadOnlyList<(string? Id, Element? Payload)> given, Jid owner, NodeConfiguration configuration, Jid publisher)
    {
        var limit = Math.Min(configuration.MaxPayload ?? int.MaxValue, context.Options.ItemBytes);
        var items = new List<StoredItem>();
        foreach (var (id, payload) in given)
        {
            var position = context.NextPosition(owner);
            var octets = payload is null ? default : StoredXml.Write(payload);
            if (octets.Length > limit)
                return (items, PubSubErrors.PayloadTooBig);
            items.Add(new(id ?? position.ToString(), position, publisher, octets));
        }
        return (items, null);
    }

    private async ValueTask<StanzaError?> KeepAsync(NodeTurn turn, List<StoredItem> items, CancellationToken cancellationToken)
    {
        var node = turn.Node!;
        var keep = node.Configuration.KeepItems(context.Options.ItemsPerNode);
        if (node.Configuration.WhenFull == WhenFull.Reject && await IsFullAsync(node, items, keep, cancellationToken))
            return PubSubErrors.NodeFull;
        if (!await context.Store.PublishAsync(node.Owner, node.Name, items, keep, cancellationToken))
        {
            turn.Node = null; // Somebody else has deleted it.
            return PubSubErrors.NodeNotFound;
        }
        turn.Node = node with { Last = new(items) };
        if (Items.Expired(node, context.Time.GetUtcNow()) is { } over)
            await context.Store.RemoveItemsAsync(node.Owner, node.Name, over, cancellationToken);
        return null;
    }

    private async ValueTask<bool> IsFullAsync(Node node, List<StoredItem> items, int keep, CancellationToken cancellationToken)
    {
        var count = await context.Store.CountItemsAsync(node.Owner, node.Name, keep, cancellationToken);
        if (count + items.Count <= keep)
            return false;
        var replaced = await context.Store.FindItemsAsync(node.Owner, node.Name, [.. items.Select(item => item.Id)], cancellationToken);
        return count is null || count + items.Count - replaced.Count > keep;
    }
}
