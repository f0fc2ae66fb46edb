using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>The contextual rules of RFC 5892 appendix A, shared by IDNA2008 and PRECIS.</summary>
internal static class ContextRules
{
    private const int Virama = 9;

    /// <summary>Whether every CONTEXTJ and CONTEXTO code point of the text stands where it may.</summary>
    public static bool AreSatisfied(ReadOnlySpan<Rune> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (UnicodeProperties.Of(text[i]).Class is PrecisClass.ContextJ or PrecisClass.ContextO && !IsSatisfied(text, i))
                return false;
        }
        return true;
    }

    private static bool IsSatisfied(ReadOnlySpan<Rune> text, int index)
    {
        var before = text[..index];
        var after = text[(index + 1)..];
        return text[index].Value switch
        {
            0x200C => EndsWithVirama(before) || JoinsCursively(before, after), // A.1 zero width non-joiner
            0x200D => EndsWithVirama(before), // A.2 zero width joiner
            0x00B7 => before is [.., { Value: 'l' }] && after is [{ Value: 'l' }, ..], // A.3 middle dot
            0x0375 => after is [var next, ..] && UnicodeProperties.Of(next).Script == Script.Greek, // A.4 Greek keraia
            0x05F3 or 0x05F4 => before is [.., var last] && UnicodeProperties.Of(last).Script == Script.Hebrew, // A.5 geresh, A.6 gershayim
            0x30FB => HasHiraganaKatakanaOrHan(text), // A.7 Katakana middle dot
            >= 0x0660 and <= 0x0669 => !Contains(text, 0x06F0, 0x06F9), // A.8 Arabic-Indic digits
            >= 0x06F0 and <= 0x06F9 => !Contains(text, 0x0660, 0x0669), // A.9 extended Arabic-Indic digits
            _ => false,
        };
    }

    private static bool EndsWithVirama(ReadOnlySpan<Rune> before) =>
        before is [.., var last] && UnicodeProperties.Of(last).CombiningClass == Virama;

    private static bool JoinsCursively(ReadOnlySpan<Rune> before, ReadOnlySpan<Rune> after)
    {
        while (before is [.., var last] && UnicodeProperties.Of(last).JoiningType == JoiningType.Transparent)
            before = before[..^1];
        while (after is [var first, ..] && UnicodeProperties.Of(first).JoiningType == JoiningType.Transparent)
            after = after[1..];
        return before is [.., var left] && UnicodeProperties.Of(left).JoiningType is JoiningType.Left or JoiningType.Dual
            && after is [var right, ..] && UnicodeProperties.Of(right).JoiningType is JoiningType.Right or JoiningType.Dual;
    }

    private static bool HasHiraganaKatakanaOrHan(ReadOnlySpan<Rune> text)
    {
        foreach (var rune in text)
        {
            if (UnicodeProperties.Of(rune).Script == Script.HiraganaKatakanaHan)
                return true;
        }
        return false;
    }

    private static bool Contains(ReadOnlySpan<Rune> text, int first, int last)
    {
        foreach (var rune in text)
        {
            if (rune.Value >= first && rune.Value <= last)
                return true;
        }
        return false;
    }
}
