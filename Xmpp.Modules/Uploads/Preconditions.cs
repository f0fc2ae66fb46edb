using System.Globalization;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.Uploads;

/// <summary>Conditional requests (RFC 9110 §13).</summary>
internal static class Preconditions
{
    /// <summary>What the conditions of a request come to, in the order of §13.2.2.</summary>
    /// <param name="tag">The entity tag, a strong one, with its quotes.</param>
    /// <returns>304 or 412; null when the request is to be answered.</returns>
    public static int? Check(IHttpExchange request, string tag, DateTimeOffset modified)
    {
        if (request.Header("If-Match") is { } match)
        {
            if (!Lists(match, tag, isWeak: false))
                return 412;
        }
        else if (DateOf(request.Header("If-Unmodified-Since")) is { } unmodified && modified > unmodified)
        {
            return 412;
        }
        if (request.Header("If-None-Match") is { } noneMatch)
            return Lists(noneMatch, tag, isWeak: true) ? 304 : null;
        return DateOf(request.Header("If-Modified-Since")) is { } since && modified <= since ? 304 : null;
    }

    /// <summary>Whether a Range header counts: not when its If-Range is about something else (§13.1.5).</summary>
    public static bool IsRangeValid(IHttpExchange request, string tag, DateTimeOffset modified) =>
        request.Header("If-Range") is not { } condition || condition.Trim() == tag || DateOf(condition) == modified;

    private static bool Lists(string header, string tag, bool isWeak) => header.Split(',').Select(entry => entry.Trim())
        .Any(entry => entry == "*" || entry == tag || (isWeak && entry == "W/" + tag));

    private static DateTimeOffset? DateOf(string? text) =>
        DateTimeOffset.TryParseExact(text, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;
}
