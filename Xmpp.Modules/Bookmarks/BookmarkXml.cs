using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Bookmarks;

/// <summary>
/// A bookmark as an item of its own (XEP-0402 §2) and as one of a list (XEP-0048 §2). What only items have, extensions, lists don't show,
/// and who writes a list doesn't change.
/// </summary>
internal static class BookmarkXml
{
    public const string Ns = "urn:xmpp:bookmarks:1";
    public const string ListNs = "storage:bookmarks";

    public static XmlName ItemName { get; } = new(Ns, "conference");

    public static XmlName List { get; } = new(ListNs, "storage");

    private static XmlName ListedName { get; } = new(ListNs, "conference");

    /// <summary>The room of a listed bookmark; null when it is none, such as a web page.</summary>
    public static Jid? RoomOf(Element listed) =>
        listed.Name == ListedName && Jid.TryParse(listed["jid"], out var room) ? room : null;

    /// <param name="room">The item's id.</param>
    public static Element ToListed(string room, Element item) => new(ListedName,
        Element.Attr("jid", room),
        Element.Attr("name", item["name"]),
        Element.Attr("autojoin", IsJoined(item) ? "true" : null),
        Copy(item, ListNs, "nick"), Copy(item, ListNs, "password"));

    /// <param name="before">The item that there is of the room, or null.</param>
    /// <returns>Null when the list says nothing else than the item.</returns>
    public static Element? ToItem(Element listed, Element? before)
    {
        var foreign = listed.Elements.Where(child => child.Name.Namespace != ListNs).ToList();
        var kept = before?.Child(Ns, "extensions");
        if (before is not null && foreign.All(child => child.Equals(kept?.Child(child.Name)))
            && ToListed("", before).Equals(ToListed("", listed)))
        {
            return null;
        }
        var extensions = (kept?.Elements ?? []).Where(child => !foreign.Exists(one => one.Name == child.Name)).Concat(foreign).ToList();
        return new(ItemName,
            Element.Attr("name", listed["name"]),
            Element.Attr("autojoin", IsJoined(listed) ? "true" : null),
            Copy(listed, Ns, "nick"), Copy(listed, Ns, "password"),
            extensions.Count == 0 ? null : new Element(Ns, "extensions", extensions));
    }

    private static bool IsJoined(Element bookmark) => bookmark["autojoin"] is "1" or "true";

    private static Element? Copy(Element bookmark, string ns, string name) =>
        bookmark.Child(bookmark.Name.Namespace, name) is { Text.Length: > 0 } child ? new Element(ns, name, child.Text) : null;
}
