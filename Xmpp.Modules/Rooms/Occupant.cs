using System.Collections.Immutable;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Precis;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>Somebody in a room: one nick of one person, by one client or several (XEP-0045 §7.2.8). For who has the room.</summary>
/// <param name="address">The occupant JID.</param>
/// <param name="account">Who it really is, a bare JID.</param>
/// <param name="id">The occupant id (XEP-0421).</param>
internal sealed class Occupant(Jid address, Jid account, string id)
{
    private readonly Element _idElement = OccupantIds.ElementOf(id);

    private BroadcastStanza? _withJid;
    private BroadcastStanza? _withoutJid;
    private Role _role;
    private Affiliation _affiliation;
    private Element? _hats;

    public Jid Address { get; } = address;

    public string Nick => Address.Resource!;

    public Jid Account => account;

    /// <summary>By which it is known whatever its nick (XEP-0421).</summary>
    public string Id => id;

    public Affiliation Affiliation
    {
        get => _affiliation;
        set
        {
            _affiliation = value;
            Forget();
        }
    }

    public Role Role
    {
        get => _role;
        set
        {
            _role = value;
            Forget();
        }
    }

    /// <summary>What it wears (XEP-0317), or null.</summary>
    public Element? Hats
    {
        get => _hats;
        set
        {
            _hats = value;
            Forget();
        }
    }

    /// <summary>Its clients in the room, the one whose presence counts last.</summary>
    public List<OccupantSession> Sessions { get; } = new(1);

    /// <summary>The one whose presence is the occupant's.</summary>
    public OccupantSession Shown => Sessions[^1];

    /// <summary>The attribute of what it says: <c> from='room@service/nick'</c>, escaped.</summary>
    public byte[] From { get; } = RoomStanzas.Attribute(" from='", address);

    /// <summary>What is behind that in its messages, for each that it sends.</summary>
    public byte[] Signature { get; } = Encoding.UTF8.GetBytes(OccupantIds.ElementOf(id).ToString());

    public PresenceItem Item => new(Affiliation, Role)
    {
        Jid = Shown.Jid,
        Marks = Hats is null ? [_idElement] : [_idElement, Hats],
    };

    /// <summary>Its presence as others see it, written once.</summary>
    public BroadcastStanza Presence(bool withJid) => withJid
        ? _withJid ??= RoomStanzas.Presence(Address, Shown.Presence, Item)
        : _withoutJid ??= RoomStanzas.Presence(Address, Shown.Presence, Item with { Jid = null });

    /// <summary>Something of its presence has changed.</summary>
    public void Forget() => (_withJid, _withoutJid) = (null, null);

    /// <summary>What nicks are compared by: those that people take for the same are the same.</summary>
    public static string KeyOf(string nick)
    {
        var key = new StringBuilder(nick.Length);
        foreach (var rune in FoldedText.Fold(nick))
        {
            // RFC 8266 §2.1: spaces at the ends and several in a row are seen by nobody.
            if (!Rune.IsWhiteSpace(rune))
                key.Append(LookAlikes.Of(rune)?.ToString());
            else if (key.Length > 0 && key[^1] != ' ')
                key.Append(' ');
        }
        if (key.Length > 0 && key[^1] == ' ')
            key.Length--;
        return key.ToString();
    }
}

/// <summary>A client of an occupant.</summary>
/// <param name="jid">The full JID.</param>
/// <param name="session">Null when it isn't local.</param>
internal sealed class OccupantSession(Jid jid, ISession? session)
{
    public Jid Jid => jid;

    public ISession? Session => session;

    public required Occupant Occupant { get; set; }

    /// <summary>What its client says of itself, in its presence: what is in it but the room's own.</summary>
    public required ImmutableArray<object> Presence { get; set; }

    /// <summary>Where it is among the room's.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Whether it follows the versions of the list of affiliations (XEP-0463).</summary>
    public bool WantsVersions { get; set; }

    /// <summary>How fast it sends.</summary>
    public Pace Pace { get; } = new();
}

/// <summary>What a room tells of an occupant in its presence (§7.2.2).</summary>
internal sealed record PresenceItem(Affiliation Affiliation, Role Role)
{
    /// <summary>Who it is, for those who may know.</summary>
    public Jid? Jid { get; init; }

    /// <summary>With <see cref="RoomStatus.NickChanged"/>: the new one.</summary>
    public string? NewNick { get; init; }

    /// <summary>The nick of who is behind the change, or null.</summary>
    public string? Actor { get; init; }

    public string? Reason { get; init; }

    /// <summary>From which version of the list of affiliations to which the change leads (XEP-0463); null: it is none of that.</summary>
    public Element? Versions { get; init; }

    /// <summary>What else the room says of the occupant, beside it: its id, its hats.</summary>
    public IReadOnlyList<Element> Marks { get; init; } = [];

    public Element ToElement() => new(Muc.UserItem,
        Element.Attr("affiliation", Muc.NameOf(Affiliation)),
        Element.Attr("jid", Jid?.ToString()),
        Element.Attr("nick", NewNick),
        Element.Attr("role", Muc.NameOf(Role)),
        Actor is null ? null : new Element(Muc.User, "actor", Element.Attr("nick", Actor)),
        Reason is null ? null : new Element(Muc.User, "reason", Reason));
}
