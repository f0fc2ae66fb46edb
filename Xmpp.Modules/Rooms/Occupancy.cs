using System.Collections.Immutable;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>That a client is in a room, as its session keeps it: so it still is when the server was restarted.</summary>
/// <param name="Room">The room JID.</param>
/// <param name="Nick">Of the occupant.</param>
/// <param name="Role">Of the occupant.</param>
/// <param name="Presence">What the client says of itself, in a presence stanza.</param>
internal sealed record Occupancy(Jid Room, string Nick, Role Role, Element Presence)
{
    private static readonly SessionKey<ImmutableArray<Occupancy>?> Key = new("muc", list => Write(list!.Value), bytes => Read(bytes));

    /// <summary>The rooms that a client is in.</summary>
    public static ImmutableArray<Occupancy> Of(ISession session) => session.State.Get(Key) ?? [];

    /// <summary>Takes note of a client that is in a room now, or otherwise than before. Rooms change it at the same time.</summary>
    public static void Set(ISession session, Occupancy occupancy)
    {
        lock (session.State)
        {
            var before = Of(session);
            var index = IndexOf(before, occupancy.Room);
            session.State.Set(Key, index < 0 ? before.Add(occupancy) : before.SetItem(index, occupancy));
        }
    }

    public static void Remove(ISession session, Jid room)
    {
        lock (session.State)
        {
            var before = Of(session);
            if (IndexOf(before, room) is >= 0 and var index)
                session.State.Set(Key, before.Length == 1 ? null : before.RemoveAt(index));
        }
    }

    private static int IndexOf(ImmutableArray<Occupancy> list, Jid room)
    {
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i].Room == room)
                return i;
        }
        return -1;
    }

    private static byte[] Write(ImmutableArray<Occupancy> list) => Encoding.UTF8.GetBytes(new Element(Muc.Ns, "rooms",
        list.Select(occupancy => new Element(Muc.Ns, "room",
            Element.Attr("jid", occupancy.Room.ToString()),
            Element.Attr("nick", occupancy.Nick),
            Element.Attr("role", Muc.NameOf(occupancy.Role)),
            occupancy.Presence))).ToString());

    private static ImmutableArray<Occupancy> Read(byte[] bytes) =>
    [
        .. Element.Parse(bytes).Elements.Select(room => new Occupancy(
            Jid.Parse(room["jid"]!), room["nick"]!, Muc.ReadRole(room["role"]) ?? Role.None, room.Elements.First())),
    ];
}
