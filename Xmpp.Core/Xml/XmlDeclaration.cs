using Xmpp.Core.Streams;

namespace Xmpp.Core.Xml;

/// <summary>The XML declaration (XML 1.0 §2.8) that may precede a stream header (RFC 6120 §11.5).</summary>
internal static class XmlDeclaration
{
    /// <summary>Checks what stands between <c>&lt;?xml</c> and <c>?&gt;</c>.</summary>
    /// <returns>Null when the declaration is in order.</returns>
    public static StreamError? Check(ReadOnlySpan<byte> content)
    {
        var position = 0;
        if (!TryRead(content, "version"u8, ref position, out var version) || !version.SequenceEqual("1.0"u8))
            return XmlFault.NotWellFormed("The XML declaration has no version, or one other than 1.0.");
        // RFC 6120 §11.6: all and only UTF-8.
        if (TryRead(content, "encoding"u8, ref position, out var encoding) && !System.Text.Ascii.EqualsIgnoreCase(encoding, "utf-8"u8))
            return XmlFault.NotUtf8;
        // RFC 6120 §11.5: mustn't be there, and may be ignored.
        if (TryRead(content, "standalone"u8, ref position, out var standalone)
            && !standalone.SequenceEqual("yes"u8) && !standalone.SequenceEqual("no"u8))
        {
            return XmlFault.NotWellFormed("The XML declaration's standalone is neither yes nor no.");
        }
        return XmlChars.SkipSpace(content, position) == content.Length
            ? null : XmlFault.NotWellFormed("The XML declaration is malformed.");
    }

    /// <summary>Reads one pseudo-attribute with the white space before it, if it is the next one.</summary>
    private static bool TryRead(ReadOnlySpan<byte> content, ReadOnlySpan<byte> name, ref int position, out ReadOnlySpan<byte> value)
    {
        value = default;
        var at = XmlChars.SkipSpace(content, position);
        if (at == position || !content[at..].StartsWith(name))
            return false;
        at = XmlChars.SkipSpace(content, at + name.Length);
        if (at == content.Length || content[at] != '=')
            return false;
        at = XmlChars.SkipSpace(content, at + 1);
        if (at == content.Length || content[at] is not ((byte)'\'' or (byte)'"'))
            return false;
        var length = content[(at + 1)..].IndexOf(content[at]);
        if (length < 0)
            return false;
        value = content.Slice(at + 1, length);
        position = at + length + 2;
        return true;
    }
}
