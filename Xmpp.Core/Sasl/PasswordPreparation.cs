using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Xmpp.Core.Precis;

namespace Xmpp.Core.Sasl;

/// <summary>
/// The form of a password that keys are made of: that of SASLprep (RFC 4013), which SCRAM binds clients to (RFC 5802 §2.2). Its
/// successor OpaqueString (RFC 8265 §4.2) leaves characters like "²" or "Ａ" alone that SASLprep maps to "2" or "A", so keys made
/// by it would lock such passwords out of every client that goes by the RFC.
/// </summary>
/// <remarks>
/// Two restrictions are left to the clients, as RFC 8265 dropped them for good reasons: unassigned code points, which after
/// Unicode 3.2 means most emoji, and the rule about writing direction.
/// </remarks>
internal static class PasswordPreparation
{
    private static readonly Lazy<Dictionary<int, Rune[]>> _compatibility = new(ReadCompatibilityMappings);

    /// <summary>False when the password is empty or holds a character that none may hold, such as a control.</summary>
    public static bool TryPrepare(string password, [NotNullWhen(true)] out string? prepared)
    {
        prepared = null;
        if (!password.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            prepared = password;
            return password.Length > 0;
        }

        var text = new List<Rune>(password.Length);
        // A surrogate without its other half becomes U+FFFD here, which is prohibited.
        foreach (var rune in password.EnumerateRunes())
        {
            if (IsSpace(rune))
                text.Add(new Rune(' '));
            else if (_compatibility.Value.TryGetValue(rune.Value, out var mapped))
                text.AddRange(mapped);
            else if (!IsMappedToNothing(rune))
                text.Add(rune);
        }
        NormalizationFormC.Normalize(text);
        if (text.Count == 0 || text.Exists(IsProhibited))
            return false;

        var result = new StringBuilder(password.Length);
        foreach (var rune in text)
            result.Append(rune);
        prepared = result.ToString();
        return true;
    }

    /// <summary>Non-ASCII spaces, RFC 3454 table C.1.2.</summary>
    private static bool IsSpace(Rune rune) => rune.Value is 0x00A0 or 0x1680 or >= 0x2000 and <= 0x200B or 0x202F or 0x205F or 0x3000;

    /// <summary>RFC 3454 table B.1.</summary>
    private static bool IsMappedToNothing(Rune rune) => rune.Value
        is 0x00AD or 0x034F or 0x1806 or >= 0x180B and <= 0x180D or 0x200C or 0x200D or 0x2060 or >= 0xFE00 and <= 0xFE0F or 0xFEFF;

    /// <summary>RFC 4013 §2.3 by the categories that RFC 3454's tables C.2 to C.9 consist of, and what is left of them.</summary>
    private static bool IsProhibited(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || (rune.Value & 0xFFFE) == 0xFFFE
        || rune.Value is >= 0xFDD0 and <= 0xFDEF or 0xFFFC or 0xFFFD or >= 0x2FF0 and <= 0x2FFB;

    private static Dictionary<int, Rune[]> ReadCompatibilityMappings()
    {
        var mappings = new Dictionary<int, Rune[]>();
        foreach (var mapping in SaslPrepMappings.Compatibility.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = mapping.IndexOf(':', StringComparison.Ordinal);
            int[] range = [.. mapping[..colon].Split('-').Select(Hexadecimal)];
            int[] target = [.. mapping[(colon + 1)..].Split(',').Select(Hexadecimal)];
            for (var offset = 0; offset <= range[^1] - range[0]; offset++)
                mappings.Add(range[0] + offset, [.. target.Select(codePoint => new Rune(codePoint + offset))]);
        }
        return mappings;
    }

    private static int Hexadecimal(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
