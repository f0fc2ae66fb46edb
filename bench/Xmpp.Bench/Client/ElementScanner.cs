using System.Buffers;

namespace Xmpp.Bench.Client;

/// <summary>A complete first-level element of a stream: spans into the scanned buffer.</summary>
internal readonly ref struct ScannedElement(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> name, ReadOnlySpan<byte> startTag)
{
    public ReadOnlySpan<byte> Whole { get; } = whole;

    public ReadOnlySpan<byte> Name { get; } = name;

    public ReadOnlySpan<byte> StartTag { get; } = startTag;

    /// <summary>The <c>id</c> attribute, empty if there is none.</summary>
    public ReadOnlySpan<byte> Id => Attribute(" id="u8);

    /// <summary>The <c>type</c> attribute, empty if there is none.</summary>
    public ReadOnlySpan<byte> Type => Attribute(" type="u8);

    /// <summary>The <c>from</c> attribute as it is escaped, empty if there is none.</summary>
    public ReadOnlySpan<byte> From => Attribute(" from="u8);

    public bool IsError => Type.SequenceEqual("error"u8);

    private ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> key)
    {
        var start = StartTag.IndexOf(key);
        if (start < 0)
            return default;
        var value = StartTag[(start + key.Length)..];
        var end = value[1..].IndexOf(value[0]);
        return value.Slice(1, end);
    }
}

/// <summary>
/// Finds first-level elements by searching bytes. It trusts the server to write well-formed XML with escaped attributes and to nest no
/// element in one of the same name, which is true of what a benchmark receives, and costs next to nothing.
/// </summary>
internal static class ElementScanner
{
    private static readonly SearchValues<byte> NameEnds = SearchValues.Create(" />\t\r\n"u8);

    /// <summary>Takes the next element off <paramref name="input"/>; false, with the input unchanged, until it is complete.</summary>
    /// <remarks>The stream header and the XML declaration count as elements of their own.</remarks>
    public static bool TryRead(ref ReadOnlySpan<byte> input, out ScannedElement element)
    {
        element = default;
        var start = input.IndexOf((byte)'<');
        if (start < 0)
            return false;
        var rest = input[start..];
        var tagEnd = rest.IndexOf((byte)'>');
        if (tagEnd < 0)
            return false;

        var tag = rest[..(tagEnd + 1)];
        var name = tag[1..];
        name = name[..name.IndexOfAny(NameEnds)];
        var length = tag.Length;
        if (!IsComplete(tag, name))
        {
            var body = rest[tag.Length..];
            var end = EndOf(body, name);
            if (end < 0)
                return false;
            length += end;
        }
        element = new(rest[..length], name, tag);
        input = rest[length..];
        return true;
    }

    private static bool IsComplete(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> name) =>
        tag[^2] == '/' || tag[1] is (byte)'/' or (byte)'?' || name.IsEmpty || name.SequenceEqual("stream:stream"u8);

    private static int EndOf(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        Span<byte> endTag = stackalloc byte[name.Length + 3];
        "</"u8.CopyTo(endTag);
        name.CopyTo(endTag[2..]);
        endTag[^1] = (byte)'>';
        var index = body.IndexOf(endTag);
        return index < 0 ? -1 : index + endTag.Length;
    }
}
