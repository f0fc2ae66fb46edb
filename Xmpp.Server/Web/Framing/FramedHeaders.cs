using System.Buffers;
using System.Text;
using Xmpp.Core;
using Xmpp.Server.Streams;

namespace Xmpp.Server.Web.Framing;

/// <summary>
/// What stands for headers and ends of streams where each element travels alone (RFC 7395 §3.3): <c>&lt;open/&gt;</c> and
/// <c>&lt;close/&gt;</c>.
/// </summary>
internal static class FramedHeaders
{
    public const string Ns = "urn:ietf:params:xml:ns:xmpp-framing";

    private static readonly SearchValues<byte> NameEnds = SearchValues.Create("=<>/'\""u8);
    private static readonly byte[] NsBytes = Encoding.UTF8.GetBytes(Ns);
    private static readonly byte[] ClientNs = Encoding.UTF8.GetBytes(Namespaces.Client);
    private static readonly byte[] StreamStart = Encoding.UTF8.GetBytes($"<stream:stream xmlns:stream='{Namespaces.Stream}'");

    /// <summary>A header of another kind: in no namespace that is one of a stream's content.</summary>
    private static readonly byte[] WrongHeader = Encoding.UTF8.GetBytes(
        $"<stream:stream xmlns='{Namespaces.Stream}' xmlns:stream='{Namespaces.Stream}' version='1.0'>");

    /// <summary>What our header is made of: this, the header's attributes, and <see cref="Ending"/>.</summary>
    public static ReadOnlySpan<byte> OpenStart => "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'"u8;

    public static ReadOnlySpan<byte> Ending => "/>"u8;

    public static ReadOnlySpan<byte> Close => "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"u8;

    /// <summary>Writes what a client sent alone as it would stand in a stream of TCP.</summary>
    /// <param name="element">Nothing is known of it yet.</param>
    /// <returns>False, and nothing is written, when it would stand there as it is.</returns>
    public static bool TryWriteAsStream(ReadOnlySpan<byte> element, IBufferWriter<byte> output)
    {
        var given = element.Length;
        element = WithoutDeclaration(element);
        if (IsNamed(element, "open"u8))
            WriteHeader(element["<open".Length..], output);
        else if (IsNamed(element, "close"u8) && DefaultOf(element["<close".Length..]).SequenceEqual(NsBytes))
            output.Write(StreamParts.StreamEnd);
        else if (IsNamed(element, "stream:stream"u8) || IsNamed(element, "close"u8))
            // §3.3.2: answered by invalid-namespace.
            output.Write(WrongHeader);
        else if (element.Length < given)
            output.Write(element);
        else
            return false;
        return true;
    }

    /// <summary>Whether it is what stands for a header that has no right to be one, or an end (§3.3.2).</summary>
    public static bool IsWrong(ReadOnlySpan<byte> written) => written.StartsWith(WrongHeader);

    private static void WriteHeader(ReadOnlySpan<byte> tag, IBufferWriter<byte> output)
    {
        output.Write(StreamStart);
        var hasDefault = false;
        while (TryReadAttribute(ref tag, out var name, out var value, out var quote))
        {
            output.Write(" "u8);
            output.Write(name);
            output.Write("="u8);
            output.Write(quote);
            var isDefault = name.SequenceEqual("xmlns"u8);
            hasDefault |= isDefault;
            // In another namespace it stays wrong.
            output.Write(isDefault && value.SequenceEqual(NsBytes) ? ClientNs : value);
            output.Write(quote);
        }
        if (!hasDefault)
            output.Write(" xmlns=''"u8);
        // What could not be read goes along, so that the framer says what is wrong with it.
        output.Write(tag.StartsWith("/>"u8) || tag.StartsWith(">"u8) ? ">"u8 : tag);
    }

    private static ReadOnlySpan<byte> DefaultOf(ReadOnlySpan<byte> tag)
    {
        while (TryReadAttribute(ref tag, out var name, out var value, out _))
        {
            if (name.SequenceEqual("xmlns"u8))
                return value;
        }
        return default;
    }

    private static bool TryReadAttribute(
        scoped ref ReadOnlySpan<byte> tag, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out ReadOnlySpan<byte> quote)
    {
        name = value = quote = default;
        tag = tag.TrimStart(" \r\n\t"u8);
        var equals = tag.IndexOfAny(NameEnds);
        if (equals <= 0 || tag[equals] != '=')
            return false;
        var behind = tag[(equals + 1)..].TrimStart(" \r\n\t"u8);
        if (behind is not [(byte)'\'' or (byte)'"', ..] || behind[1..].IndexOf(behind[0]) is not (>= 0 and var length))
            return false;
        name = tag[..equals].TrimEnd(" \r\n\t"u8);
        quote = behind[..1];
        value = behind.Slice(1, length);
        tag = behind[(length + 2)..].TrimStart(" \r\n\t"u8);
        return true;
    }

    private static bool IsNamed(ReadOnlySpan<byte> element, ReadOnlySpan<byte> name) =>
        element is [(byte)'<', ..] && element[1..].StartsWith(name)
        && element.Length > name.Length + 1 && " \r\n\t/>"u8.Contains(element[name.Length + 1]);

    /// <summary>§3.3.3: an XML declaration is not recommended.</summary>
    private static ReadOnlySpan<byte> WithoutDeclaration(ReadOnlySpan<byte> element) =>
        element.StartsWith("<?xml "u8) && element.IndexOf("?>"u8) is > 0 and var end ? element[(end + 2)..].TrimStart(" \r\n\t"u8) : element;
}
