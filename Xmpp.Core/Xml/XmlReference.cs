using System.Buffers;
using System.Text;

namespace Xmpp.Core.Xml;

/// <summary>What stands at an ampersand.</summary>
internal enum ReferenceKind
{
    /// <summary>A character reference or one of the predefined entities (XML 1.0 §4.1, §4.6).</summary>
    Character,

    /// <summary>The bytes end within what may be a reference.</summary>
    Incomplete,

    /// <summary>A reference to an entity that isn't predefined (RFC 6120 §11.1).</summary>
    Entity,

    /// <summary>Longer than any reference needs to be.</summary>
    TooLong,

    Malformed,
}

/// <summary>References in character data and attribute values.</summary>
internal static class XmlReference
{
    /// <summary>
    /// Leading zeros can make a character reference as long as one likes; this bound keeps the work on a reference
    /// that arrives byte by byte small.
    /// </summary>
    private const int MaxLength = 64;

    /// <summary>Reads the reference that starts at the ampersand at the start of <paramref name="bytes"/>.</summary>
    /// <param name="length">From the ampersand to behind the semicolon, when it is a character.</param>
    /// <param name="codePoint">The character, when it is one.</param>
    public static ReferenceKind Read(ReadOnlySpan<byte> bytes, out int length, out int codePoint)
    {
        length = 0;
        codePoint = 0;
        var truncated = bytes.Length > MaxLength;
        if (truncated)
            bytes = bytes[..MaxLength];

        var kind = bytes is [_, (byte)'#', ..]
            ? ReadCharacterReference(bytes, out length, out codePoint)
            : ReadEntityReference(bytes, out length, out codePoint);
        return kind is ReferenceKind.Incomplete && truncated ? ReferenceKind.TooLong : kind;
    }

    /// <summary>Replaces references and normalises line ends (XML 1.0 §2.11) in bytes that were checked before.</summary>
    /// <param name="destination">As long as <paramref name="raw"/> is enough; may not overlap it.</param>
    /// <param name="attribute">Whether white space becomes spaces, as in attribute values (§3.3.3).</param>
    /// <returns>How many bytes were written.</returns>
    public static int Unescape(ReadOnlySpan<byte> raw, Span<byte> destination, bool attribute)
    {
        var written = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var b = raw[i];
            switch (b)
            {
                case (byte)'&':
                    Read(raw[i..], out var length, out var codePoint);
                    written += new Rune(codePoint).EncodeToUtf8(destination[written..]);
                    i += length - 1;
                    continue;
                case (byte)'\r':
                    if (i + 1 < raw.Length && raw[i + 1] == '\n')
                        i++;
                    b = attribute ? (byte)' ' : (byte)'\n';
                    break;
                case (byte)'\t' or (byte)'\n' when attribute:
                    b = (byte)' ';
                    break;
            }
            destination[written++] = b;
        }
        return written;
    }

    /// <summary>Normalises line ends in a CDATA section, where an ampersand is just that.</summary>
    /// <returns>How many bytes were written.</returns>
    public static int NormaliseLineEnds(ReadOnlySpan<byte> raw, Span<byte> destination)
    {
        var written = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var isReturn = raw[i] == '\r';
            if (isReturn && i + 1 < raw.Length && raw[i + 1] == '\n')
                i++;
            destination[written++] = isReturn ? (byte)'\n' : raw[i];
        }
        return written;
    }

    /// <summary>An attribute's value as a string.</summary>
    public static string ToText(ReadOnlySpan<byte> rawValue, bool isPlain)
    {
        if (isPlain)
            return Encoding.UTF8.GetString(rawValue);
        var rented = ArrayPool<byte>.Shared.Rent(rawValue.Length);
        var text = Encoding.UTF8.GetString(rented, 0, Unescape(rawValue, rented, attribute: true));
        ArrayPool<byte>.Shared.Return(rented);
        return text;
    }

    private static ReferenceKind ReadCharacterReference(ReadOnlySpan<byte> bytes, out int length, out int codePoint)
    {
        length = 0;
        codePoint = 0;
        var hex = bytes is [_, _, (byte)'x', ..];
        var first = hex ? 3 : 2;
        for (var i = first; i < bytes.Length; i++)
        {
            if (bytes[i] == ';')
            {
                length = i + 1;
                return i > first && XmlChars.IsChar(codePoint) ? ReferenceKind.Character : ReferenceKind.Malformed;
            }
            if (!(hex ? char.IsAsciiHexDigit((char)bytes[i]) : char.IsAsciiDigit((char)bytes[i])))
                return ReferenceKind.Malformed;
            codePoint = (codePoint * (hex ? 16 : 10)) + Digit(bytes[i]);
            if (codePoint > 0x10FFFF)
                return ReferenceKind.Malformed;
        }
        return ReferenceKind.Incomplete;
    }

    private static int Digit(byte b) => b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10;

    private static ReferenceKind ReadEntityReference(ReadOnlySpan<byte> bytes, out int length, out int codePoint)
    {
        length = 0;
        codePoint = 0;
        switch (XmlChars.ScanNCName(bytes, 1, out var nameLength))
        {
            case ScanStatus.NeedMore:
                return ReferenceKind.Incomplete;
            case not ScanStatus.Done:
                return ReferenceKind.Malformed;
        }
        if (bytes[1 + nameLength] != ';')
            return ReferenceKind.Malformed;
        codePoint = Predefined(bytes.Slice(1, nameLength));
        length = nameLength + 2;
        return codePoint > 0 ? ReferenceKind.Character : ReferenceKind.Entity;
    }

    private static int Predefined(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("amp"u8))
            return '&';
        if (name.SequenceEqual("lt"u8))
            return '<';
        if (name.SequenceEqual("gt"u8))
            return '>';
        if (name.SequenceEqual("apos"u8))
            return '\'';
        return name.SequenceEqual("quot"u8) ? '"' : 0;
    }
}
