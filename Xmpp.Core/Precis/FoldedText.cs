using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>Text for comparing, in which letters that people take for the same are the same.</summary>
public static class FoldedText
{
    /// <summary>
    /// In lower case, full-width and half-width forms as the usual ones, in Normalization Form C. What is no Unicode becomes U+FFFD. Of
    /// what is folded already nothing changes.
    /// </summary>
    public static List<Rune> Fold(string text)
    {
        var runes = new List<Rune>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            runes.Add(rune);
        CodePointMappings.MapWidth(runes);
        CodePointMappings.MapToLowercase(runes);
        NormalizationFormC.Normalize(runes);
        return runes;
    }
}
