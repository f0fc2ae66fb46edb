using System.Buffers;

namespace Xmpp.Server.Streams;

/// <summary>What a part of a stream is.</summary>
internal enum StreamPartKind
{
    /// <summary>The stream header.</summary>
    Header,

    /// <summary>A first-level element.</summary>
    Element,

    /// <summary>The closing tag.</summary>
    End,
}

/// <summary>
/// Takes what a stream writes, as for TCP, into its parts, each of which can stand alone: elements get the declarations that are in
/// the stream's header. The bytes are our own and well-formed; nothing is copied.
/// </summary>
internal ref struct StreamParts(ReadOnlySpan<byte> bytes)
{
    private static readonly SearchValues<byte> NameEnds = SearchValues.Create(" \r\n\t/>"u8);

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>How every header of ours begins.</summary>
    public static ReadOnlySpan<byte> HeaderStart =>
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"u8;

    public static ReadOnlySpan<byte> StreamEnd => "</stream:stream>"u8;

    private static ReadOnlySpan<byte> ClientDeclaration => " xmlns='jabber:client'"u8;

    private static ReadOnlySpan<byte> StreamDeclaration => " xmlns:stream='http://etherx.jabber.org/streams'"u8;

    public StreamPartKind Kind { get; private set; }

    /// <summary>Of an element, its bytes up to the end of its name; of a header, the attributes behind its namespaces.</summary>
    public ReadOnlySpan<byte> Head { get; private set; }

    /// <summary>What an element that is to stand alone needs between head and tail.</summary>
    public ReadOnlySpan<byte> Declaration { get; private set; }

    /// <summary>The rest of an element.</summary>
    public ReadOnlySpan<byte> Tail { get; private set; }

    public readonly int Length => Head.Length + Declaration.Length + Tail.Length;

    public bool MoveNext()
    {
        _rest = _rest.TrimStart(" \r\n\t"u8);
        Declaration = Tail = default;
        if (_rest.IsEmpty)
            return false;
        if (_rest.StartsWith(HeaderStart))
        {
            var end = EndOfTag(_rest, HeaderStart.Length);
            Kind = StreamPartKind.Header;
            Head = _rest[HeaderStart.Length..(end - 1)];
            _rest = _rest[end..];
        }
        else if (_rest.StartsWith(StreamEnd))
        {
            Kind = StreamPartKind.End;
            Head = default;
            _rest = _rest[StreamEnd.Length..];
        }
        else
        {
            var nameEnd = _rest.IndexOfAny(NameEnds);
            var end = EndOfElement(_rest, nameEnd);
            Kind = StreamPartKind.Element;
            Head = _rest[..nameEnd];
            Tail = _rest[nameEnd..end];
            Declaration = Head.StartsWith("<stream:"u8) ? StreamDeclaration : DeclaresDefault(Tail) ? default : ClientDeclaration;
            _rest = _rest[end..];
        }
        return true;
    }

    /// <summary>Behind the end of the element at the start of the bytes.</summary>
    /// <param name="position">Somewhere in its start tag, not in an attribute's value.</param>
    private static int EndOfElement(ReadOnlySpan<byte> bytes, int position)
    {
        var depth = 0;
        position = EndOfTag(bytes, position);
        while (true)
        {
            if (bytes[position - 2] != '/')
                depth++;
            // Text, sections and end tags up to the next start tag.
            while (true)
            {
                if (depth == 0)
                    return position;
                position += bytes[position..].IndexOf((byte)'<');
                if (bytes[position + 1] == '/')
                {
                    position += bytes[position..].IndexOf((byte)'>') + 1;
                    depth--;
                }
                else if (bytes[position + 1] == '!')
                {
                    position += bytes[position..].IndexOf("]]>"u8) + 3;
                }
                else
                {
                    break;
                }
            }
            position = EndOfTag(bytes, position);
        }
    }

    /// <summary>Behind the ">" of a start tag.</summary>
    /// <param name="position">In it, not in an attribute's value.</param>
    private static int EndOfTag(ReadOnlySpan<byte> bytes, int position)
    {
        while (true)
        {
            position += bytes[position..].IndexOfAny((byte)'>', (byte)'\'', (byte)'"');
            var found = bytes[position++];
            if (found == '>')
                return position;
            position += bytes[position..].IndexOf(found) + 1;
        }
    }

    /// <summary>Whether a start tag has a default namespace of its own.</summary>
    /// <param name="tag">Behind its name.</param>
    private static bool DeclaresDefault(ReadOnlySpan<byte> tag)
    {
        while (true)
        {
            tag = tag.TrimStart(" \r\n\t"u8);
            if (tag.StartsWith("xmlns"u8) && tag[5..].TrimStart(" \r\n\t"u8) is [(byte)'=', ..])
                return true;
            var quote = tag.IndexOfAny((byte)'>', (byte)'\'', (byte)'"');
            if (tag[quote] == '>')
                return false;
            var value = tag[(quote + 1)..];
            tag = value[(value.IndexOf(tag[quote]) + 1)..];
        }
    }
}
