using System.Runtime.InteropServices;

namespace Xmpp.Core.Precis;

/// <summary>The OpaqueString profile of the PRECIS FreeformClass (RFC 8265 §4.2).</summary>
public static class OpaqueString
{
    /// <summary>
    /// Writes what <paramref name="utf8"/> is mapped to; false when it is empty, not allowed, or longer than
    /// <paramref name="destination"/>, whose content is then undefined.
    /// </summary>
    public static bool TryEnforce(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        written = 0;
        if (utf8.IsEmpty)
            return false;
        if (!utf8.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            written = utf8.Length;
            return utf8.TryCopyTo(destination);
        }
        if (!RuneText.TryDecode(utf8, out var text))
            return false;

        // The string class is judged last (RFC 8264 §7): what can be mapped to something valid is.
        CodePointMappings.MapSpaces(text);
        NormalizationFormC.Normalize(text);
        return text.TrueForAll(rune => UnicodeProperties.Of(rune).Class != PrecisClass.Disallowed)
            && ContextRules.AreSatisfied(CollectionsMarshal.AsSpan(text))
            && RuneText.TryEncode(text, destination, out written);
    }
}
