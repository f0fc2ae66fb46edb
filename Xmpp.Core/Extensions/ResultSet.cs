using System.Globalization;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>XEP-0059 Result Set Management: what a page is of the whole.</summary>
/// <param name="First">Id of the page's first item; null, like <paramref name="Last"/>, for an empty page.</param>
/// <param name="Last">Id of the page's last item.</param>
/// <param name="Index">Position of the first item in the whole; null where it would cost too much to know.</param>
/// <param name="Count">Items of the whole; null where it would cost too much to know.</param>
[Xep(59, "1.0")]
public sealed record ResultSet(string? First = null, string? Last = null, int? Index = null, long? Count = null)
{
    public const string Ns = "http://jabber.org/protocol/rsm";

    public Element ToElement() => new(ResultSetRequest.Name,
        First is null ? null : new Element(Ns, "first", Element.Attr("index", Number(Index)), First),
        Last is null ? null : new Element(Ns, "last", Last),
        Count is null ? null : new Element(Ns, "count", Number(Count)));

    /// <summary>
    /// Cuts the page out of a result that is in memory.
    /// </summary>
    /// <param name="items">The whole result in its order.</param>
    /// <param name="id">An item's id, unique in the whole.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="limit">Items of a page at most, whatever was asked for; at least 1.</param>
    /// <returns>The page, or null when the item it should neighbour doesn't exist: <c>item-not-found</c> (§2.4).</returns>
    public static ResultPage<T>? Cut<T>(IReadOnlyList<T> items, Func<T, string> id, ResultSetRequest request, int limit)
    {
        var start = 0;
        var end = items.Count;
        if (request.After is { } after)
        {
            start = IndexOf(items, id, after) + 1;
            if (start == 0)
                return null;
        }
        if (request.Before is { Length: > 0 } before)
        {
            end = IndexOf(items, id, before);
            if (end < 0)
                return null;
        }
        start = Math.Min(request.Index ?? start, end);

        var size = Math.Min(Math.Min(request.Max ?? limit, limit), Math.Max(end - start, 0));
        // Backwards, the page is the one nearest to its end.
        var from = request.Before is null ? start : Math.Max(end - size, start);
        var page = new List<T>(size);
        for (var i = from; i < from + size; i++)
            page.Add(items[i]);

        var set = size == 0
            ? new ResultSet(Count: items.Count)
            : new ResultSet(id(page[0]), id(page[^1]), from, items.Count);
        return new(page, set, IsComplete: request.Before is null ? from + size == end : from == start);
    }

    private static int IndexOf<T>(IReadOnlyList<T> items, Func<T, string> id, string wanted)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (id(items[i]) == wanted)
                return i;
        }
        return -1;
    }

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A page of a result set.</summary>
/// <param name="Items">The items in the result's order, forwards even where paging goes backwards.</param>
/// <param name="Set">What to tell of the page.</param>
/// <param name="IsComplete">Whether nothing follows in the direction of paging.</param>
public sealed record ResultPage<T>(IReadOnlyList<T> Items, ResultSet Set, bool IsComplete);
