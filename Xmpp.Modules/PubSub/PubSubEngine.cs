using System.Collections.Frozen;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>Answers requests of XEP-0060, to accounts as to services: which use case is whose.</summary>
internal sealed class PubSubEngine
{
    private delegate ValueTask<IqReply> Handler(PubSubRequest request, CancellationToken cancellationToken);

    private readonly FrozenDictionary<(IqType, XmlName), Handler> _handlers;

    public PubSubEngine(PubSubContext context)
    {
        Notifier = new(context);
        var creation = new NodeCreation(context);
        var publishing = new Publishing(context, Notifier, creation);
        var reading = new ItemReading(context);
        var subscribing = new Subscribing(context, Notifier);
        var owning = new NodeOwnership(context, Notifier);
        Subscriptions = subscribing;
        _handlers = new Dictionary<(IqType, XmlName), Handler>
        {
            [Set("create")] = creation.CreateAsync,
            [Set("publish")] = publishing.PublishAsync,
            [Set("retract")] = publishing.RetractAsync,
            [Get("items")] = reading.ReadAsync,
            [Set("subscribe")] = subscribing.SubscribeAsync,
            [Set("unsubscribe")] = subscribing.UnsubscribeAsync,
            [Get("options")] = subscribing.GetOptionsAsync,
            [Set("options")] = subscribing.SetOptionsAsync,
            [Get("default")] = Subscribing.GetDefaultAsync,
            [Get("subscriptions")] = subscribing.ListSubscriptionsAsync,
            [Get("affiliations")] = subscribing.ListAffiliationsAsync,
            [OwnerGet("default")] = NodeCreation.GetDefaultAsync,
            [OwnerGet("configure")] = owning.GetConfigurationAsync,
            [OwnerSet("configure")] = owning.ConfigureAsync,
            [OwnerSet("delete")] = owning.DeleteAsync,
            [OwnerSet("purge")] = owning.PurgeAsync,
            [OwnerGet("affiliations")] = owning.GetAffiliationsAsync,
            [OwnerSet("affiliations")] = owning.SetAffiliationsAsync,
            [OwnerGet("subscriptions")] = owning.GetSubscriptionsAsync,
            [OwnerSet("subscriptions")] = owning.SetSubscriptionsAsync,
        }.ToFrozenDictionary();
    }

    public Notifier Notifier { get; }

    public Subscribing Subscriptions { get; }

    public async ValueTask<IqReply> AnswerAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        foreach (var action in request.Payload.Elements)
        {
            if (_handlers.TryGetValue((request.Type, action.Name), out var handler))
                return await handler(request with { Action = action }, cancellationToken);
        }
        return IqReply.Failed(StanzaErrorCondition.BadRequest);
    }

    private static (IqType, XmlName) Get(string local) => (IqType.Get, new(PubSubXml.Ns, local));

    private static (IqType, XmlName) Set(string local) => (IqType.Set, new(PubSubXml.Ns, local));

    private static (IqType, XmlName) OwnerGet(string local) => (IqType.Get, new(PubSubXml.OwnerNs, local));

    private static (IqType, XmlName) OwnerSet(string local) => (IqType.Set, new(PubSubXml.OwnerNs, local));
}
