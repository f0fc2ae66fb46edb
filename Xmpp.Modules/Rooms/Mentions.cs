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

    /// <summary>What somebody gets who isn't there (§3.2).</summary>
    /// <param name="message">As the occupants got it.</param>
    public static Element ElementOf(Element message, Jid room, DateTimeOffset received) =>
        new(Ns, "mentions", new Forwarded(message.With("to", room.ToString()), new Delay(received)).ToElement());
}
