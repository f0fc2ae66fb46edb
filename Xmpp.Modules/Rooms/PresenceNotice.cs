using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>A change of an occupant as the room tells it.</summary>
/// <param name="Item">What it is now.</param>
/// <param name="Content">What its client says of itself.</param>
internal sealed record PresenceNotice(PresenceItem Item, ImmutableArray<object> Content)
{
    /// <summary>"unavailable", or null.</summary>
    public string? Type { get; init; }

    /// <summary>Codes for everybody.</summary>
    public IReadOnlyList<int> Status { get; init; } = [];

    /// <summary>Further codes for the client that it is about.</summary>
    public IReadOnlyList<int> OwnStatus { get; init; } = [];

    /// <summary>Of the stanza that it answers, for the client that it is about.</summary>
    public string? Id { get; init; }

    /// <param name="withVersions">Whether for those who follow the versions of the list of affiliations.</param>
    public BroadcastStanza ForOthers(Jid occupant, bool withJid, bool withVersions = false) => RoomStanzas.Presence(
        occupant, Content, Item with { Jid = withJid ? Item.Jid : null, Versions = withVersions ? Item.Versions : null },
        Type, id: null, Status);

    /// <summary>For the occupant's own clients (§7.2.2).</summary>
    /// <param name="isAnswer">Whether for the one whose stanza it answers.</param>
    /// <param name="versions">Of the list of affiliations, for who follows them; or null.</param>
    public BroadcastStanza ForSelf(Jid occupant, bool isAnswer, Element? versions = null) => RoomStanzas.Presence(
        occupant, Content, Item with { Versions = versions }, Type, isAnswer ? Id : null,
        [RoomStatus.Self, .. Status, .. isAnswer ? OwnStatus : []]);
}
