using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>XEP-0452 MUC Mention Notifications: whom a message names (XEP-0372), and what somebody gets who isn't there.</summary>
[Xep(452, "0.2.2")]
internal static class Mentions
{
    internal const string Ns = "urn:xmpp:mmn:0";

    /// <summary>So many of a message count.</summary>
    private const int MaxMentions = 20;

    private const string Reference = "urn:xmpp:reference:0";

    public static bool MayHave(StanzaView message) => message.HasChild("urn:xmpp:reference:0"u8, "reference"u8);

    /// <summary>Those whom a message names, each once: bare JIDs, by themselves or by nicks in the room.</summary>
    /// <param name="userOf">Who has reserved a nick, or null.</param>
    public static IReadOnlyList<Jid> In(Element message, Jid room, Func<string, Jid?> userOf)
    {
        var users = new List<Jid>();
        foreach (var reference in message.Elements.Where(child => child.Name == new XmlName(Reference, "reference")).Take(MaxMentions))
        {
            if (reference["type"] != "mention" || XmppUri.AddressOf(reference["uri"]) is not { } address)
                continue;
            var user = address.Bare != room ? address.Bare : address.IsFull ? userOf(address.Resource!) : null;
            if (user is not null && !users.Contains(user))
                users.Add(user);
        }
        return users;
    }

    /// <summary>Whether a message names an occupant, or calls it by its nick.</summary>
    /// <param name="body">What is written.</param>
    public static bool Has(StanzaView message, string body, Occupant occupant)
    {
        for (var at = 0; (at = body.IndexOf(occupant.Nick, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            var end = at + occupant.Nick.Length;
            if ((at == 0 || !char.IsLetterOrDigit(body[at - 1])) && (end == body.Length || !char.IsLetterOrDigit(body[end])))
                return true;
        }
        return MayHave(message) && In(message.ToElement(), occupant.Address.Bare, OwnerOf).Contains(occupant.Account);

        Jid? OwnerOf(string nick) => Occupant.KeyOf(nick) == Occupant.KeyOf(occupant.Nick) ? occupant.Account : null;
    }

    /// <summary>What somebody gets who isn't there and wants to hear of everything: to be seen now, or not at all.</summary>
    /// <param name="isArchived">Whether the room has it for later.</param>
    public static IReadOnlyList<Element> Forward(Element message, Jid room, DateTimeOffset received, bool isArchived) =>
    [
        new Forwarded(message.With("to", room.ToString()), new Delay(received)).ToElement(),
        new("urn:xmpp:hints", isArchived ? "no-store" : "no-permanent-store"),
    ];

    /// <summary>What somebody gets who isn't there (§3.2).</summary>
    /// <param name="message">As the occupants got it.</param>
    public static Element ElementOf(Element message, Jid room, DateTimeOffset received) =>
        new(Ns, "mentions", new Forwarded(message.With("to", room.ToString()), new Delay(received)).ToElement());
}
