using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Modules;

/// <summary>What all loaded modules registered, arranged for looking up. Immutable; a reload makes a new one.</summary>
internal sealed class ModuleTable
{
    private readonly FrozenDictionary<(IqType, IqTarget, XmlName), IqHandler> _iqs;
    private readonly FrozenDictionary<(IqType, XmlName), UnauthenticatedIqHandler> _unauthenticatedIqs;
    private readonly ImmutableArray<MessageHandler>[] _messages;
    private readonly ImmutableArray<ModuleRegistration> _modules;
    private readonly FrozenDictionary<IqTarget, DiscoInfo> _infos;
    private readonly FrozenDictionary<(IqTarget, string), AdHocCommand> _commands;

    public ModuleTable(IEnumerable<ModuleRegistration> modules)
    {
        _modules = [.. modules];
        _iqs = _modules
            .SelectMany(module => module.Iqs)
            .SelectMany(iq => Single(iq.Targets), (iq, target) => (Key: (iq.Type, target, iq.Payload), iq.Handler))
            .ToFrozenDictionary(entry => entry.Key, entry => entry.Handler);
        _unauthenticatedIqs = _modules
            .SelectMany(module => module.UnauthenticatedIqs)
            .ToFrozenDictionary(iq => (iq.Type, iq.Payload), iq => iq.Handler);
        _messages =
        [
            .. Enum.GetValues<MessageStage>().Select(stage => _modules
                .SelectMany(module => module.Messages)
                .Where(message => message.Stage == stage)
                .Select(message => message.Handler)
                .ToImmutableArray()),
        ];
        MessageHandlersBeforeDelivery = [.. _messages.Take((int)MessageStage.Deliver).SelectMany(handlers => handlers)];
        Presence = _modules.Select(module => module.PresenceHandler).SingleOrDefault(handler => handler is not null);
        PresenceAdditions = [.. _modules.SelectMany(module => module.PresenceAdditions)];
        RemotePresence = _modules.Select(module => module.RemotePresenceHandler).SingleOrDefault(handler => handler is not null);
        _infos = Enum.GetValues<IqTarget>().ToFrozenDictionary(target => target, Collect);
        Guards = new([.. _modules.SelectMany(module => module.Guards)]);
        _commands = _modules
            .SelectMany(module => module.Commands)
            .SelectMany(command => Single(command.Targets), (command, target) => (Key: (target, command.Node), command))
            .ToFrozenDictionary(entry => entry.Key, entry => entry.command);
        SubscriptionRequests = [.. _modules.SelectMany(module => module.SubscriptionRequestHandlers)];
        ForwardingChecks = [.. _modules.SelectMany(module => module.ForwardingChecks)
            .OrderBy(entry => entry.Payload is null)
            .Select(entry => new ForwardingEntry(
                Encoding.UTF8.GetBytes(entry.Payload?.Namespace ?? ""), Encoding.UTF8.GetBytes(entry.Payload?.Local ?? ""), entry.Check))];
        Waker = _modules.Select(module => module.DeviceWaker).SingleOrDefault(waker => waker is not null);
        Transcriber = _modules.Select(module => module.VoiceTranscriber).SingleOrDefault(transcriber => transcriber is not null);
        Services = [.. _modules.SelectMany(module => module.Services)];
        HttpRoutes = [.. _modules.SelectMany(module => module.HttpRoutes)];
        Unavailable = [.. _modules.SelectMany(module => module.UnavailableHandlers)];
        Starting = [.. _modules.SelectMany(module => module.StartingHandlers)];
        PartlySent = [.. _modules.SelectMany(module => module.PartlySentHandlers)];
        Stopping = [.. _modules.SelectMany(module => module.StoppingHandlers)];
        InlineBinds = [.. _modules.SelectMany(module => module.InlineBinds)];
        SessionRestored = [.. _modules.SelectMany(module => module.SessionRestoredHandlers)];
        SessionEnded = [.. _modules.SelectMany(module => module.SessionEndedHandlers)];
        BecomingAvailable = [.. _modules.SelectMany(module => module.BecomingAvailableHandlers)];
        CapabilitiesKnown = [.. _modules.SelectMany(module => module.CapabilitiesHandlers)];
        RemoteCapabilitiesKnown = [.. _modules.SelectMany(module => module.RemoteCapabilitiesHandlers)];
        PresenceShown = [.. _modules.SelectMany(module => module.PresenceShownHandlers)];
        NodeChanged = _modules.SelectMany(module => module.NodeChangedHandlers)
            .GroupBy(entry => entry.Node, entry => entry.Handler).ToFrozenDictionary(node => node.Key, node => node.ToImmutableArray());
        AccountAdded = [.. _modules.SelectMany(module => module.AccountAddedHandlers)];
        AccountRemoving = [.. _modules.SelectMany(module => module.AccountRemovingHandlers)];
        AccountRemoved = [.. _modules.SelectMany(module => module.AccountRemovedHandlers)];
    }

    /// <summary>The names of the loaded modules, in the order of the catalogue.</summary>
    public IEnumerable<string> Names => _modules.Select(module => module.Name);

