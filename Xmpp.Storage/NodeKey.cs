using Xmpp.Core;

namespace Xmpp.Storage;

/// <summary>Whose a node is.</summary>
internal static class NodeKey
{
    /// <summary>Behind all names, in the order of UTF-8 octets.</summary>
    public static string LastName => RoomKey.LastName;

    /// <summary>The service's domain; null for an account.</summary>
    /// <exception cref="ArgumentException">It is neither an account's bare JID nor a domain.</exception>
    public static string? ServiceOf(Jid owner) => owner.IsFull
        ? throw new ArgumentException($"{owner} is neither an account nor a service.", nameof(owner))
        : owner.Local is null ? owner.Domain : null;
}
