using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Storage;

/// <summary>The presence of type "subscribe" that waits for an answer, as stores keep it: UTF-8 for "jabber:client".</summary>
internal static class RosterRequest
{
    public static byte[]? Write(Element? request)
    {
        if (request is null)
            return null;

        var output = new ArrayBufferWriter<byte>(256);
        XmlStreamWriter.Write(output, request, Namespaces.Client, streamPrefix: false);
        return output.WrittenSpan.ToArray();
    }
}
