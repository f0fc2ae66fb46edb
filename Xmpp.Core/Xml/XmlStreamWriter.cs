using System.Buffers;

namespace Xmpp.Core.Xml;

/// <summary>Writes elements as UTF-8, escaped exactly, namespaces declared where they are first needed.</summary>
/// <remarks>
/// What is written is always well-formed, so that no module can break a stream: characters that XML can't carry
/// (control characters, U+FFFE, U+FFFF, lone surrogates) are replaced by U+FFFD in text and attribute values; names
/// were checked when the <see cref="Element"/> was made. Everything else reads back as it was: carriage returns, and
/// tabs and line feeds in attribute values, are written as character references.
/// </remarks>
public static class XmlStreamWriter
{
    /// <summary>Writes an element.</summary>
    /// <param name="output">Where the bytes go.</param>
    /// <param name="element">What to write.</param>
    /// <param name="defaultNamespace">The default namespace in force where the element will stand ("jabber:client" on a client stream).</param>
    /// <param name="streamPrefix">True where the prefix <c>stream</c> is declared by the stream header.</param>
    public static void Write(IBufferWriter<byte> output, Element element, string defaultNamespace, bool streamPrefix = true)
    {
        var sink = new Utf8XmlSink(output);
        Write(ref sink, element, defaultNamespace, streamPrefix);
        sink.Flush();
    }

    /// <summary>Writes text escaped for element content or for an attribute value in either kind of quotes.</summary>
    public static void WriteEscaped(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        var sink = new Utf8XmlSink(output);
        sink.WriteValue(text);
        sink.Flush();
    }

    /// <summary>Writes an address, escaped.</summary>
    public static void WriteEscaped(IBufferWriter<byte> output, Jid jid)
    {
        var utf8 = jid.Utf8.Span;
        if (utf8.IndexOfAny("&<>'\""u8) < 0)
            output.Write(utf8);
        else
            WriteEscaped(output, jid.ToString());
    }

    private static void Write(ref Utf8XmlSink sink, Element element, string defaultNamespace, bool streamPrefix)
    {
        var name = element.Name;
        var prefix = WellKnownPrefix(name.Namespace, streamPrefix);
        // A prefix only where the default namespace doesn't do: features and errors of the stream (RFC 6120 §4.8.5).
        if (name.Namespace == defaultNamespace)
            prefix = [];

        sink.Write("<"u8);
        WriteName(ref sink, prefix, name.Local);
        if (prefix.IsEmpty && name.Namespace != defaultNamespace)
        {
            defaultNamespace = name.Namespace;
            sink.Write(" xmlns='"u8);
            sink.WriteValue(defaultNamespace);
            sink.Write("'"u8);
        }
        WriteAttributes(ref sink, element, streamPrefix);
        if (element.Nodes.IsEmpty)
        {
            sink.Write("/>"u8);
            return;
        }

        sink.Write(">"u8);
        foreach (var node in element.Nodes)
        {
            if (node is Element child)
                Write(ref sink, child, defaultNamespace, streamPrefix);
            else
                sink.WriteText((string)node);
        }
        sink.Write("</"u8);
        WriteName(ref sink, prefix, name.Local);
        sink.Write(">"u8);
    }

    private static void WriteAttributes(ref Utf8XmlSink sink, Element element, bool streamPrefix)
    {
        var attributes = element.Attributes;
        for (var i = 0; i < attributes.Length; i++)
        {
            var (name, value) = attributes[i];
            var prefix = WellKnownPrefix(name.Namespace, streamPrefix);
            var number = 0;
            if (name.Namespace.Length > 0 && prefix.IsEmpty)
            {
                number = FirstWithNamespace(name.Namespace, attributes.AsSpan()) + 1;
                if (number == i + 1)
                {
                    sink.Write(" xmlns:ns"u8);
                    sink.Write(number);
                    sink.Write("='"u8);
                    sink.WriteValue(name.Namespace);
                    sink.Write("'"u8);
                }
            }

            sink.Write(" "u8);
            if (number > 0)
            {
                sink.Write("ns"u8);
                sink.Write(number);
                sink.Write(":"u8);
            }
            WriteName(ref sink, prefix, name.Local);
            sink.Write("='"u8);
            sink.WriteValue(value);
            sink.Write("'"u8);
        }
    }

    private static int FirstWithNamespace(string ns, ReadOnlySpan<ElementAttribute> attributes)
    {
        var i = 0;
        while (attributes[i].Name.Namespace != ns)
            i++;
        return i;
    }

    private static ReadOnlySpan<byte> WellKnownPrefix(string ns, bool streamPrefix) => ns switch
    {
        Namespaces.Xml => "xml"u8,
        Namespaces.Stream when streamPrefix => "stream"u8,
        _ => [],
    };

    private static void WriteName(ref Utf8XmlSink sink, ReadOnlySpan<byte> prefix, string local)
    {
        if (!prefix.IsEmpty)
        {
            sink.Write(prefix);
            sink.Write(":"u8);
        }
        sink.WriteRaw(local);
    }
}
