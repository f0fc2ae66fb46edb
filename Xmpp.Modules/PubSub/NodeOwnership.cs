using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>What owners do with their nodes (XEP-0060 §8.2, §8.4, §8.5).</summary>
internal sealed partial class NodeOwnership(PubSubContext context, Notifier notifier)
{
    /// <summary>§8.2.1.</summary>
    public async ValueTask<IqReply> GetConfigurationAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        var (node, error) = await FindAsync(request, cancellationToken);
        return error is not null
            ? IqReply.Failed(error)
            : IqReply.Result(PubSubXml.OwnerResult(new Element(PubSubXml.OwnerNs, "configure", Element.Attr("node", node!.Name),
                NodeFields.Form(DataFormType.Form, node.Configuration).ToElement())));
    }

    /// <summary>§8.2.4.</summary>
    public ValueTask<IqReply> ConfigureAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        if (DataForm.Parse(request.Action.Child(DataForm.Name)) is not { Type: DataFormType.Submit or DataFormType.Cancel } form)
            return new(IqReply.Failed(StanzaErrorCondition.BadRequest));
        return ChangeAsync(request, async (turn, node) =>
        {
            if (form.Type == DataFormType.Cancel)
                return IqReply.Result();
            if (NodeFields.Apply(node.Configuration, form, context.Options, out var error) is not { } configuration)
                return IqReply.Failed(error!);
            var change = new NodeChange { Settings = NodeFields.Write(configuration) };
            if (!await context.Store.ApplyAsync(node.Owner, node.Name, change, cancellationToken))
                return Gone(turn);
            turn.Node = node = node with { Configuration = configuration, Last = new() };
            if (configuration.NotifiesConfig)
            {
                await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "configuration", Element.Attr("node", node.Name),
                    configuration.DeliversPayloads ? NodeFields.Form(DataFormType.Result, configuration).ToElement() : null),
                    cancellationToken);
            }
            return IqReply.Result();
        }, cancellationToken);
    }

    /// <summary>§8.4.</summary>
    public ValueTask<IqReply> DeleteAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        ChangeAsync(request, async (turn, node) =>
        {
            await DeleteAsync(turn, node, request.Action.Child(PubSubXml.OwnerNs, "redirect")?["uri"], cancellationToken);
            return IqReply.Result();
        }, cancellationToken);

    /// <summary>Deletes a node that there is, whoever wants it.</summary>
    /// <param name="redirect">Where there is another one instead, or null.</param>
    public async ValueTask DeleteAsync(NodeTurn turn, Node node, string? redirect, CancellationToken cancellationToken)
    {
        await context.Store.RemoveAsync(node.Owner, node.Name, cancellationToken);
        turn.Node = null;
        if (node.Configuration.NotifiesDelete)
        {
            await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "delete", Element.Attr("node", node.Name),
                redirect is null ? null : new Element(PubSubXml.EventNs, "redirect", Element.Attr("uri", redirect))),
                cancellationToken);
        }
        await context.FollowAsync(node, [], cancellationToken);
    }

    /// <summary>§8.5; also by who may take away each of the items (§4.1).</summary>
    public ValueTask<IqReply> PurgeAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        ChangeAsync(request, NodeOperation.Retract, async (turn, node) =>
        {
            if (!node.Configuration.Persists)
                return IqReply.Failed(PubSubErrors.Unsupported("persistent-items"));
            await context.Store.RemoveItemsAsync(node.Owner, node.Name, new(UInt128.MaxValue), cancellationToken);
            turn.Node = node with { Last = new() };
            if (node.Configuration.NotifiesRetract)
                await notifier.SendAsync(node, new Element(PubSubXml.EventNs, "purge", Element.Attr("node", node.Name)), cancellationToken);
            await context.FollowAsync(node, [], cancellationToken);
            return IqReply.Result();
        }, cancellationToken);

    private static IqReply Gone(NodeTurn turn)
    {
        turn.Node = null; // Somebody else has deleted it.
        return IqReply.Failed(PubSubErrors.NodeNotFound);
    }

    private async ValueTask<(Node? Node, StanzaError? Error)> FindAsync(PubSubRequest request, CancellationToken cancellationToken) =>
        request.Node is not { } name ? (null, PubSubErrors.NodeIdRequired)
        : await context.Nodes.FindAsync(request.Owner, name, cancellationToken) is not { } node ? (null, PubSubErrors.NodeNotFound)
        : (node, await MayAsync(NodeOperation.Own, request, node, cancellationToken));

    private ValueTask<IqReply> ChangeAsync(
        PubSubRequest request, Func<NodeTurn, Node, ValueTask<IqReply>> change, CancellationToken cancellationToken) =>
        ChangeAsync(request, NodeOperation.Own, change, cancellationToken);

    private ValueTask<IqReply> ChangeAsync(
        PubSubRequest request, NodeOperation operation, Func<NodeTurn, Node, ValueTask<IqReply>> change,
        CancellationToken cancellationToken) =>
        request.Node is not { } name
            ? new(IqReply.Failed(PubSubErrors.NodeIdRequired))
            : context.Nodes.ChangeAsync(request.Owner, name, async turn => turn.Node is not { } node
                ? IqReply.Failed(PubSubErrors.NodeNotFound)
                : await MayAsync(operation, request, node, cancellationToken) is { } refusal
                    ? IqReply.Failed(refusal)
                    : await change(turn, node), cancellationToken);

    /// <summary>Who may by affiliation, and at a service its administrators.</summary>
    private async ValueTask<StanzaError?> MayAsync(
        NodeOperation operation, PubSubRequest request, Node node, CancellationToken cancellationToken) =>
        !node.IsPersonal && context.Administrators.IsAdministrator(request.From.Bare, request.Host)
            ? null
            : await context.CheckAsync(node, operation, request.From, cancellationToken);
}
