using System.Buffers;
using System.Globalization;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Streams;

/// <summary>The attributes of an opening stream tag that negotiation needs (RFC 6120 §4.7). Absent ones are null.</summary>
/// <param name="ContentNamespace">The default namespace it declares, "" for none.</param>
public sealed record StreamHeader(
    string? To, string? From, string? Id, string? Version, string? Language, string ContentNamespace)
{
    /// <summary>Stands for a header that wasn't read.</summary>
    public static StreamHeader None { get; } = new(null, null, null, null, null, "");

    /// <summary>
    /// The major version number (§4.7.5); 0 when there is no version, which means a server or client older than
    /// RFC 3920, and -1 when it isn't a version.
    /// </summary>
    public int MajorVersion
    {
        get
        {
            if (Version is null)
                return 0;
            var dot = Version.IndexOf('.', StringComparison.Ordinal);
            return dot >= 0 && TryParseNumber(Version.AsSpan(0, dot), out var major) && TryParseNumber(Version.AsSpan(dot + 1), out _)
                ? major : -1;
        }
    }

    /// <summary>
    /// Writes an XML declaration and the opening tag <c>stream:stream</c>, with <see cref="ContentNamespace"/> as the default namespace.
    /// </summary>
    /// <param name="declarations">Further declarations of namespaces, as they are to stand there with a space before each.</param>
    public void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> declarations = default)
    {
        var sink = new Utf8XmlSink(output);
        sink.Write("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'"u8);
        WriteAttribute(ref sink, " xmlns='"u8, ContentNamespace);
        sink.Write(declarations);
        WriteAttribute(ref sink, " to='"u8, To);
        WriteAttribute(ref sink, " from='"u8, From);
        WriteAttribute(ref sink, " id='"u8, Id);
        WriteAttribute(ref sink, " version='"u8, Version);
        WriteAttribute(ref sink, " xml:lang='"u8, Language);
        sink.Write(">"u8);
        sink.Flush();
    }

    private static void WriteAttribute(ref Utf8XmlSink sink, ReadOnlySpan<byte> start, string? value)
    {
        if (value is null)
            return;
        sink.Write(start);
        sink.WriteValue(value);
        sink.Write("'"u8);
    }

    private static bool TryParseNumber(ReadOnlySpan<char> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
