using System.Collections.Concurrent;
using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Components;

/// <summary>
/// XEP-0355 Namespace Delegation, as the operator says ("admin mode"): requests to hosts and accounts that a component answers in their
/// place. Who asks notices nothing of it.
/// </summary>
[Xep(355, "0.5")]
internal sealed class DelegatedNamespaces(ServerContext server)
{
    public const string Ns = "urn:xmpp:delegation:2";

    /// <summary>Stands for nodes of accounts that the server doesn't know (§6.2.4).</summary>
    private const string OtherNodes = $"{Ns}:bare:disco#info:*";

    /// <summary>How long a component has.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Requests that a client, or all of another server, may have open while its next stanza is handled; with more that one waits.</summary>
    private const int MaxBeside = 16;

    private readonly ConcurrentDictionary<string, int> _asking = new();
    private readonly Lock _gate = new();
    private ImmutableDictionary<(string Component, string Namespace, bool IsAccounts), DiscoInfo> _nested =
        ImmutableDictionary<(string, string, bool), DiscoInfo>.Empty;

    // What the modules say, and what becomes of it.
    private ImmutableDictionary<DiscoInfo, DiscoInfo> _merged =
        ImmutableDictionary.Create<DiscoInfo, DiscoInfo>(ReferenceEqualityComparer.Instance);

    /// <summary>What a component is told at the beginning (§4.2); null when nothing is delegated to it.</summary>
    public static Element? Describe(IReadOnlyList<DelegatedNamespace> delegations) => delegations.Count == 0
        ? null
        : new Element(Ns, "delegation", delegations.Select(delegation => new Element(Ns, "delegated",
            Element.Attr("namespace", delegation.Namespace),
            delegation.Attributes.Select(attribute => new Element(Ns, "attribute", Element.Attr("name", attribute))))));

    /// <summary>Who answers a request in the place of the server; null when the server does.</summary>
    public Jid? FindManager(IqRequest request)
    {
        foreach (var (component, delegation) in server.Components.Delegations)
        {
            // §4.3.1: what the component itself asks is meant for the server.
            if (delegation.Namespace == request.PayloadName.Namespace && !IsBy(request, component)
                && delegation.Attributes.All(attribute => request.Payload[attribute] is not null))
            {
                return component;
            }
        }
        return null;
    }

    /// <summary>Who knows the nodes of accounts that the server doesn't; null when nobody does, or that was not asked for.</summary>
    public Jid? FindManagerOfNode(IqRequest request)
    {
        if (server.Components.Delegations.IsEmpty || request.Target == IqTarget.Server
            || request.PayloadName != new XmlName(Namespaces.DiscoInfo, "query") || request.Payload["node"] is null)
        {
            return null;
        }
        return server.Components.Delegations
            .FirstOrDefault(entry => entry.Delegation.Namespace == OtherNodes && !IsBy(request, entry.Component)).Component;
    }

    /// <summary>Lets a component answer (§4.3). Who asks need not wait for that with what they say next.</summary>
    public ValueTask<IqReply> ForwardAsync(IqRequest request, Jid component, CancellationToken cancellationToken)
    {
        if (request.IsWaitedFor)
            return AskAsync(request, component, cancellationToken);
        var asker = request.Session is null ? request.From.Domain : request.From.ToString();
        if (_asking.AddOrUpdate(asker, 1, (_, count) => count + 1) > MaxBeside)
            return FinishAsync();
        var toStanza = request.ToReplier();
        server.Tasks.Run($"A request of {request.From} to {component}", async stop => request.Send(toStanza(await FinishAsync())));
        return new(IqReply.Sent);

        async ValueTask<IqReply> FinishAsync()
        {
            try
            {
                return await AskAsync(request, component, server.Stopping);
            }
            finally
            {
                if (_asking.AddOrUpdate(asker, 0, (_, count) => count - 1) == 0)
                    _asking.TryRemove(new(asker, 0));
            }
        }
    }

    /// <summary>What a component answers. Whatever it does but that, the service is not there.</summary>
    private async ValueTask<IqReply> AskAsync(IqRequest request, Jid component, CancellationToken cancellationToken)
    {
        var original = request.ToRequest();
        var answer = await server.Remote.AskAsync(
            component, Jid.Parse(request.To.Domain), IqType.Set,
            new Element(Ns, "delegation", new Element(Forwarded.Ns, "forwarded", original)), Patience, cancellationToken);
        var inner = answer?["type"] == "result" ? PrivilegedComponents.Unwrap(answer.Child(Ns, "delegation"), "iq") : null;
        return inner?["type"] == "result" && inner["id"] == original["id"]
            && Jid.TryParse(inner["to"], out var to) && to == request.From
            && (inner["from"] is not { } from || (Jid.TryParse(from, out var jid) && jid == request.To))
            ? IqReply.Result(inner.Elements.FirstOrDefault())
            : IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
    }

