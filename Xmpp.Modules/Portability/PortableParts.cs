using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Portability;

/// <summary>What comes one after the other when a document is read.</summary>
public abstract record PortablePart(Jid Account);

/// <summary>A user begins; its messages follow, then a <see cref="PortableUser"/>.</summary>
/// <param name="Created">When the account was made, if the document says so before the messages.</param>
public sealed record PortableUserStart(Jid Account, DateTimeOffset? Created) : PortablePart(Account);

/// <summary>An offline message, behind those before.</summary>
/// <param name="At">When it was kept; null when it doesn't say.</param>
public sealed record PortableMessage(Jid Account, DateTimeOffset? At, ReadOnlyMemory<byte> Stanza) : PortablePart(Account);

/// <summary>A message of the archive, behind those before.</summary>
/// <param name="Id">As the other server knew it, or null.</param>
/// <param name="At">When it was kept; null when it doesn't say.</param>
public sealed record PortableArchived(Jid Account, string? Id, DateTimeOffset? At, ReadOnlyMemory<byte> Stanza) : PortablePart(Account);

/// <summary>A node of the account.</summary>
public sealed record PortableNode(Jid Account, StoredNode Node) : PortablePart(Account);

/// <summary>An item of a node, behind those before.</summary>
/// <param name="Id">Null when it has none.</param>
public sealed record PortableItem(
    Jid Account, string Node, string? Id, Jid? Publisher, ReadOnlyMemory<byte> Payload) : PortablePart(Account);

/// <summary>A user ends: all that there is of it but the messages.</summary>
public sealed record PortableUser(Jid Account) : PortablePart(Account)
{
    /// <summary>In the clear, when the document has it.</summary>
    public string? Password { get; init; }

    public IReadOnlyList<ScramKeys> Keys { get; init; } = [];

    public bool Enabled { get; init; } = true;

    public DateTimeOffset? LastLogin { get; init; }

    /// <summary>Without versions.</summary>
    public IReadOnlyCollection<RosterEntry> Roster { get; init; } = [];

    public IReadOnlyCollection<Jid> Blocked { get; init; } = [];

    public IReadOnlyList<DataRecord> Data { get; init; } = [];

    public LastSeen? Seen { get; init; }
}
