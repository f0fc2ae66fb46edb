using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>The mapping rules of RFC 8264 §5.2 that work on one code point at a time.</summary>
internal static class CodePointMappings
{
    private static readonly Rune _capitalIWithDotAbove = new(0x0130);
    private static readonly Rune _combiningDotAbove = new(0x0307);

    /// <summary>§5.2.1: fullwidth and halfwidth code points become their decomposition mappings.</summary>
    public static void MapWidth(List<Rune> text)
    {
        foreach (ref var rune in CollectionsMarshal.AsSpan(text))
            rune = Map(UnicodeTables.WidthRuns, rune);
    }

    /// <summary>
    /// §5.2.3: Unicode toLowerCase(), but without the context of a final sigma, which "the PRECIS mapping rules do not account for"
    /// (RFC 8265 §3.6): a capital sigma becomes U+03C3 everywhere.
    /// </summary>
    public static void MapToLowercase(List<Rune> text)
    {
        for (var i = 0; i < text.Count; i++)
        {
            if (text[i] == _capitalIWithDotAbove)
            {
                text[i] = new Rune('i');
                text.Insert(++i, _combiningDotAbove);
            }
            else
            {
                text[i] = Map(UnicodeTables.LowercaseRuns, text[i]);
            }
        }
    }

    /// <summary>RFC 8265 §4.2.2: every kind of space becomes U+0020.</summary>
    public static void MapSpaces(List<Rune> text)
    {
        foreach (ref var rune in CollectionsMarshal.AsSpan(text))
        {
            if (UnicodeProperties.Of(rune).IsSpace)
                rune = new Rune(' ');
        }
    }

    private static Rune Map(ReadOnlySpan<uint> runs, Rune rune)
    {
        var codePoint = (uint)rune.Value;
        var (low, high) = (0, runs.Length / 4);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var run = runs.Slice(middle * 4, 4);
            var (first, last, step, target) = (run[0], run[1], run[2], run[3]);
            if (codePoint < first)
                high = middle;
            else if (codePoint > last)
                low = middle + 1;
            else
                return (codePoint - first) % step == 0 ? new Rune(target + (codePoint - first)) : rune;
        }
        return rune;
    }
}
