using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Xmpp.Core.Tests;

/// <summary>What holds of every text, tried with pieces chosen for the trouble they make.</summary>
public sealed class JidProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(2_000).WithEndSize(12).WithQuietOnSuccess(true);

    private static readonly string[] Letters =
    [
        "a", "Z", "juliet", "7", "-", "l", "\u00C5", "\u00DF", "\u0130", "\u0301", "\u0323", "\u03A3", "\u03C2", "\u0958", "\u094D",
        "\u1E9E", "\u1F82", "\u2126", "\u212A", "\u30A2", "\uAC00", "\u1100\u1161", "\u11A8", "\uFF21", "\uFF76\uFF9E",
        "\U0001D15E", "\U00010400",
    ];

    private static readonly string[] Troubles =
    [
        "@", "/", ".", "--", "xn--", "xn--bcher-kva", " ", "_", "[", "]", "::1", "1.2.3.4", "\0", "\t", "<", "&", "\u00A0", "\u00B7",
        "\u0345", "\u0375", "\u05D0", "\u05F3", "\u0628", "\u064B", "\u0661", "\u06F1", "\u1100", "\u1161", "\u200C", "\u200D",
        "\u2163", "\u265A", "\u3000", "\u3002", "\u30FB", "\uD83D", "\uDE00", "\U0001F600", "\uFF20", "\uFF2F\uFF0E", "\U000E0001",
        "\uFFFF",
    ];

    private static readonly Arbitrary<string> Texts = Gen.Frequency(
            (10, Gen.Elements(Letters)),
            (2, Gen.Elements(Troubles)),
            (1, ArbMap.Default.GeneratorFor<char>().Select(c => c.ToString())))
        .ArrayOf().Select(string.Concat).ToArbitrary();

    private static readonly Arbitrary<string> Addresses =
        (from local in Texts.Generator
         from domain in Gen.Elements("example.com", "B\u00FCcher.example.", "xn--4db", "[0::1]", "\u65E5\u672C\u3002jp")
         from resource in Texts.Generator
         select $"{local}@{domain}/{resource}").ToArbitrary();

    [Fact]
    public void What_parses_reads_back_as_the_same_address() => Holds(jid =>
        Jid.Parse(jid.ToString()).Equals(jid)
        && Jid.TryParse(Encoding.UTF8.GetBytes(jid.ToString()), out var same) && same.Equals(jid)
        && Jid.TryCreate(jid.Local, jid.Domain, jid.Resource, out var joined) && joined.Equals(jid));

    [Fact]
    public void Preparing_twice_changes_nothing() => Holds(jid =>
        Prepared(JidPreparation.TryPrepareLocalpart, jid.Local) == jid.Local
        && Prepared(JidPreparation.TryPrepareDomainpart, jid.Domain) == jid.Domain
        && Prepared(JidPreparation.TryPrepareResourcepart, jid.Resource) == jid.Resource);

    [Fact]
    public void The_parts_make_up_the_whole() => Holds(jid =>
        jid.ToString() == (jid.Local is null ? "" : $"{jid.Local}@") + jid.Domain + (jid.Resource is null ? "" : $"/{jid.Resource}")
        && jid.Bare.ToString() == (jid.Local is null ? "" : $"{jid.Local}@") + jid.Domain
        && Encoding.UTF8.GetString(jid.Utf8.Span) == jid.ToString());

    [Fact]
    public void No_part_is_empty_or_longer_than_1023_octets() => Holds(jid =>
        new[] { jid.Local, jid.Domain, jid.Resource }.OfType<string>().All(part => Encoding.UTF8.GetByteCount(part) is > 0 and <= 1023));

    [Fact]
    public void Equality_is_that_of_the_text_and_agrees_with_the_hash() =>
        Prop.ForAll(Texts, Texts, (one, other) =>
        {
            if (!Jid.TryParse($"{one}@example.com", out var left) || !Jid.TryParse($"{other}@example.com", out var right))
                return true;
            var same = left.ToString() == right.ToString();
            return left.Equals(right) == same && (!same || left.GetHashCode() == right.GetHashCode());
        }).Check(Thorough);

    [Fact]
    public void Utf16_and_utf8_parse_alike() => Prop.ForAll(Texts, text =>
    {
        var fromText = Jid.TryParse(text, out var one);
        var fromOctets = Jid.TryParse(Encoding.UTF8.GetBytes(text), out var other);
        // The encoder replaces what is not Unicode by U+FFFD.
        return text.EnumerateRunes().Contains(Rune.ReplacementChar) || (fromText == fromOctets && one == other);
    }).Check(Thorough);

    [Fact]
    public void Arbitrary_octets_never_throw() =>
        Prop.ForAll<byte[]>(octets => !Jid.TryParse(octets, out var jid) || jid.Domain.Length > 0).Check(Thorough);

    private delegate bool Preparation(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written);

    private static string? Prepared(Preparation prepare, string? part)
    {
        var destination = new byte[Jid.MaxPartLength];
        return part is not null && prepare(Encoding.UTF8.GetBytes(part), destination, out var written)
            ? Encoding.UTF8.GetString(destination, 0, written)
            : null;
    }

    /// <summary>Checks what must hold of every address that parses, and that enough of them do.</summary>
    private static void Holds(Func<Jid, bool> property)
    {
        var parsed = 0;
        Prop.ForAll(Gen.OneOf(Addresses.Generator, Texts.Generator).ToArbitrary(), text =>
        {
            if (!Jid.TryParse(text, out var jid))
                return true;
            parsed++;
            return property(jid);
        }).Check(Thorough);
        Assert.InRange(parsed, 200, int.MaxValue);
    }
}
