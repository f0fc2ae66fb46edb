using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>Making nodes (XEP-0060 §8.1, §8.3).</summary>
internal sealed class NodeCreation(PubSubContext context)
{
    private const int MaxNameBytes = 1023;

    /// <summary>What clients keep for themselves: for nobody else, also when whoever made the node didn't say so.</summary>
    private static readonly HashSet<string> _private =
    [
        "storage:bookmarks", "urn:xmpp:bookmarks:1", "urn:xmpp:mds:displayed:0"
    ];

    /// <summary>§8.1; without a name an instant node (§8.1.1).</summary>
    public async ValueTask<IqReply> CreateAsync(PubSubRequest request, CancellationToken cancellationToken)
    {
        var name = request.Node ?? SortableId.New(context.Time.GetUtcNow()).ToString();
        var configure = request.Payload.Child(PubSubXml.Ns, "configure");
        var form = DataForm.Parse(configure?.Child(DataForm.Name));
        if ((configure?.Child(DataForm.Name) is not null && form is not { Type: DataFormType.Submit })
            || configure?["node"] is not null || request.Payload.Elements.First() == configure) // §8.1.3
        {
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        }
        return await context.Nodes.ChangeAsync(request.Owner, name, async turn =>
        {
            if (MayCreate(request) is { } refusal)
                return IqReply.Failed(refusal);
            if (turn.Node is not null)
                return IqReply.Failed(StanzaErrorCondition.Conflict, "There is a node of that name.");
            if (Configure(request.Owner, name, form, out var error) is not { } configuration)
                return IqReply.Failed(error!);
            if (await CreateAsync(turn, request.From, configuration, [], cancellationToken) is { } unmade)
                return IqReply.Failed(unmade);
            return IqReply.Result(request.Node is null
                ? PubSubXml.Result(new Element(PubSubXml.Ns, "create", Element.Attr("node", name)))
                : null);
        }, cancellationToken);
    }

    /// <summary>§8.3: how new nodes are configured.</summary>
    public static ValueTask<IqReply> GetDefaultAsync(PubSubRequest request, CancellationToken cancellationToken) => new(IqReply.Result(
        PubSubXml.OwnerResult(new Element(PubSubXml.OwnerNs, "default",
            NodeFields.Form(DataFormType.Form, DefaultOf(request.Owner, "")).ToElement()))));

    /// <summary>Whether somebody may make nodes there; null when it is so.</summary>
    public StanzaError? MayCreate(PubSubRequest request)
    {
        var person = request.From.Bare;
        if (request.Owner.Local is not null)
            return person == request.Owner ? null : PubSubErrors.Forbidden;
        return context.Options.Creators switch
        {
            NodeCreators.Everybody => null,
            NodeCreators.Accounts when person.Local is not null && context.Hosts.IsLocal(person) => null,
            _ when context.Administrators.IsAdministrator(person, request.Host) => null,
            _ => PubSubErrors.Forbidden,
        };
    }

    /// <summary>How a node is to be that there isn't.</summary>
    /// <param name="form">What isn't as usual; or null.</param>
    /// <returns>Null, and why it can't be so.</returns>
    public NodeConfiguration? Configure(Jid owner, string name, DataForm? form, out StanzaError? error)
    {
        error = Encoding.UTF8.GetByteCount(name) > MaxNameBytes
            ? PubSubErrors.NotAcceptable($"The name of a node has at most {MaxNameBytes} bytes.")
            : null;
        if (error is not null)
            return null;
        return form is null ? DefaultOf(owner, name) : NodeFields.Apply(DefaultOf(owner, name), form, context.Options, out error);
    }

    /// <summary>Makes a node that there isn't.</summary>
    /// <param name="maker">At a service the owner.</param>
    /// <param name="items">That it is to keep at once, no more than it may.</param>
    /// <returns>Why it can't be; or null, and the node is there.</returns>
    public async ValueTask<StanzaError?> CreateAsync(
        NodeTurn turn, Jid maker, NodeConfiguration configuration, IReadOnlyList<StoredItem> items, CancellationToken cancellationToken)
    {
        var isPersonal = turn.Owner.Local is not null;
        var stored = new StoredNode(
            turn.Owner, turn.Name, DateTimeOffset.FromUnixTimeMilliseconds(context.Time.GetUtcNow().ToUnixTimeMilliseconds()),
            NodeFields.Write(configuration), isPersonal ? [] : [new NodeMember(maker.Bare, NodeAffiliation.Owner)]);
        var limit = isPersonal ? context.Options.NodesPerAccount : context.Options.NodesPerService;
        switch (await context.Store.AddAsync(stored, limit, items, cancellationToken))
        {
            case NodeOutcome.Added:
                turn.Node = Node.Of(stored) with { Last = new(items) };
                return null;
            case NodeOutcome.Exists:
                return StanzaError.Of(StanzaErrorCondition.Conflict, "There is a node of that name.");
            case NodeOutcome.TooMany:
                return PubSubErrors.MaxNodesExceeded;
            default:
                return PubSubErrors.NodeNotFound;
        }
    }

    /// <summary>How a node is when nobody says otherwise.</summary>
    public static NodeConfiguration DefaultOf(Jid owner, string name) => owner.Local is null ? NodeConfiguration.OfService
        : _private.Contains(name) ? NodeConfiguration.Private
        : NodeConfiguration.OfAccount;
}
