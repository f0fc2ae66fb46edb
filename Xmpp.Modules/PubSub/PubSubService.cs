using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>The domain of nodes that are nobody's account.</summary>
/// <param name="options">As they were when the service began: its domain and its name stay.</param>
internal sealed class PubSubService(PubSubContext context, PubSubOptions options) : IHostService
{
    private readonly PubSubEngine _engine = new(context);
    private readonly NodeDiscovery _discovery = new(context);

    public string Label => options.Label;

    public string Name => options.Name;

    /// <summary>Owners answer whether somebody may subscribe (§8.6); all else says nothing to a service.</summary>
    public async ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken)
    {
        if (message.To.Local is not null)
            return StanzaError.Of(StanzaErrorCondition.ItemNotFound);
        return message.Type != "error"
            && DataForm.Parse(message.View.ToElement().Child(DataForm.Name)) is { Type: DataFormType.Submit } form
            && form.FormType == PubSubXml.AuthorizationForm
            ? await _engine.Subscriptions.AuthorizeAsync(message.To.Host, message.From.Bare, form, cancellationToken)
            : null;
    }

    /// <summary>Whoever tells the service to be there gets the last items of what it is subscribed to (§16.4.4).</summary>
    public async ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken)
    {
        if (presence.Type is not null || presence.To.Local is not null)
            return null;
        var service = presence.To.Host;
        foreach (var (name, member) in await context.Store.ListOfAsync(service, presence.From.Bare, cancellationToken))
        {
            if (member.Subscription == NodeSubscription.Subscribed && (member.Jid.IsBare || member.Jid == presence.From)
                && await context.Nodes.FindAsync(service, name, cancellationToken) is { } node
                && node.Configuration.SendLast == SendLast.OnSubAndPresence
                && await context.CheckAsync(node, NodeOperation.Retrieve, member.Jid, cancellationToken) is null)
            {
                await _engine.Notifier.SendLastAsync(node, presence.From, cancellationToken);
            }
        }
        return null;
    }

    public async ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken)
    {
        if (request is not { } type)
            return IqReply.Sent;
        if (iq.To.Local is not null || iq.To.IsFull)
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        var payload = iq.Payload;
        if (payload.Name == PubSubXml.Request || payload.Name == PubSubXml.OwnerRequest)
            return await _engine.AnswerAsync(new(iq.To, iq.Host, iq.From, type, payload), cancellationToken);
        return (type, payload.Name.Namespace, payload.Name.Local) switch
        {
            (IqType.Set, AdHocCommand.Namespace, "command") =>
                await new PendingSubscriptions(context, _engine.Subscriptions).AnswerAsync(iq.To, iq.From, payload, cancellationToken),
            (IqType.Get, Namespaces.DiscoInfo, "query") => await InfoAsync(iq, payload, cancellationToken),
            (IqType.Get, Namespaces.DiscoItems, "query") => await ItemsAsync(iq, payload, cancellationToken),
            (IqType.Get, "urn:xmpp:ping", "ping") => IqReply.Result(),
            _ => IqReply.Failed(StanzaErrorCondition.ServiceUnavailable),
        };
    }

    private async ValueTask<IqReply> InfoAsync(ServiceStanza iq, Element query, CancellationToken cancellationToken)
    {
        var info = query["node"] is { } node
            ? await _discovery.DescribeAsync(iq.To, node, iq.From, cancellationToken)
            : new DiscoInfo(
                [new DiscoIdentity("pubsub", "service", Name)],
                [
                    Namespaces.DiscoInfo, Namespaces.DiscoItems, "urn:xmpp:ping", ResultSet.Ns, AdHocCommand.Namespace,
                    .. NodeDiscovery.OfService,
                ],
                []);
        return info is null
            ? IqReply.Failed(StanzaErrorCondition.ItemNotFound)
            : IqReply.Result(ServiceDiscovery.InfoElement(info, query["node"]));
    }

    private async ValueTask<IqReply> ItemsAsync(ServiceStanza iq, Element query, CancellationToken cancellationToken)
    {
        if (query["node"] is not { } node)
            return await _discovery.ListAsync(iq.To, query, iq.From, cancellationToken);
        return await _discovery.ListItemsAsync(iq.To, node, iq.From, cancellationToken) is { } items
            ? IqReply.Result(ServiceDiscovery.ItemsElement(items, node))
            : IqReply.Failed(StanzaErrorCondition.ItemNotFound);
    }
}
