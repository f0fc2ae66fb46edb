using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>Unicode Normalization Form C (UAX #15), which the framework has only where libicu is.</summary>
internal static class NormalizationFormC
{
    // Below it, no code point decomposes into or composes with anything unless one above it follows.
    private const int FirstCombining = 0x0300;

    // The Unicode Standard, §3.12: Hangul syllables compose by arithmetic.
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TrailCount;

    private static readonly Dictionary<(Rune, Rune), Rune> _compositions = ReadCompositions();

    public static void Normalize(List<Rune> text)
    {
        if (!text.Exists(rune => rune.Value >= FirstCombining))
            return;

        var decomposed = new List<Rune>(text.Count * 2);
        foreach (var rune in text)
            Decompose(rune, decomposed);
        Reorder(CollectionsMarshal.AsSpan(decomposed));
        text.Clear();
        Compose(decomposed, text);
    }

    private static void Decompose(Rune rune, List<Rune> output)
    {
        if (rune.Value - SyllableBase is >= 0 and < SyllableCount and var syllable)
        {
            output.Add(new Rune(LeadBase + syllable / (VowelCount * TrailCount)));
            output.Add(new Rune(VowelBase + syllable % (VowelCount * TrailCount) / TrailCount));
            if (syllable % TrailCount != 0)
                output.Add(new Rune(TrailBase + syllable % TrailCount));
        }
        else if (TryFindDecomposition(rune, out var entry))
        {
            Decompose(entry.First, output);
            if (entry.Second.Value != 0)
                output.Add(entry.Second);
        }
        else
        {
            output.Add(rune);
        }
    }

    /// <summary>Sorts each run of combining marks by their combining class; equal ones keep their order.</summary>
    private static void Reorder(Span<Rune> text)
    {
        for (var start = 0; start < text.Length; start++)
        {
            var end = start;
            while (end < text.Length && UnicodeProperties.Of(text[end]).CombiningClass != 0)
                end++;
            if (end - start > 1)
                SortMarks(text[start..end]);
            start = end;
        }
    }

    private static void SortMarks(Span<Rune> marks)
    {
        // Not the usual insertion sort: somebody may pile up a thousand marks.
        var keys = new (int Class, int Position, Rune Mark)[marks.Length];
        for (var i = 0; i < marks.Length; i++)
            keys[i] = (UnicodeProperties.Of(marks[i]).CombiningClass, i, marks[i]);
        Array.Sort(keys);
        for (var i = 0; i < marks.Length; i++)
            marks[i] = keys[i].Mark;
    }

    private static void Compose(List<Rune> decomposed, List<Rune> output)
    {
        var starter = -1;
        var previousClass = 0;
        foreach (var rune in decomposed)
        {
            var combiningClass = UnicodeProperties.Of(rune).CombiningClass;
            // A mark is blocked from its starter by another one of the same class in between, and a starter by any mark.
            var adjacent = starter == output.Count - 1;
            if (starter >= 0 && (adjacent || previousClass < combiningClass) && TryCompose(output[starter], rune, out var composed))
            {
                output[starter] = composed;
                continue;
            }
            if (combiningClass == 0)
                starter = output.Count;
            previousClass = combiningClass;
            output.Add(rune);
        }
    }

    private static bool TryCompose(Rune first, Rune second, out Rune composed)
    {
        if (first.Value - LeadBase is >= 0 and < LeadCount and var lead && second.Value - VowelBase is >= 0 and < VowelCount and var vowel)
        {
            composed = new Rune(SyllableBase + (lead * VowelCount + vowel) * TrailCount);
            return true;
        }
        if (first.Value - SyllableBase is >= 0 and < SyllableCount and var syllable && syllable % TrailCount == 0
            && second.Value - TrailBase is > 0 and < TrailCount and var trail)
        {
            composed = new Rune(first.Value + trail);
            return true;
        }
        return _compositions.TryGetValue((first, second), out composed);
    }

    private static bool TryFindDecomposition(Rune rune, out (Rune First, Rune Second) decomposition)
    {
        var key = (ulong)rune.Value << 43;
        var entries = UnicodeTables.CanonicalDecompositions;
        var index = entries.BinarySearch(key);
        index = index < 0 ? ~index : index;
        var found = index < entries.Length && entries[index] >> 43 == (ulong)rune.Value;
        decomposition = found ? Parts(entries[index]) : default;
        return found;
    }

    private static (Rune First, Rune Second) Parts(ulong entry) =>
        (new Rune((uint)(entry >> 22) & 0x1FFFFF), new Rune((uint)(entry >> 1) & 0x1FFFFF));

    private static Dictionary<(Rune, Rune), Rune> ReadCompositions()
    {
        var compositions = new Dictionary<(Rune, Rune), Rune>();
        foreach (var entry in UnicodeTables.CanonicalDecompositions)
        {
            var isExcluded = (entry & 1) != 0;
            if (!isExcluded)
                compositions.Add(Parts(entry), new Rune((uint)(entry >> 43)));
        }
        return compositions;
    }
}
