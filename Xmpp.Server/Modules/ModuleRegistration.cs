using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Modules;

/// <summary>What one module registered: the record from which <see cref="ModuleTable"/> is put together, and so undone.</summary>
internal sealed class ModuleRegistration(string name, object? options) : IModuleBuilder
{
    public string Name { get; } = name;

    /// <summary>The options that it was loaded with; null when it has none.</summary>
    public object? Options { get; } = options;

    public List<(IqTarget Targets, string Feature)> Features { get; } = [];

    public List<(IqTarget Targets, DiscoIdentity Identity)> Identities { get; } = [];

    public List<(IqTarget Targets, DataForm Form)> Extensions { get; } = [];

    public List<(IqTarget Targets, DiscoItemsHandler Items)> ItemsHandlers { get; } = [];

    public List<(IqTarget Targets, DiscoNodeHandler Node)> NodeHandlers { get; } = [];

    public List<AdHocCommand> Commands { get; } = [];

    public List<(IqType Type, IqTarget Targets, XmlName Payload, IqHandler Handler)> Iqs { get; } = [];

    public List<(IqType Type, XmlName Payload, UnauthenticatedIqHandler Handler)> UnauthenticatedIqs { get; } = [];

    public List<(XmlName? Payload, ForwardingCheck Check)> ForwardingChecks { get; } = [];

    public List<SubscriptionRequestHandler> SubscriptionRequestHandlers { get; } = [];

    public List<(MessageStage Stage, MessageHandler Handler)> Messages { get; } = [];

    public List<StanzaGuard> Guards { get; } = [];

    public PresenceHandler? PresenceHandler { get; private set; }

    public RemotePresenceHandler? RemotePresenceHandler { get; private set; }

    public List<PresenceAddition> PresenceAdditions { get; } = [];

    public List<IHostService> Services { get; } = [];

    public List<HttpRoute> HttpRoutes { get; } = [];

    public List<Func<ISession, Element, ValueTask>> UnavailableHandlers { get; } = [];

    public List<Func<CancellationToken, ValueTask>> StartingHandlers { get; } = [];

    public List<Func<PartlySentMessage, CancellationToken, ValueTask>> PartlySentHandlers { get; } = [];

    public List<Func<ValueTask>> StoppingHandlers { get; } = [];

    public List<(NegotiationPhase Phase, Func<StreamFeatureContext, Element?> Feature)> StreamFeatures { get; } = [];

    public List<(string? Feature, InlineBindHandler Handler)> InlineBinds { get; } = [];

    public List<Func<ISession, ValueTask>> SessionEndedHandlers { get; } = [];

    public IDeviceWaker? DeviceWaker { get; private set; }

    public ITranscriber? VoiceTranscriber { get; private set; }

    public List<Func<ISession, ValueTask>> SessionRestoredHandlers { get; } = [];

    public List<Func<ISession, Func<ValueTask>, ValueTask>> BecomingAvailableHandlers { get; } = [];

    public List<CapabilitiesHandler> CapabilitiesHandlers { get; } = [];

    public List<RemoteCapabilitiesHandler> RemoteCapabilitiesHandlers { get; } = [];

    public List<Func<Jid, Jid, CancellationToken, ValueTask>> PresenceShownHandlers { get; } = [];

    public List<(string Node, NodeHandler Handler)> NodeChangedHandlers { get; } = [];

    public List<Func<Jid, ValueTask>> AccountAddedHandlers { get; } = [];

    public List<Func<Jid, ValueTask>> AccountRemovingHandlers { get; } = [];

    public List<Func<Jid, ValueTask>> AccountRemovedHandlers { get; } = [];

    public void Feature(IqTarget targets, string feature) => Features.Add((targets, feature));

    public void Identity(IqTarget targets, DiscoIdentity identity) => Identities.Add((targets, identity));

    public void Extension(IqTarget targets, DataForm form) => Extensions.Add((targets, form));

