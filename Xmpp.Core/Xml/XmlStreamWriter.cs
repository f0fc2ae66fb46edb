using System.Buffers;

namespace Xmpp.Core.Xml;

/// <summary>Writes elements as UTF-8, escaped exactly, namespaces declared where they are first needed.</summary>
public static class XmlStreamWriter
{
    /// <summary>Writes an element.</summary>
    /// <param name="output">Where the bytes go.</param>
    /// <param name="element">What to write.</param>
    /// <param name="defaultNamespace">The default namespace in force where the element will stand ("jabber:client" on a client stream).</param>
    /// <param name="streamPrefix">True where the prefix <c>stream</c> is declared by the stream header.</param>
    public static void Write(IBufferWriter<byte> output, Element element, string defaultNamespace, bool streamPrefix = true) =>
        throw new NotImplementedException();

    /// <summary>Writes text escaped for element content or for an attribute value in either kind of quotes.</summary>
    public static void WriteEscaped(IBufferWriter<byte> output, ReadOnlySpan<char> text) => throw new NotImplementedException();
}
