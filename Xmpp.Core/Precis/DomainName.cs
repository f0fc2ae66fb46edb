using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>
/// Domain names as RFC 7622 §3.2 wants them: NR-LDH labels and U-labels (RFC 5890 §2.3), mapped as RFC 5895 says; or IP addresses.
/// </summary>
internal static class DomainName
{
    private const int MaxLabelLength = 63;

    private static readonly SearchValues<byte> _lettersDigitsHyphens = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-."u8);
    private static readonly SearchValues<byte> _addressCharacters = SearchValues.Create("0123456789abcdefABCDEF:."u8);
    private static readonly Rune _dot = new('.');
    private static readonly Rune _hyphen = new('-');
    private static readonly Rune _ideographicFullStop = new(0x3002);
    private static readonly Rune[] _aceText = [new('x'), new('n'), _hyphen, _hyphen];

    /// <summary>Writes the canonical form; false when there is none or it is longer than <paramref name="destination"/>.</summary>
    public static bool TryPrepare(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        if (utf8 is [(byte)'[', .. var literal, (byte)']'])
            return TryPrepareIPv6(literal, destination, out written);

        // Two hyphens may be those of an A-label, which is not the ASCII it looks like.
        if (Ascii.IsValid(utf8) && utf8.IndexOf("--"u8) < 0)
            return TryPrepareAscii(utf8, destination, out written);
        return TryPrepareInternational(utf8, destination, out written);
    }

    private static bool TryPrepareAscii(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        var withoutDot = utf8 is [.. var rest, (byte)'.'] ? rest : utf8;
        if (Ascii.ToLower(withoutDot, destination, out written) != OperationStatus.Done)
            return false;

        ReadOnlySpan<byte> domain = destination[..written];
        if (domain.ContainsAnyExcept(_lettersDigitsHyphens))
            return false;
        foreach (var range in domain.Split((byte)'.'))
        {
            if (domain[range] is { Length: < 1 or > MaxLabelLength } or [(byte)'-', ..] or [.., (byte)'-'])
                return false;
        }
        return true;
    }

    private static bool TryPrepareInternational(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        written = 0;
        if (!RuneText.TryDecode(utf8, out var domain))
            return false;
        CodePointMappings.MapWidth(domain);
        CodePointMappings.MapToLowercase(domain);
        NormalizationFormC.Normalize(domain);
        var text = CollectionsMarshal.AsSpan(domain);
        text.Replace(_ideographicFullStop, _dot);
        if (text is [.. var rest, var last] && last == _dot)
            text = rest;

        var labels = new List<Rune[]>();
        foreach (var range in MemoryExtensions.Split(text, _dot))
        {
            if (!TryConvertLabel(text[range], out var label))
                return false;
            labels.Add(label);
        }

        // RFC 5893 §1.4: one right-to-left label makes it a Bidi domain name, and all its labels obey the rule.
        if (labels.Exists(label => BidiRule.HasRightToLeft(label)) && !labels.TrueForAll(label => BidiRule.IsSatisfied(label)))
            return false;

        var prepared = new List<Rune>(labels[0]);
        foreach (var label in labels.Skip(1))
            prepared.AddRange([_dot, .. label]);
        return RuneText.TryEncode(prepared, destination, out written);
    }

    /// <summary>Turns an A-label into its U-label, and accepts U-labels and NR-LDH labels as they are.</summary>
    private static bool TryConvertLabel(ReadOnlySpan<Rune> text, out Rune[] label)
    {
        label = text.ToArray();
        if (!text.StartsWith(_aceText))
            return IsLdhLabel(text) || IsULabel(text);

        // RFC 5891 §5.4: what the A-label stands for must be a U-label, and stand for the very same A-label.
        var decoded = new List<Rune>();
        if (text.Length > MaxLabelLength || !Punycode.TryDecode(text[_aceText.Length..], decoded))
            return false;
        label = [.. decoded];
        return IsULabel(label) && Punycode.Encode(label) == string.Concat(text[_aceText.Length..].ToArray());
    }

    private static bool IsLdhLabel(ReadOnlySpan<Rune> label) =>
        label.Length <= MaxLabelLength && HasLabelShape(label) && IsAscii(label) && AreAllowed(label);

    /// <summary>RFC 5891 §5.4 without the Bidi Rule, which looks at the whole name.</summary>
    private static bool IsULabel(ReadOnlySpan<Rune> label)
    {
        // Each code point takes an octet of the A-label at least; Punycode is quadratic.
        if (label.Length > MaxLabelLength || !HasLabelShape(label) || IsAscii(label) || !AreAllowed(label))
            return false;

        var normalized = new List<Rune>([.. label]);
        NormalizationFormC.Normalize(normalized);
        return !UnicodeProperties.Of(label[0]).IsMark
            && ContextRules.AreSatisfied(label)
            && label.SequenceEqual(CollectionsMarshal.AsSpan(normalized))
            && _aceText.Length + Punycode.Encode(label).Length <= MaxLabelLength;
    }

    /// <summary>RFC 5891 §4.2.3.1: no hyphens at the ends, nor at the third and fourth place, which are reserved.</summary>
    private static bool HasLabelShape(ReadOnlySpan<Rune> label) =>
        !label.IsEmpty
        && label[0] != _hyphen && label[^1] != _hyphen
        && !(label.Length >= 4 && label[2] == _hyphen && label[3] == _hyphen);

    private static bool IsAscii(ReadOnlySpan<Rune> label)
    {
        foreach (var rune in label)
        {
            if (!rune.IsAscii)
                return false;
        }
        return true;
    }

    private static bool AreAllowed(ReadOnlySpan<Rune> label)
    {
        foreach (var rune in label)
        {
            if (!UnicodeProperties.Of(rune).IsValidInDomainName)
                return false;
        }
        return true;
    }

    /// <summary>RFC 3986 §3.2.2, written as RFC 5952 says so that an address has one form. Zones mean nothing to another host.</summary>
    private static bool TryPrepareIPv6(ReadOnlySpan<byte> literal, Span<byte> destination, out int written)
    {
        written = 0;
        if (literal.ContainsAnyExcept(_addressCharacters)
            || !literal.Contains((byte)':')
            || !IPAddress.TryParse(literal, out var address)
            || destination.Length < 2
            || !address.TryFormat(destination[1..^1], out var length))
            return false;

        destination[0] = (byte)'[';
        destination[length + 1] = (byte)']';
        written = length + 2;
        return true;
    }
}
