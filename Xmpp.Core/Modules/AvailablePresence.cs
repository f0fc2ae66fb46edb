using System.Globalization;
using System.Diagnostics.CodeAnalysis;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>The presence without 'to' and 'type' by which a resource is available (RFC 6121 §4.2, §4.4). Immutable.</summary>
/// <param name="Stanza">As it is broadcast, with 'from' the full JID.</param>
/// <param name="Priority">From -128 to 127; 0 when it says none (§4.7.2.3).</param>
/// <param name="Show">"away", "chat", "dnd" or "xa"; null for none (§4.7.2.1).</param>
public sealed record AvailablePresence(BroadcastStanza Stanza, int Priority, string? Show)
{
    /// <summary>Whether messages to the bare JID reach such a resource (RFC 6121 §8.5.2.1.1).</summary>
    public bool TakesMessages => Priority >= 0;

    /// <summary>Reads it; false when its priority is none (§4.7.2.3: an integer from -128 to 127).</summary>
    public static bool TryRead(Element presence, [NotNullWhen(true)] out AvailablePresence? available)
    {
        available = null;
        var priority = 0;
        if (presence.Child(Namespaces.Client, "priority") is { } element
            && (!int.TryParse(element.Text, NumberStyles.Integer, CultureInfo.InvariantCulture, out priority) || priority is < -128 or > 127))
        {
            return false;
        }
        available = new(BroadcastStanza.Of(presence), priority, ShowOf(presence));
        return true;
    }

    /// <summary>A presence with a child in the place of those of its name.</summary>
    public static Element With(Element presence, Element child) => new(
        presence.Name, presence.Attributes, presence.Nodes.Where(node => node is not Element other || other.Name != child.Name), child);

    /// <summary>A value that is none of the four counts as none.</summary>
    private static string? ShowOf(Element presence) => presence.Child(Namespaces.Client, "show")?.Text switch
    {
        "away" => "away",
        "chat" => "chat",
        "dnd" => "dnd",
        "xa" => "xa",
        _ => null,
    };
}