    /// <summary>A loaded module by its name, or null.</summary>
    public ModuleRegistration? Find(string name) => _modules.FirstOrDefault(module => module.Name == name);

    public PresenceHandler? Presence { get; }

    public ImmutableArray<PresenceAddition> PresenceAdditions { get; }

    public RemotePresenceHandler? RemotePresence { get; }

    /// <summary>Null when no module wakes devices.</summary>
    public IDeviceWaker? Waker { get; }

    /// <summary>Who turns voice messages into text for services, or null.</summary>
    public ITranscriber? Transcriber { get; }

    public GuardChain Guards { get; }

    public ImmutableArray<SubscriptionRequestHandler> SubscriptionRequests { get; }

    public ImmutableArray<ForwardingEntry> ForwardingChecks { get; }

    public ImmutableArray<IHostService> Services { get; }

    public ImmutableArray<HttpRoute> HttpRoutes { get; }

    public ImmutableArray<Func<ISession, Element, ValueTask>> Unavailable { get; }

    public ImmutableArray<Func<CancellationToken, ValueTask>> Starting { get; }

    public ImmutableArray<Func<PartlySentMessage, CancellationToken, ValueTask>> PartlySent { get; }

    public ImmutableArray<Func<ValueTask>> Stopping { get; }

    public ImmutableArray<(string? Feature, InlineBindHandler Handler)> InlineBinds { get; }

    public ImmutableArray<Func<ISession, ValueTask>> SessionEnded { get; }

    public ImmutableArray<Func<ISession, ValueTask>> SessionRestored { get; }

    public ImmutableArray<Func<ISession, Func<ValueTask>, ValueTask>> BecomingAvailable { get; }

    public ImmutableArray<CapabilitiesHandler> CapabilitiesKnown { get; }

    public ImmutableArray<RemoteCapabilitiesHandler> RemoteCapabilitiesKnown { get; }

    public ImmutableArray<Func<Jid, Jid, CancellationToken, ValueTask>> PresenceShown { get; }

    /// <summary>Who is told of changes of accounts' nodes, by the nodes' names.</summary>
    public FrozenDictionary<string, ImmutableArray<NodeHandler>> NodeChanged { get; }

    public ImmutableArray<Func<Jid, ValueTask>> AccountAdded { get; }

    public ImmutableArray<Func<Jid, ValueTask>> AccountRemoving { get; }

    public ImmutableArray<Func<Jid, ValueTask>> AccountRemoved { get; }

    public IqHandler? FindIq(IqType type, IqTarget target, XmlName payload) => _iqs.GetValueOrDefault((type, target, payload));

    public UnauthenticatedIqHandler? FindUnauthenticatedIq(IqType type, XmlName payload) =>
        _unauthenticatedIqs.GetValueOrDefault((type, payload));

    public ImmutableArray<MessageHandler> MessageHandlers(MessageStage stage) => _messages[(int)stage];

    /// <summary>Those of the stages that come before <see cref="MessageStage.Deliver"/>, in their order.</summary>
    public ImmutableArray<MessageHandler> MessageHandlersBeforeDelivery { get; }

    public IEnumerable<Element> StreamFeatures(StreamFeatureContext context) => _modules
        .SelectMany(module => module.StreamFeatures)
        .Where(feature => feature.Phase == (context.Phase == NegotiationPhase.Bound ? NegotiationPhase.Authenticated : context.Phase))
        .Select(feature => feature.Feature(context))
        .OfType<Element>();

    /// <summary>What the modules advertise for an entity; the same object each time.</summary>
    public DiscoInfo Describe(IqTarget target) => _infos[target];

    public IReadOnlyList<DiscoItemsHandler> Items(IqTarget target) =>
        [.. from module in _modules from entry in module.ItemsHandlers where entry.Targets.HasFlag(target) select entry.Items];

    public IReadOnlyList<DiscoNodeHandler> Nodes(IqTarget target) =>
        [.. from module in _modules from entry in module.NodeHandlers where entry.Targets.HasFlag(target) select entry.Node];

    public IReadOnlyList<AdHocCommand> Commands(IqTarget target) =>
        [.. from module in _modules from command in module.Commands where command.Targets.HasFlag(target) select command];

    public AdHocCommand? FindCommand(IqTarget target, string node) => _commands.GetValueOrDefault((target, node));

    private DiscoInfo Collect(IqTarget target) => new(
        [.. from module in _modules from entry in module.Identities where entry.Targets.HasFlag(target) select entry.Identity],
        [.. (from module in _modules from entry in module.Features where entry.Targets.HasFlag(target) select entry.Feature).Distinct()],
        [.. from module in _modules from entry in module.Extensions where entry.Targets.HasFlag(target) select entry.Form]);

    private static IEnumerable<IqTarget> Single(IqTarget targets) =>
        Enum.GetValues<IqTarget>().Where(target => targets.HasFlag(target));
}

/// <summary>What is asked before a request with this payload goes to a client; without names, of any request.</summary>
internal sealed record ForwardingEntry(byte[] Namespace, byte[] Local, ForwardingCheck Check)
{
    public bool IsFor(StanzaView iq) => Local.Length == 0 || iq.HasChild(Namespace, Local);
}