    public void Items(IqTarget targets, DiscoItemsHandler items) => ItemsHandlers.Add((targets, items));

    public void Node(IqTarget targets, DiscoNodeHandler node) => NodeHandlers.Add((targets, node));

    public void Command(AdHocCommand command) => Commands.Add(command);

    public void Iq(IqType type, IqTarget targets, XmlName payload, IqHandler handler) => Iqs.Add((type, targets, payload, handler));

    public void UnauthenticatedIq(IqType type, XmlName payload, UnauthenticatedIqHandler handler) =>
        UnauthenticatedIqs.Add((type, payload, handler));

    public void Forwarding(XmlName? payload, ForwardingCheck check) => ForwardingChecks.Add((payload, check));

    public void SubscriptionRequest(SubscriptionRequestHandler handler) => SubscriptionRequestHandlers.Add(handler);

    public void Message(MessageStage stage, MessageHandler handler) => Messages.Add((stage, handler));

    public void Guard(StanzaGuard guard) => Guards.Add(guard);

    public void Presence(PresenceHandler handler) => PresenceHandler = handler;

    public void PresenceAddition(PresenceAddition addition) => PresenceAdditions.Add(addition);

    public void RemotePresence(RemotePresenceHandler handler) => RemotePresenceHandler = handler;

    public void Service(IHostService service)
    {
        Services.Add(service);
        Items(IqTarget.Server, (query, _) => new([new DiscoItem(DomainOf(service, query.Entity.Domain), Name: service.Name)]));
    }

    /// <summary>Where a service is found for a host.</summary>
    public static Jid DomainOf(IHostService service, string host) => Jid.Parse($"{service.Label}.{host}");

    public void HttpRoute(HttpRoute route) => HttpRoutes.Add(route);

    public void Unavailable(Func<ISession, Element, ValueTask> handler) => UnavailableHandlers.Add(handler);

    public void Starting(Func<CancellationToken, ValueTask> handler) => StartingHandlers.Add(handler);

    public void PartlySent(Func<PartlySentMessage, CancellationToken, ValueTask> handler) => PartlySentHandlers.Add(handler);

    public void Stopping(Func<ValueTask> handler) => StoppingHandlers.Add(handler);

    public void StreamFeature(NegotiationPhase phase, Func<StreamFeatureContext, Element?> feature) => StreamFeatures.Add((phase, feature));

    public void InlineBind(string? feature, InlineBindHandler handler) => InlineBinds.Add((feature, handler));

    public void SessionEnded(Func<ISession, ValueTask> handler) => SessionEndedHandlers.Add(handler);

    public void Waker(IDeviceWaker waker) => DeviceWaker = waker;

    public void Transcriber(ITranscriber transcriber) => VoiceTranscriber = transcriber;

    public void SessionRestored(Func<ISession, ValueTask> handler) => SessionRestoredHandlers.Add(handler);

    public void BecomingAvailable(Func<ISession, Func<ValueTask>, ValueTask> handler) => BecomingAvailableHandlers.Add(handler);

    public void CapabilitiesKnown(CapabilitiesHandler handler) => CapabilitiesHandlers.Add(handler);

    public void RemoteCapabilitiesKnown(RemoteCapabilitiesHandler handler) => RemoteCapabilitiesHandlers.Add(handler);

    public void PresenceShown(Func<Jid, Jid, CancellationToken, ValueTask> handler) => PresenceShownHandlers.Add(handler);

    public void NodeChanged(string node, NodeHandler handler) => NodeChangedHandlers.Add((node, handler));

    public void AccountAdded(Func<Jid, ValueTask> handler) => AccountAddedHandlers.Add(handler);

    public void AccountRemoving(Func<Jid, ValueTask> handler) => AccountRemovingHandlers.Add(handler);

    public void AccountRemoved(Func<Jid, ValueTask> handler) => AccountRemovedHandlers.Add(handler);
}
