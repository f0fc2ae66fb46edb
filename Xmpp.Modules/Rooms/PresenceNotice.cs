using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Stanzas;

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

    public BroadcastStanza ForOthers(Jid occupant, bool withJid) =>
        RoomStanzas.Presence(occupant, Content, withJid ? Item : Item with { Jid = null }, Type, id: null, Status);

    /// <summary>For the occupant's own clients (§7.2.2).</summary>
    /// <param name="isAnswer">Whether for the one whose stanza it answers.</param>
    public BroadcastStanza ForSelf(Jid occupant, bool isAnswer) => RoomStanzas.Presence(
        occupant, Content, Item, Type, isAnswer ? Id : null, [RoomStatus.Self, .. Status, .. isAnswer ? OwnStatus : []]);
}
