using System.Buffers;
using System.Xml;

namespace Xmpp.Core.Xml;

/// <summary>The character classes of XML 1.0 §2.2, §2.3 and of Namespaces in XML 1.0 §3.</summary>
internal static class XmlChars
{
    /// <summary>UTF-16 code units that no XML document can carry. Lone surrogates are another matter: the encoder replaces them.</summary>
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(c => (char)c).Except(['\t', '\n', '\r']), '\uFFFE', '\uFFFF']);

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

    public static bool IsNCNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || (c > '\x7f' && XmlConvert.IsStartNCNameChar(c));

    public static bool IsNCNameChar(char c) =>
        char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' || (c > '\x7f' && XmlConvert.IsNCNameChar(c));
}
