using System.Buffers;
using System.Text;
using System.Xml;

namespace Xmpp.Core.Xml;

/// <summary>The character classes of XML 1.0 §2.2, §2.3 and of Namespaces in XML 1.0 §3, in UTF-16 and in UTF-8.</summary>
internal static class XmlChars
{
    private const byte NameStart = 1;
    private const byte NameChar = 2;
    private const byte Space = 4;
    private const byte NonAscii = 8;

    private static readonly char[] ForbiddenControls = [.. Enumerable.Range(0, 0x20).Select(c => (char)c).Except("\t\n\r")];

    private static readonly byte[] ForbiddenControlBytes = [.. ForbiddenControls.Select(c => (byte)c)];

    /// <summary>UTF-16 code units that no XML document can carry. Lone surrogates are another matter: the encoder replaces them.</summary>
    private static readonly SearchValues<char> Forbidden = SearchValues.Create([.. ForbiddenControls, '\uFFFE', '\uFFFF']);

    /// <summary>The classes of all bytes: 3 starts a name, 2 goes on with it, 4 is white space, 8 is part of something longer.</summary>
    private static ReadOnlySpan<byte> Classes =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 4, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0,
        0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 3,
        0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
        8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    ];

    /// <summary>Bytes that no XML document contains.</summary>
    public static SearchValues<byte> Controls { get; } = SearchValues.Create(ForbiddenControlBytes);

    /// <summary>Bytes at which character data ends or needs a look.</summary>
    public static SearchValues<byte> TextStops { get; } = SearchValues.Create([.. ForbiddenControlBytes, .. "<&>"u8]);

    /// <summary>Bytes at which an attribute value in apostrophes ends or needs a look.</summary>
    public static SearchValues<byte> AposValueStops { get; } = SearchValues.Create([.. ForbiddenControlBytes, .. "<&\t\n\r'"u8]);

    /// <summary>Bytes at which an attribute value in quotation marks ends or needs a look.</summary>
    public static SearchValues<byte> QuotValueStops { get; } = SearchValues.Create([.. ForbiddenControlBytes, .. "<&\t\n\r\""u8]);

    /// <summary>Bytes that make an attribute value another than the raw one.</summary>
    public static SearchValues<byte> ValueSpecials { get; } = SearchValues.Create("&\t\n\r"u8);

    /// <summary>The Char production (XML 1.0 §2.2), for a code point.</summary>
    public static bool IsChar(int codePoint) => codePoint switch
    {
        '\t' or '\n' or '\r' => true,
        < 0x20 => false,
        < 0xD800 => true,
        < 0xE000 => false,
        < 0xFFFE => true,
        < 0x10000 => false,
        _ => codePoint <= 0x10FFFF,
    };

    /// <summary>True when XML can carry every character of the text.</summary>
    public static bool IsText(string text) => !text.AsSpan().ContainsAny(Forbidden);

    /// <summary>True when valid UTF-8 contains U+FFFE or U+FFFF, which are not in the Char production.</summary>
    public static bool ContainsNonCharacter(ReadOnlySpan<byte> utf8)
    {
        ReadOnlySpan<byte> lead = [0xEF, 0xBF]; // U+FFC0 to U+FFFF
        for (var at = utf8.IndexOf(lead); at >= 0; at = utf8.IndexOf(lead))
        {
            if (utf8[at + 2] >= 0xBE)
                return true;
            utf8 = utf8[(at + 3)..];
        }
        return false;
    }

    /// <summary>White space (the S production, XML 1.0 §2.3).</summary>
    public static bool IsSpace(byte b) => (Classes[b] & Space) != 0;

    public static int SkipSpace(ReadOnlySpan<byte> bytes, int position)
    {
        while ((uint)position < (uint)bytes.Length && IsSpace(bytes[position]))
            position++;
        return position;
    }

    /// <summary>Measures the NCName (Namespaces in XML 1.0 §3) at a position, which something must follow.</summary>
    /// <param name="length">Of the name, when done.</param>
    public static ScanStatus ScanNCName(ReadOnlySpan<byte> bytes, int start, out int length)
    {
        length = 0;
        var at = start;
        if ((uint)at < (uint)bytes.Length && Classes[bytes[at]] is not (NameStart | NameChar) and not NonAscii)
            return ScanStatus.Malformed;
        while (true)
        {
            while ((uint)at < (uint)bytes.Length && (Classes[bytes[at]] & NameChar) != 0)
                at++;
            if (at == bytes.Length)
                return ScanStatus.NeedMore;
            if (bytes[at] < 0x80)
                break;
            switch (Rune.DecodeFromUtf8(bytes[at..], out var rune, out var runeLength))
            {
                case OperationStatus.NeedMoreData:
                    return ScanStatus.NeedMore;
                case OperationStatus.InvalidData:
                    return ScanStatus.NotUtf8;
            }
            if (!rune.IsBmp || !(at == start ? IsNCNameStart((char)rune.Value) : IsNCNameChar((char)rune.Value)))
                return ScanStatus.Malformed;
            at += runeLength;
        }
        length = at - start;
        return ScanStatus.Done;
    }

    /// <summary>
    /// The NCName production (Namespaces in XML 1.0 §3) with the name characters of XML 1.0's fourth edition: what
    /// peers with older parsers accept, and a subset of the fifth edition's.
    /// </summary>
    public static bool IsNCName(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || !IsNCNameStart(name[0]))
            return false;
        foreach (var c in name[1..])
        {
            if (!IsNCNameChar(c))
                return false;
        }
        return true;
    }

    private static bool IsNCNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || (c > '\x7f' && XmlConvert.IsStartNCNameChar(c));

    private static bool IsNCNameChar(char c) =>
        char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' || (c > '\x7f' && XmlConvert.IsNCNameChar(c));
}