    /// <summary>Asks a component that has connected what it can do in the place of the server (§6.2).</summary>
    public async ValueTask LearnAsync(Jid component, CancellationToken cancellationToken)
    {
        var host = Jid.Parse(server.Current.DefaultHost);
        foreach (var (_, delegation) in server.Components.Delegations.Where(entry => entry.Component == component))
        {
            foreach (var isAccounts in new[] { false, true })
            {
                var node = $"{Ns}{(isAccounts ? ":bare:" : "::")}{delegation.Namespace}";
                var answer = await server.Remote.AskAsync(
                    component, host, IqType.Get, new Element(Namespaces.DiscoInfo, "query", Element.Attr("node", node)), Patience,
                    cancellationToken);
                var info = answer?["type"] == "result" ? Read(answer.Child(Namespaces.DiscoInfo, "query")) : null;
                Change(nested => info is null
                    ? nested.Remove((component.Domain, delegation.Namespace, isAccounts))
                    : nested.SetItem((component.Domain, delegation.Namespace, isAccounts), info));
            }
        }
    }

    /// <summary>Forgets what a component can do.</summary>
    public void Forget(string component) =>
        Change(nested => nested.RemoveRange(nested.Keys.Where(key => key.Component == component)));

    /// <summary>What the server says of itself or its accounts: in what is delegated, what the component says, and nothing else.</summary>
    /// <returns>The same object for the same one, until something changes.</returns>
    public DiscoInfo Merge(DiscoInfo own, IqTarget target)
    {
        var delegations = server.Components.Delegations;
        if (delegations.IsEmpty)
            return own;
        if (_merged.TryGetValue(own, out var known))
            return known;
        lock (_gate)
        {
            var isAccounts = target != IqTarget.Server;
            var nested = delegations
                .Select(entry => _nested.GetValueOrDefault((entry.Component.Domain, entry.Delegation.Namespace, isAccounts)))
                .OfType<DiscoInfo>().ToList();
            var merged = new DiscoInfo(
                [
                    .. own.Identities.Where(identity =>
                        !nested.Any(info => info.Identities.Any(other => other.Category == identity.Category))),
                    .. nested.SelectMany(info => info.Identities),
                ],
                [
                    .. own.Features.Where(feature => !delegations.Any(entry => IsOf(feature, entry.Delegation)))
                        .Concat(nested.SelectMany(info => info.Features)).Distinct(),
                ],
                [
                    .. own.Forms.Where(form => !delegations.Any(entry => form.FormType is { } type && IsOf(type, entry.Delegation))),
                    .. nested.SelectMany(info => info.Forms),
                ]);
            _merged = _merged.SetItem(own, merged);
            return merged;
        }
    }

    /// <summary>What the configuration delegates has changed.</summary>
    public void Reconsider() => Change(nested => nested);

    private void Change(Func<
        ImmutableDictionary<(string Component, string Namespace, bool IsAccounts), DiscoInfo>,
        ImmutableDictionary<(string Component, string Namespace, bool IsAccounts), DiscoInfo>> change)
    {
        lock (_gate)
        {
            _nested = change(_nested);
            _merged = _merged.Clear();
        }
        // The hash of what the server can do is in them (XEP-0115).
        server.CurrentOrNull?.StreamFeatures.Clear();
    }

    /// <summary>There need be no identity in it.</summary>
    private static DiscoInfo? Read(Element? query) => query is null ? null : new(
        [
            .. Children(query, "identity").Select(child => new DiscoIdentity(
                child["category"] ?? "", child["type"] ?? "", child["name"], child.Attribute(new XmlName(Namespaces.Xml, "lang")))),
        ],
        [.. Children(query, "feature").Select(child => child["var"]).OfType<string>()],
        [.. query.Elements.Where(child => child.Name == DataForm.Name).Select(DataForm.Parse).OfType<DataForm>()]);

    private static IEnumerable<Element> Children(Element query, string name) =>
        query.Elements.Where(child => child.Name == new XmlName(Namespaces.DiscoInfo, name));

    private static bool IsBy(IqRequest request, Jid component) => (request.Agent ?? request.From).Domain == component.Domain;

    private static bool IsOf(string feature, DelegatedNamespace delegation) => feature == delegation.Namespace
        || feature.StartsWith($"{delegation.Namespace}#", StringComparison.Ordinal);
}
