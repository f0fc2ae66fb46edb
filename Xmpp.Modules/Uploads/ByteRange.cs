using System.Globalization;

namespace Xmpp.Modules.Uploads;

/// <summary>A part of something that is asked for (RFC 9110 §14).</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Length">In bytes.</param>
internal readonly record struct ByteRange(long Start, long Length)
{
    /// <summary>Reads a Range header.</summary>
    /// <param name="range">Null when all is wanted: there is no such header, or one that need not be heeded.</param>
    /// <returns>False when nothing of the part is there (416).</returns>
    public static bool TryRead(string? header, long size, out ByteRange? range)
    {
        range = null;
        if (header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
            return true;
        var parts = header["bytes=".Length..].Trim().Split('-');
        if (parts.Length != 2 || !TryReadNumber(parts[0], out var first) || !TryReadNumber(parts[1], out var last)
            || (first, last) is (null, null) || last < first)
        {
            return true;
        }
        if (first is not { } start)
            (start, last) = (Math.Max(0, size - last!.Value), size - 1);
        if (start >= size || (first is null && last < start))
            return false;
        range = new(start, Math.Min(last ?? long.MaxValue, size - 1) - start + 1);
        return true;
    }

    /// <summary>An empty text is no number, and no mistake.</summary>
    private static bool TryReadNumber(string text, out long? number)
    {
        number = null;
        if (text.Length == 0)
            return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var read))
            return false;
        number = read;
        return true;
    }
}
