using System.Text;
using Xmpp.Core.Precis;
using Xunit;

namespace Xmpp.Core.Tests;

public sealed class PrecisNormalizationTests
{
    [Theory]
    [InlineData("juliet", "juliet")]
    [InlineData("\u00C5", "\u00C5")]
    [InlineData("A\u030A", "\u00C5")]
    [InlineData("\u212B", "\u00C5")] // a singleton
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("\u0344", "\u0308\u0301")] // decomposes, and never composes again
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u01D5", "\u01D5")] // decomposes in two steps
    [InlineData("U\u0308\u0304", "\u01D5")]
    [InlineData("U\u0304\u0308", "\u1E7A")] // the same class: their order counts
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // different classes: it does not
    [InlineData("s\u0323\u0307", "\u1E69")]
    [InlineData("s\u0307\u0323", "\u1E69")]
    [InlineData("a\u0328\u0301\u0301", "\u0105\u0301\u0301")]
    [InlineData("a\u0345\u0301", "\u00E1\u0345")]
    [InlineData("\u0301a", "\u0301a")] // nothing to compose with
    [InlineData("\u0061\u0334\u0301", "\u00E1\u0334")] // a lower class does not block
    [InlineData("\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E")] // but a mark between two starters does
    [InlineData("\u0B47\u0B3E", "\u0B4B")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")] // Hangul
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\uAC01\u11A8", "\uAC01\u11A8")]
    [InlineData("\u1100\u11A8", "\u1100\u11A8")]
    [InlineData("\u1100\u1161\u0323\u11A8", "\uAC00\u0323\u11A8")]
    [InlineData("\uD7A3", "\uD7A3")]
    [InlineData("\uF900", "\u8C48")] // CJK compatibility ideograph
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")] // beyond the basic plane
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\uFF21\u2460", "\uFF21\u2460")] // compatibility mappings are no business of form C
    public void Texts_are_normalised(string text, string expected)
    {
        var runes = text.EnumerateRunes().ToList();

        NormalizationFormC.Normalize(runes);

        Assert.Equal(expected, string.Concat(runes));
    }

    [Fact]
    public void Preparing_any_code_point_twice_changes_nothing()
    {
        var unstable = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(value => new Rune(value))
            .Where(rune => UnicodeProperties.Of(rune).Class != PrecisClass.Disallowed)
            .Where(rune => !IsStable(UsernameCaseMapped.TryEnforce, rune) || !IsStable(OpaqueString.TryEnforce, rune));

        Assert.Empty(unstable);
    }

    private static bool IsStable(Profile enforce, Rune rune)
    {
        Span<byte> once = stackalloc byte[32];
        Span<byte> twice = stackalloc byte[32];
        return !enforce(Encoding.UTF8.GetBytes($"a{rune}"), once, out var length)
            || (enforce(once[..length], twice, out var again) && once[..length].SequenceEqual(twice[..again]));
    }

    private delegate bool Profile(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written);
}
