using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>Elements as they are kept in stores: UTF-8 where "jabber:client" is the default namespace.</summary>
internal static class StoredXml
{
    public static ReadOnlyMemory<byte> Write(Element element)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        XmlStreamWriter.Write(output, element, Namespaces.Client, streamPrefix: false);
        return output.WrittenMemory;
    }

    public static Element Read(ReadOnlyMemory<byte> utf8) => Element.Parse(utf8, Namespaces.Client);
}
