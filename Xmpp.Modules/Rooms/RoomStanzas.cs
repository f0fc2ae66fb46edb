using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>Writes what rooms say.</summary>
internal static class RoomStanzas
{
    /// <summary>A larger one is for one message only.</summary>
    private const int MaxKeptBuffer = 65_536;

    [ThreadStatic] private static ArrayBufferWriter<byte>? t_buffer;

    /// <summary>A message as all got it that an archive has.</summary>
    public static BroadcastStanza OfArchive(ArchiveEntry message) => BroadcastStanza.Of(message.Stanza.ToArray(), "<message".Length);

    /// <summary>Presence of an occupant, for whoever gets it.</summary>
    /// <param name="content">What its client says of itself.</param>
    /// <param name="id">Of the stanza that it answers, or null.</param>
    public static BroadcastStanza Presence(
        Jid occupant, ImmutableArray<object> content, PresenceItem item, string? type = null, string? id = null,
        params IEnumerable<int> status) => BroadcastStanza.Of(new Element(Namespaces.Client, "presence",
            Element.Attr("type", type),
            Element.Attr("id", id),
            Element.Attr("from", occupant.ToString()),
            content,
            item.Marks,
            UserInfo(new object?[] { item.Versions, item.ToElement() }, status)));

    public static Element UserInfo(object? content, params IEnumerable<int> status) => new(Muc.UserInfo,
        content,
        status.Order().Select(code =>
            new Element(Muc.User, "status", Element.Attr("code", code.ToString(CultureInfo.InvariantCulture)))));

    /// <summary>What of a client's presence others get: all but what only the room says.</summary>
    public static ImmutableArray<object> ContentOf(Element presence) =>
    [
        .. presence.Nodes.Where(node => node is Element { Name.Namespace: not (Muc.Ns or Muc.User or OccupantIds.Ns or RoomHats.Ns) }),
    ];

    /// <summary>
    /// A message of a client as all get it from the room: the same bytes with another 'from', without what only the room says.
    /// </summary>
    /// <param name="from">The attribute, escaped.</param>
    /// <param name="signature">What comes behind its content.</param>
    /// <param name="id">
    /// By which the room's archive has it, or null (XEP-0359): the archive keeps the bytes; else they are a buffer of this thread.
    /// </param>
    public static BroadcastStanza Reflect(
        ServiceStanza message, Jid room, ReadOnlySpan<byte> from, ReadOnlySpan<byte> signature, SortableId? id = null)
    {
        var view = message.View;
        var output = t_buffer is { Capacity: <= MaxKeptBuffer } kept ? kept : t_buffer = new(1024);
        output.ResetWrittenCount();
        if (!view.IsSelfContained)
        {
            XmlStreamWriter.Write(output, view.ToElement(), Namespaces.Client, streamPrefix: false);
            view = StanzaView.Parse(output.WrittenSpan.ToArray());
            output.ResetWrittenCount();
        }
        var bytes = view.Bytes.Span;
        output.Write(bytes[..view.NameEnd]);
        output.Write(from);
        if (message.Sender?.Language is { } language && !view.TryGetAttribute("xml:lang"u8, out _))
        {
            output.Write(" xml:lang='"u8);
            XmlStreamWriter.WriteEscaped(output, language);
            output.Write("'"u8);
        }
        var position = view.NameEnd;
        var hasFrom = view.TryGetAttribute("from"u8, out var first);
        if (view.TryGetAttribute("to"u8, out var second))
        {
            if (hasFrom && first.Start > second.Start)
                (first, second) = (second, first);
            if (hasFrom)
                Leave(first.Start, first.End, bytes, output, ref position);
            Leave(second.Start, second.End, bytes, output, ref position);
        }
        for (var i = 0; i < view.ChildCount; i++)
        {
            if (!IsRoomsOwn(view, i, room))
                continue;
            var child = view.Child(i);
            Leave(child.Start, child.End, bytes, output, ref position);
        }
        var isEmpty = view.ContentEnd < 0;
        var end = isEmpty ? bytes.Length - "/>".Length : view.ContentEnd;
        output.Write(bytes[position..end]);
        if (isEmpty)
            output.Write(">"u8);
        output.Write(signature);
        if (id is { } archived)
            StanzaId.Write(output, archived, room);
        output.Write(isEmpty ? "</message>"u8 : bytes[end..]);
        return BroadcastStanza.Of(id is null ? output.WrittenMemory : output.WrittenSpan.ToArray(), view.NameEnd);
    }

    private static void Leave(int start, int end, ReadOnlySpan<byte> bytes, ArrayBufferWriter<byte> output, ref int position)
    {
        output.Write(bytes[position..start]);
        position = end;
    }

    /// <summary>Whether only the room may say it (§17.3; XEP-0359 §4, rule 2; XEP-0421).</summary>
    private static bool IsRoomsOwn(StanzaView message, int index, Jid room)
    {
        var child = message.Child(index);
        return child.Namespace.SequenceEqual("http://jabber.org/protocol/muc#user"u8)
            || child.Namespace.SequenceEqual("urn:xmpp:occupant-id:0"u8)
            || (child.Namespace.SequenceEqual("urn:xmpp:sid:0"u8) && child.LocalName.SequenceEqual("stanza-id"u8)
                && message.ChildJid(index, "by"u8) == room)
            || (child.Namespace.SequenceEqual("urn:xmpp:delay"u8) && message.ChildJid(index, "from"u8) == room);
    }

    /// <summary>The same message as it is when it comes late.</summary>
    public static BroadcastStanza Delayed(BroadcastStanza message, Jid room, DateTimeOffset at)
    {
        var bytes = message.Utf8.Span;
        var end = bytes.LastIndexOf("</"u8);
        var output = new ArrayBufferWriter<byte>(bytes.Length + 128);
        output.Write(bytes[..end]);
        XmlStreamWriter.Write(output, new Delay(at, room).ToElement(), Namespaces.Client, streamPrefix: false);
        output.Write(bytes[end..]);
        return BroadcastStanza.Of(output.WrittenSpan.ToArray(), "<message".Length);
    }

    /// <summary>An attribute with an address, escaped.</summary>
    /// <param name="start">Up to the value.</param>
    public static byte[] Attribute(string start, Jid address)
    {
        var output = new ArrayBufferWriter<byte>(96);
        Encoding.UTF8.GetBytes(start, output);
        XmlStreamWriter.WriteEscaped(output, address);
        output.Write("'"u8);
        return output.WrittenSpan.ToArray();
    }
}
