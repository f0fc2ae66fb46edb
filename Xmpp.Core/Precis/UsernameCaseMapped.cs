using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>The UsernameCaseMapped profile of the PRECIS IdentifierClass (RFC 8265 §3.3).</summary>
public static class UsernameCaseMapped
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
        if (!utf8.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return Ascii.ToLower(utf8, destination, out written) == OperationStatus.Done;
        if (!RuneText.TryDecode(utf8, out var text))
            return false;

        // The string class is judged last (RFC 8264 §7), so that whatever can be mapped to something valid is (RFC 7622 §4):
        // U+212B ANGSTROM SIGN has a compatibility equivalent, the U+00E5 that becomes of it has none.
        CodePointMappings.MapWidth(text);
        CodePointMappings.MapToLowercase(text);
        NormalizationFormC.Normalize(text);
        var runes = CollectionsMarshal.AsSpan(text);
        return (!BidiRule.HasRightToLeft(runes) || BidiRule.IsSatisfied(runes))
            && text.TrueForAll(rune => UnicodeProperties.Of(rune).Class is not (PrecisClass.Disallowed or PrecisClass.FreeformOnly))
            && ContextRules.AreSatisfied(runes)
            && RuneText.TryEncode(text, destination, out written);
    }
}
