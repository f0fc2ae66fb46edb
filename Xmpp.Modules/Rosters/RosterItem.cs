using System.Globalization;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rosters;

/// <summary>Roster items as XML (RFC 6121 §2.1).</summary>
internal static class RosterItem
{
    public const string Ns = "jabber:iq:roster";

    public static XmlName Query { get; } = new(Ns, "query");

    public static XmlName Item { get; } = new(Ns, "item");

    /// <summary>A version as clients see it: opaque to them (§2.1.1).</summary>
    public static string Format(long version) => version.ToString(CultureInfo.InvariantCulture);

    /// <summary>A version that a client has; null when we can't have given it.</summary>
    public static long? ParseVersion(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    /// <summary>The whole roster (§2.1.4).</summary>
    public static Element Result(Roster roster)
    {
        var items = new List<Element>(roster.ItemCount);
        foreach (var entry in roster.Entries)
        {
            if (entry.IsListed)
                items.Add(ToElement(entry));
        }
        return new(Ns, "query", Element.Attr("ver", Format(roster.Version)), items);
    }

    /// <summary>A roster push (§2.1.6) without 'to'.</summary>
    /// <param name="item">Null: it was removed.</param>
    public static Element Push(Jid contact, long version, RosterEntry? item) => new(Namespaces.Client, "iq",
        Element.Attr("type", "set"),
        Element.Attr("id", $"roster-{Format(version)}"),
        new Element(Ns, "query",
            Element.Attr("ver", Format(version)),
            item is not null ? ToElement(item) : new Element(Ns, "item",
                Element.Attr("jid", contact.ToString()),
                Element.Attr("subscription", "remove"))));

    public static Element ToElement(RosterEntry entry) => new(Ns, "item",
        Element.Attr("jid", entry.Contact.ToString()),
        Element.Attr("name", entry.Name),
        Element.Attr("subscription", NameOf(entry.Subscription)),
        Element.Attr("ask", entry.IsAsking ? "subscribe" : null),
        Element.Attr("approved", entry.IsApproved ? "true" : null),
        entry.Groups.Select(group => new Element(Ns, "group", group)));

    public static string NameOf(SubscriptionState subscription) => subscription switch
    {
        SubscriptionState.To => "to",
        SubscriptionState.From => "from",
        SubscriptionState.Both => "both",
        _ => "none",
    };

    public static bool TryParseSubscription(string name, out SubscriptionState subscription)
    {
        foreach (var state in Enum.GetValues<SubscriptionState>())
        {
            if (NameOf(state) == name)
            {
                subscription = state;
                return true;
            }
        }
        subscription = SubscriptionState.None;
        return false;
    }

    /// <summary>The handle and groups that a client gives an item.</summary>
    public static (string? Name, IReadOnlyList<string> Groups) Read(Element item) => (
        item["name"] is { Length: > 0 } name ? name : null, // §2.4.1: an empty handle is none.
        [.. item.Elements.Where(child => child.Name == new XmlName(Ns, "group")).Select(group => group.Text)]);

    /// <summary>What is wrong with an item (§2.3.3), or null.</summary>
    public static StanzaError? Check(string? name, IReadOnlyList<string> groups, RosterOptions limits)
    {
        if (groups.Distinct(StringComparer.Ordinal).Count() < groups.Count)
            return StanzaError.Of(StanzaErrorCondition.BadRequest, "A group is given twice.");
        if (name is not null && Encoding.UTF8.GetByteCount(name) > limits.NameBytes)
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable, "The name is too long.");
        if (groups.Any(group => group.Length == 0))
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable, "A group has no name.");
        if (groups.Count > limits.GroupsPerItem)
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable, "There are too many groups.");
        return groups.Any(group => Encoding.UTF8.GetByteCount(group) > limits.GroupBytes)
            ? StanzaError.Of(StanzaErrorCondition.NotAcceptable, "The name of a group is too long.")
            : null;
    }
}
