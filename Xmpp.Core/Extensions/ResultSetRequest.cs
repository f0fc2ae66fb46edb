using System.Globalization;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>XEP-0059 Result Set Management: which page of a result set is asked for.</summary>
/// <param name="Max">Items wanted at most; 0 asks for the count alone (§2.7). Null when left to the server.</param>
/// <param name="After">The page follows the item of this id (§2.2); null for none.</param>
/// <param name="Before">The page precedes the item of this id (§2.3); "" asks for the last page (§2.5); null for none.</param>
/// <param name="Index">The position of the page's first item (§2.6), not together with the two before; null for none.</param>
public sealed record ResultSetRequest(int? Max = null, string? After = null, string? Before = null, int? Index = null)
{
    public static XmlName Name { get; } = new(ResultSet.Ns, "set");

    /// <summary>
    /// Reads the <c>&lt;set/&gt;</c> in a request's payload. True with null when there is none: the whole result was asked for.
    /// </summary>
    /// <param name="payload">The element that may hold it, such as a <c>&lt;query/&gt;</c>.</param>
    /// <param name="request">The request, or null.</param>
    /// <param name="error">With false: <c>bad-request</c>, for numbers that are none and for contradictions.</param>
    public static bool TryFind(Element payload, out ResultSetRequest? request, out StanzaError? error)
    {
        (request, error) = (null, null);
        if (payload.Child(Name) is not { } set)
            return true;

        if (!TryReadNumber(set, "max", out var max) || !TryReadNumber(set, "index", out var index))
        {
            error = StanzaError.Of(StanzaErrorCondition.BadRequest, "'max' and 'index' are non-negative integers.");
            return false;
        }
        request = new(max, set.Child(ResultSet.Ns, "after")?.Text, set.Child(ResultSet.Ns, "before")?.Text, index);
        if (request is { Index: not null, After: not null } or { Index: not null, Before: not null })
        {
            (request, error) = (null, StanzaError.Of(StanzaErrorCondition.BadRequest, "A page has an index or a neighbour, not both."));
        }
        return error is null;
    }

    private static bool TryReadNumber(Element set, string name, out int? number)
    {
        number = null;
        if (set.Child(ResultSet.Ns, name)?.Text is not { } text)
            return true;
        var isNumber = int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        number = value;
        return isNumber;
    }
}
