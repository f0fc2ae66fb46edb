using System.Globalization;
using System.Text;
using Xmpp.Core.Precis;
using Xunit;

namespace Xmpp.Core.Tests;

public sealed class PrecisTests
{
    // RFC 5892 §2.6
    private static readonly Dictionary<int, PrecisClass> Exceptions = new[]
    {
        (Class: PrecisClass.Valid, CodePoints: (int[])[0x00DF, 0x03C2, 0x06FD, 0x06FE, 0x0F0B, 0x3007]),
        (PrecisClass.ContextO, [0x00B7, 0x0375, 0x05F3, 0x05F4, 0x30FB, .. Enumerable.Range(0x660, 10), .. Enumerable.Range(0x6F0, 10)]),
        (PrecisClass.Disallowed, [0x0640, 0x07FA, 0x302E, 0x302F, .. Enumerable.Range(0x3031, 5), 0x303B]),
    }
    .SelectMany(row => row.CodePoints.Select(codePoint => (codePoint, row.Class))).ToDictionary();

    [Theory]
    [InlineData("juliet@example.com", "juliet@example.com")] // 1
    [InlineData("fussball", "fussball")]
    [InlineData("fu\u00DFball", "fu\u00DFball")]
    [InlineData("\u03C0", "\u03C0")]
    [InlineData("\u03A3", "\u03C3")] // 5
    [InlineData("\u03C3", "\u03C3")]
    [InlineData("\u03C2", "\u03C2")]
    [InlineData("foo bar", null)]
    [InlineData("", null)]
    [InlineData("henry\u2163", null)] // 10
    [InlineData("\u221E", null)]
    public void The_userparts_of_rfc_8265(string text, string? expected) => Assert.Equal(expected, Username(text));

    [Theory]
    [InlineData("correct horse battery staple", "correct horse battery staple")] // 12
    [InlineData("Correct Horse Battery Staple", "Correct Horse Battery Staple")]
    [InlineData("\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5")]
    [InlineData("Jack of \u2666s", "Jack of \u2666s")]
    [InlineData("foo\u1680bar", "foo bar")]
    [InlineData("", null)]
    [InlineData("my cat is a \u0009by", null)] // 18
    public void The_passwords_of_rfc_8265(string text, string? expected) => Assert.Equal(expected, Opaque(text));

    [Theory]
    [InlineData("\uFF21\uFF42\uFF13", "ab3")] // fullwidth
    [InlineData("\uFF76\uFF9E", "\u30AC")] // halfwidth with its voiced mark, then composed
    [InlineData("\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C3")] // no final sigma
    [InlineData("\u1E9E", "\u00DF")]
    [InlineData("\U00010400", "\U00010428")] // Deseret, beyond the basic plane
    [InlineData("\u13A0", "\uAB70")] // Cherokee, whose small letters are the younger ones
    [InlineData("\u01C5", null)] // titlecase with a compatibility equivalent
    [InlineData("\u212B", "\u00E5")] // ANGSTROM SIGN
    [InlineData("\u0958", "\u0915\u093C")] // normalised to two code points
    [InlineData("\u1100\u1161\u11A8", "\uAC01")] // modern jamo compose to a syllable
    [InlineData("\u1100", null)] // jamo that do not
    [InlineData("\u0640", null)] // TATWEEL, an exception
    [InlineData("\u00AD", null)] // SOFT HYPHEN, ignorable
    [InlineData("\uFDD0", null)] // noncharacter
    [InlineData("\uE000", null)] // private use
    [InlineData("\u0378", null)] // unassigned
    [InlineData("\U0002F868", "\u36FC")] // CJK compatibility ideograph
    public void Usernames_are_mapped_or_refused(string text, string? expected) => Assert.Equal(expected, Username(text));

    [Theory]
    [InlineData("\u05D0", true)]
    [InlineData("\u05D01", true)] // ends with a European number
    [InlineData("\u05D0\u05B0", true)] // ends with a mark behind a letter
    [InlineData("\u0627\u0661", true)]
    [InlineData("\u06271\u0661", false)] // European and Arabic numbers
    [InlineData("1\u05D0", false)] // begins with a number
    [InlineData("a\u05D0", false)] // right-to-left within left-to-right
    [InlineData("\u05D0a", false)]
    [InlineData("\u05D0!", false)] // ends with a neutral
    [InlineData("\u05D0!\u05D0", true)]
    [InlineData("a!", true)] // the rule is for strings with right-to-left code points
    [InlineData("\u0661", false)] // begins with an Arabic number
    public void Usernames_obey_the_bidi_rule(string text, bool isValid) => Assert.Equal(isValid, Username(text) is not null);

