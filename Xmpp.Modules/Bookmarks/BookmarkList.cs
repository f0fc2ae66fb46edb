using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Bookmarks;

/// <summary>
/// The node "storage:bookmarks" of accounts (XEP-0048 §3.1), which has one item, the list: it isn't kept, but made of the bookmarks.
/// </summary>
internal sealed class BookmarkList(PubSubContext context, BookmarkBook book)
{
    public const string ItemId = "current";

    private readonly NodeCreation _creation = new(context);

    /// <summary>Answers a request that names the node.</summary>
    /// <returns>Null for one that isn't for this to answer.</returns>
    public async ValueTask<IqReply?> AnswerAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        foreach (var action in request.Payload.Elements)
        {
            if (action["node"] is not (BookmarkXml.ListNs or BookmarkXml.Ns))
                continue;
            if (request.From.Bare == request.Owner)
                await book.AdoptAsync(request.Owner, cancellationToken);
            return action["node"] == BookmarkXml.ListNs
                ? await AnswerListAsync(request with { Action = action }, cancellationToken)
                : null;
        }
        return null;
    }

    private async ValueTask<IqReply> AnswerListAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (request is { Type: IqType.Get, Action.Name: { Namespace: PubSubXml.Ns, Local: "items" } })
            return await ReadAsync(request, cancellationToken);
        if (request.From.Bare != request.Owner)
            return IqReply.Failed(PubSubErrors.Forbidden);
        var node = await context.Nodes.FindAsync(request.Owner, BookmarkXml.Ns, cancellationToken);
        return (request.Type, request.Action.Name.Namespace, request.Action.Name.Local) switch
        {
            (IqType.Set, PubSubXml.Ns, "publish") => await WriteAsync(request, node, cancellationToken),
            (IqType.Set, PubSubXml.Ns, "create") => await CreateAsync(request, cancellationToken),
            _ when node is null => IqReply.Failed(PubSubErrors.NodeNotFound),
            (IqType.Set, PubSubXml.Ns, "retract") or (IqType.Set, PubSubXml.OwnerNs, "purge" or "delete") =>
                Reply(await book.WriteAsync(request.Owner, request.From, [], cancellationToken)),
            (IqType.Get, PubSubXml.OwnerNs, "configure") => IqReply.Result(PubSubXml.OwnerResult(
                new Element(PubSubXml.OwnerNs, "configure", Element.Attr("node", BookmarkXml.ListNs),
                    NodeFields.Form(DataFormType.Form, node.Configuration with { MaxItems = 1 }).ToElement()))),
            (IqType.Set, PubSubXml.OwnerNs, "configure") => Configure(request, node),
            _ => IqReply.Failed(PubSubErrors.Unsupported("subscribe")),
        };
    }

    private async ValueTask<IqReply> ReadAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (await context.Nodes.FindAsync(request.Owner, BookmarkXml.Ns, cancellationToken) is not { } node)
            return IqReply.Failed(PubSubErrors.NodeNotFound);
        if (await context.CheckAsync(node, NodeOperation.Retrieve, request.From, cancellationToken) is { } refusal)
            return IqReply.Failed(refusal);
        var ids = PubSubXml.Items(request.Action).Select(item => item["id"]).ToList();
        if (ids.Count > 0 && !ids.Contains(ItemId))
            return IqReply.Result(PubSubXml.Result(new Element(PubSubXml.Ns, "items", Element.Attr("node", BookmarkXml.ListNs)))); // §6.5.9.12
        return IqReply.Result(PubSubXml.Result(
            await ItemsAsync(PubSubXml.Ns, () => book.ReadAsync(request.Owner, cancellationToken))));
    }

    /// <summary>The <c>items</c> of an answer or a notification.</summary>
    public static async ValueTask<Element> ItemsAsync(string ns, Func<ValueTask<Element>> list) => new(
        ns, "items", Element.Attr("node", BookmarkXml.ListNs), new Element(ns, "item", Element.Attr("id", ItemId), await list()));

    private async ValueTask<IqReply> WriteAsync(PubSubRequest request, Node? node, CancellationToken cancellationToken)
    {
        if (Publication.Read(request, context.Options, out var error) is not { } publication)
            return IqReply.Failed(error!);
        if (publication.Items is not [(var id, { } list)] || list.Name != BookmarkXml.List)
            return IqReply.Failed(PubSubErrors.InvalidPayload);
        // Who may see it matters; how many items there are doesn't: there is one.
        var configuration = node?.Configuration ?? NodeConfiguration.Private;
        if (publication.Options?.Field("pubsub#access_model") is { } access && !NodeFields.Has(configuration, access))
            return IqReply.Failed(PubSubErrors.PreconditionNotMet);
        // An empty list can be read, too.
        if (node is null && (await CreateAsync(request, cancellationToken)).Error is { Condition: not StanzaErrorCondition.Conflict } unmade)
            return IqReply.Failed(unmade);
        if (await book.WriteAsync(request.Owner, request.From, [.. list.Elements], cancellationToken) is { } unkept)
            return IqReply.Failed(unkept);
        return IqReply.Result(PubSubXml.Result(new Element(PubSubXml.Ns, "publish", Element.Attr("node", BookmarkXml.ListNs),
            new Element(PubSubXml.Ns, "item", Element.Attr("id", id ?? ItemId)))));
    }

    private ValueTask<IqReply> CreateAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        context.Nodes.ChangeAsync(request.Owner, BookmarkXml.Ns, async turn => turn.Node is not null
            ? IqReply.Failed(StanzaErrorCondition.Conflict, "There is a node of that name.")
            : Reply(await _creation.CreateAsync(turn, request.From, NodeConfiguration.Private, [], cancellationToken)), cancellationToken);

    /// <summary>Who may see it is configured at the node of the bookmarks.</summary>
    private static IqReply Configure(PubSubRequest request, Node node) =>
        DataForm.Parse(request.Action.Child(DataForm.Name)) is not { Type: DataFormType.Submit or DataFormType.Cancel } form
            ? IqReply.Failed(StanzaErrorCondition.BadRequest)
        : form.Field("pubsub#access_model") is { } access && !NodeFields.Has(node.Configuration, access)
            ? IqReply.Failed(PubSubErrors.NotAcceptable($"Who may see bookmarks '{BookmarkXml.Ns}' says."))
        : IqReply.Result();

    private static IqReply Reply(StanzaError? error) => error is null ? IqReply.Result() : IqReply.Failed(error);
}
