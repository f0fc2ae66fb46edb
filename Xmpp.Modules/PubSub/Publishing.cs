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
            if (await AdmitAsync(turn, request, name, publication, cancellationToken) is { } refusal)
                return IqReply.Failed(refusal);
            var node = turn.Node!;
            var (items, tooBig) = ItemsOf(publication, node, request);
            if (tooBig is not null)
                return IqReply.Failed(tooBig);
            if (node.Configuration.Persists && await KeepAsync(turn, items, cancellationToken) is { } unkept)
                return IqReply.Failed(unkept);

            if (node.Configuration.Notifies)
            {
                await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "items", Element.Attr("node", name),
                    items.Zip(publication.Items, (item, given) => Items.ToElement(
                        item.Id, item.Publisher, node.Configuration.DeliversPayloads ? given.Payload : null, PubSubXml.EventNs, node))),
                    cancellationToken);
            }
            return IqReply.Result(PubSubXml.Result(new Element(PubSubXml.Ns, "publish", Element.Attr("node", name),
                items.Select(item => new Element(PubSubXml.Ns, "item", Element.Attr("id", item.Id))))));
        }, cancellationToken);
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

            await context.Store.RetractAsync(node.Owner, name, ids!, cancellationToken);
            turn.Node = node with { Last = new() };
            if (request.Action["notify"] is "1" or "true" || node.Configuration.NotifiesRetract)
            {
                await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "items", Element.Attr("node", name),
                    ids.Select(id => new Element(PubSubXml.EventNs, "retract", Element.Attr("id", id)))), cancellationToken);
            }
            return IqReply.Result();
        }, cancellationToken);
    }

    /// <summary>Makes the node if there is none (§7.1.4), else looks whether it may be done.</summary>
    private async ValueTask<StanzaError?> AdmitAsync(
        NodeTurn turn, PubSubRequest request, string name, Publication publication, CancellationToken cancellationToken)
    {
        if (turn.Node is { } node)
        {
            return await context.CheckAsync(node, NodeOperation.Publish, request.From, cancellationToken)
                ?? publication.Check(node.Configuration, context.Options);
        }
        if (creation.MayCreate(request) is not null)
            return PubSubErrors.NodeNotFound;
        if (publication.Items.Count == 0)
            return PubSubErrors.ItemRequired;
        if (publication.Options?.Fields.Any(field =>
            field.Var is { } var and not DataForm.FormTypeVar && NodeFields.Find(var) is null) == true)
            return PubSubErrors.PreconditionNotMet;
        return await creation.CreateAsync(turn, request, name, publication.Options, cancellationToken)
            ?? publication.Check(turn.Node!.Configuration, context.Options);
    }

    private (List<StoredItem> Items, StanzaError? Error) ItemsOf(Publication publication, Node node, PubSubRequest request)
    {
        var limit = Math.Min(node.Configuration.MaxPayload ?? int.MaxValue, context.Options.ItemBytes);
        var items = new List<StoredItem>();
        foreach (var (id, payload) in publication.Items)
        {
            var position = context.NextPosition(node.Owner);
            var octets = payload is null ? default : StoredXml.Write(payload);
            if (octets.Length > limit)
                return (items, PubSubErrors.PayloadTooBig);
            items.Add(new(id ?? position.ToString(), position, request.From, octets));
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
        turn.Node = node with { Last = new() };
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
