using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.PubSub;

/// <summary>What nodes need of the server.</summary>
/// <param name="CurrentOptions">As they are configured now.</param>
/// <param name="Handlers">Who is told of changes of accounts' nodes of a name.</param>
public sealed record PubSubContext(
    IPubSubStore Store, NodeDirectory Nodes, ISessionDirectory Sessions, ISessionCapabilities Capabilities,
    RemoteCapabilities RemoteCapabilities, IStanzaSender Stanzas, IGuards Guards, RosterDirectory Rosters, IHostDirectory Hosts,
    IAdministrators Administrators, IServerTasks Tasks, TimeProvider Time,
    Func<PubSubOptions> CurrentOptions, Func<string, IReadOnlyList<NodeHandler>> Handlers)
{
    private readonly SortableIds _ids = new(Time);

    public PubSubOptions Options => CurrentOptions();

    /// <summary>The place of an item that is published now, behind all others of its owner.</summary>
    internal SortableId NextPosition(Jid owner) => _ids.Next(owner);

    /// <summary>Whether somebody may do something with a node; null when it is so.</summary>
    internal async ValueTask<StanzaError?> CheckAsync(Node node, NodeOperation operation, Jid person, CancellationToken cancellationToken)
    {
        var affiliation = node.AffiliationOf(person);
        if (affiliation == NodeAffiliation.Owner)
            return null;
        var configuration = node.Configuration;
        var (seesPresence, isInGroup) = affiliation == NodeAffiliation.None
            && configuration.Access is AccessModel.Presence or AccessModel.Roster
                ? await RelationAsync(node, person.Bare, cancellationToken) : default;
        return NodeAccess.Check(
            operation, configuration.Access, configuration.Publishing, affiliation, new(seesPresence, isInGroup, node.IsSubscribed(person)));
    }

    /// <summary>Tells those who follow a node of accounts what has become of it. It is done: what fails for them is noted.</summary>
    internal async ValueTask FollowAsync(
        Node node, IReadOnlyList<KeyValuePair<string, Element?>> published, CancellationToken cancellationToken)
    {
        if (!node.IsPersonal)
            return;
        foreach (var handler in Handlers(node.Name))
        {
            try
            {
                await handler(node.Owner, published, cancellationToken);
            }
            catch (StoreException failure)
            {
                Tasks.Note($"What follows from a change of '{node.Name}' of {node.Owner} could not be stored: {failure.Message}");
            }
        }
    }

    /// <summary>What somebody is to the owners that have an account here.</summary>
    private async ValueTask<(bool SeesPresence, bool IsInGroup)> RelationAsync(Node node, Jid person, CancellationToken cancellationToken)
    {
        var (seesPresence, isInGroup) = (false, false);
        foreach (var owner in node.Owners.Where(Hosts.IsLocal))
        {
            if (await Rosters.GetAsync(owner, cancellationToken) is not { } roster)
                continue;
            seesPresence |= roster.IsSubscribed(person) || owner == person;
            isInGroup |= IsInGroup(node, roster, person);
        }
        return (seesPresence, isInGroup);
    }

    private static bool IsInGroup(Node node, Roster roster, Jid person) =>
        roster.Find(person) is { } entry && entry.Groups.Any(node.Configuration.RosterGroups.Contains);
}