    [Theory]
    [InlineData("\u0915\u094D\u200D\u0937", true)] // joiner behind a virama
    [InlineData("\u0915\u200D\u0937", false)]
    [InlineData("\u200D", false)]
    [InlineData("\u0915\u094D\u200C\u0937", true)] // non-joiner behind a virama
    [InlineData("\u0628\u200C\u0628", true)] // between letters that join
    [InlineData("\u0628\u064B\u200C\u064B\u0628", true)] // through transparent marks
    [InlineData("\u0627\u200C\u0628", false)] // alef does not join to the left
    [InlineData("\u0628\u200C", false)]
    [InlineData("a\u200Cb", false)]
    [InlineData("l\u00B7l", true)]
    [InlineData("L\u00B7L", true)]
    [InlineData("l\u00B7a", false)]
    [InlineData("a\u00B7l", false)]
    [InlineData("l\u00B7", false)]
    [InlineData("\u0375\u03B1", true)]
    [InlineData("\u0375a", false)]
    [InlineData("\u0375", false)]
    [InlineData("\u05D0\u05F3", true)]
    [InlineData("\u05D0\u05F4", true)]
    [InlineData("\u05F3\u05D0", false)]
    [InlineData("\u30FB\u30A2", true)]
    [InlineData("a\u30FB\u3042", true)]
    [InlineData("a\uFF65\u6F22", true)] // the halfwidth dot is mapped to it
    [InlineData("a\u30FBb", false)]
    [InlineData("\u0628\u0661\u0662", true)]
    [InlineData("\u0628\u0661\u06F1", false)]
    [InlineData("\u0628\u06F1", true)]
    public void Contextual_rules_are_those_of_rfc_5892(string text, bool isValid) => Assert.Equal(isValid, Username(text) is not null);

    [Theory]
    [InlineData("l\u00B7l", true)]
    [InlineData("a\u00B7b", false)]
    [InlineData("\U0001F469\u200D\U0001F680", false)] // an emoji sequence: no virama before the joiner
    [InlineData("\U0001F680", true)]
    [InlineData("\u2163\u265A\u01C5", true)]
    [InlineData("a\u05D0", true)] // no bidi rule
    [InlineData("\u0628\u0661\u06F1", false)]
    [InlineData("\u2E90\u30FB", true)] // a symbol, of the script Han however
    [InlineData("\uFF76\u30FB", true)]
    public void Opaque_strings_are_freeform(string text, bool isValid) => Assert.Equal(isValid, Opaque(text) is not null);

    [Fact]
    public void Nothing_is_written_beyond_the_destination()
    {
        Assert.False(UsernameCaseMapped.TryEnforce("juliet"u8, new byte[5], out _));
        Assert.False(OpaqueString.TryEnforce("juliet"u8, new byte[5], out _));
        Assert.False(UsernameCaseMapped.TryEnforce("\u03C0"u8, new byte[1], out _));
        Assert.False(OpaqueString.TryEnforce("\u03C0"u8, new byte[1], out _));
    }

    [Fact]
    public void Classes_follow_from_the_general_categories()
    {
        var wrong = AllRunes().Where(rune => !Follows(rune, UnicodeProperties.Of(rune).Class)).Select(rune => $"U+{rune.Value:X4}");

        Assert.Empty(wrong);
    }

    /// <summary>RFC 8264 §8 by the framework's categories, which do not tell what is ignorable or has an equivalent.</summary>
    private static bool Follows(Rune rune, PrecisClass actual) => Rune.GetUnicodeCategory(rune) switch
    {
        _ when Exceptions.TryGetValue(rune.Value, out var exception) => actual == exception,
        _ when rune.Value is > ' ' and <= '~' => actual == PrecisClass.Valid,
        _ when rune.Value is 0x200C or 0x200D => actual == PrecisClass.ContextJ,
        UnicodeCategory.OtherNotAssigned => true, // perhaps it is in a later version of Unicode
        UnicodeCategory.Control or UnicodeCategory.PrivateUse or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => actual == PrecisClass.Disallowed,
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark =>
            actual is PrecisClass.Valid or PrecisClass.FreeformOnly or PrecisClass.Disallowed,
        _ => actual == PrecisClass.FreeformOnly,
    };

    private static string? Username(string text) => Enforce(UsernameCaseMapped.TryEnforce, text);

    private static string? Opaque(string text) => Enforce(OpaqueString.TryEnforce, text);

    private static string? Enforce(Profile profile, string text)
    {
        var destination = new byte[1024];
        return profile(Encoding.UTF8.GetBytes(text), destination, out var written)
            ? Encoding.UTF8.GetString(destination, 0, written)
            : null;
    }

    private static IEnumerable<Rune> AllRunes() => Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(value => new Rune(value));

    private delegate bool Profile(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written);
}
