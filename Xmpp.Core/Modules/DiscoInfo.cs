using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;

namespace Xmpp.Core.Modules;

/// <summary>What an entity says of itself (XEP-0030 §3, XEP-0128).</summary>
public sealed record DiscoInfo(
    IReadOnlyList<DiscoIdentity> Identities, IReadOnlyList<string> Features, IReadOnlyList<DataForm> Forms);

/// <summary>An item of an entity or of one of its nodes (XEP-0030 §4).</summary>
public sealed record DiscoItem(Jid Jid, string? Node = null, string? Name = null);

/// <summary>Who asks what about: answers may depend on all of it.</summary>
/// <param name="Target">Which kind of entity is asked.</param>
/// <param name="Entity">The entity.</param>
/// <param name="Asker">The full JID of who asks.</param>
public sealed record DiscoQuery(IqTarget Target, Jid Entity, Jid Asker);

/// <summary>What there is to say of a node.</summary>
public sealed record DiscoNode(DiscoInfo Info, IReadOnlyList<DiscoItem> Items)
{
    /// <summary>Why this asker is told nothing; or null.</summary>
    public StanzaError? Error { get; private init; }

    public static DiscoNode Refused(StanzaError error) => new(new([], [], []), []) { Error = error };
}

/// <summary>Gives items of an entity.</summary>
public delegate ValueTask<IReadOnlyList<DiscoItem>> DiscoItemsHandler(DiscoQuery query, CancellationToken cancellationToken);

/// <summary>Gives a node of an entity; null when it knows none of this name.</summary>
public delegate ValueTask<DiscoNode?> DiscoNodeHandler(DiscoQuery query, string node, CancellationToken cancellationToken);

/// <summary>What the loaded modules advertise for the entities that the server answers for.</summary>
public interface IDiscoRegistry
{
    /// <summary>The same object until modules are loaded or unloaded.</summary>
    DiscoInfo Describe(IqTarget target);

    IReadOnlyList<DiscoItemsHandler> Items(IqTarget target);

    /// <summary>Asked one after the other until one knows the node.</summary>
    IReadOnlyList<DiscoNodeHandler> Nodes(IqTarget target);
}
