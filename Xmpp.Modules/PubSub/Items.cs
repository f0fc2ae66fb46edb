using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>Items as XML.</summary>
internal static class Items
{
    /// <summary>An item as it is told.</summary>
    /// <param name="ns">Of the notification or of the answer.</param>
    public static Element ToElement(StoredItem item, string ns, Node node, bool withPayload) =>
        ToElement(item.Id, item.Publisher, item.Payload.IsEmpty || !withPayload ? null : StoredXml.Read(item.Payload), ns, node);

    /// <inheritdoc cref="ToElement(StoredItem, string, Node, bool)"/>
    public static Element ToElement(string id, Jid? publisher, Element? payload, string ns, Node node) => new(ns, "item",
        Element.Attr("id", id),
        // Of an account's nodes it is the account.
        Element.Attr("publisher", node.IsPersonal ? null : publisher?.Bare.ToString()),
        payload);

    /// <summary>In front of all items that were published since a time.</summary>
    public static SortableId StartOf(DateTimeOffset time) => new((UInt128)Math.Max(time.ToUnixTimeMilliseconds(), 0) << 80);

    /// <summary>The position up to which items are too old; null when none is.</summary>
    public static SortableId? Expired(Node node, DateTimeOffset now) =>
        node.Configuration.ItemExpire is { } age ? StartOf(now - age) : null;
}
