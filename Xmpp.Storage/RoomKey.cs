using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage;

/// <summary>What a room is found by.</summary>
internal static class RoomKey
{
    /// <summary>Behind all names, in the order of UTF-8 octets: no name has this character (RFC 7622 §3.3).</summary>
    public static string LastName { get; } = new Rune(0x10FFFF).ToString();

    /// <exception cref="ArgumentException">It is no bare JID with a localpart.</exception>
    public static (string Service, string Name) Of(Jid room) => room is { Local: { } name, Resource: null }
        ? (room.Domain, name)
        : throw new ArgumentException($"{room} is not the bare JID of a room.", nameof(room));

    public static Jid ToJid(string name, string service) => Jid.TryCreate(name, service, null, out var jid)
        ? jid
        : throw new StoreException(StanzaErrorCondition.InternalServerError, $"The stored room name {name}@{service} is not a JID.");
}
