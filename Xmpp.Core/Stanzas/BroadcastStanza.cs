using System.Buffers;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Stanzas;

/// <summary>
/// A stanza without 'to' that many are to get: written once, and for each recipient copied with its address put in. Nothing but a view of
/// bytes: whoever gets one takes copies, since the bytes may be somebody's buffer.
/// </summary>
public readonly struct BroadcastStanza
{
    private readonly ReadOnlyMemory<byte> _utf8;
    private readonly int _nameEnd;

    private BroadcastStanza(ReadOnlyMemory<byte> utf8, int nameEnd) => (_utf8, _nameEnd) = (utf8, nameEnd);

    /// <summary>The stanza as UTF-8 for the namespace "jabber:client", without 'to'.</summary>
    public ReadOnlyMemory<byte> Utf8 => _utf8;

    /// <param name="stanza">In the namespace "jabber:client"; its 'to', if any, is left out.</param>
    public static BroadcastStanza Of(Element stanza)
    {
        if (stanza.Name.Namespace != Namespaces.Client)
            throw new ArgumentException($"'{stanza.Name}' is not a client's stanza.", nameof(stanza));
        var output = new ArrayBufferWriter<byte>(256);
        XmlStreamWriter.Write(output, stanza.With("to", null), Namespaces.Client, streamPrefix: false);
        // Behind '<' stands the name, which has no prefix.
        return new(output.WrittenSpan.ToArray(), 1 + stanza.Name.Local.Length);
    }

    /// <summary>Where the stanza's name ends.</summary>
    public int NameEnd => _nameEnd;

    /// <summary>What is written already.</summary>
    /// <param name="utf8">A stanza for the namespace "jabber:client" without 'to', whose name has no prefix.</param>
    /// <param name="nameEnd">Where its name ends.</param>
    public static BroadcastStanza Of(ReadOnlyMemory<byte> utf8, int nameEnd) => new(utf8, nameEnd);

    /// <summary>Writes the stanza as it is for one recipient.</summary>
    public void Write(IBufferWriter<byte> output, Jid to)
    {
        output.Write(_utf8.Span[.._nameEnd]);
        output.Write(" to='"u8);
        XmlStreamWriter.WriteEscaped(output, to);
        output.Write("'"u8);
        output.Write(_utf8.Span[_nameEnd..]);
    }

    /// <summary>The same for a recipient whose address is at hand as it is to be written, escaped and in quotes.</summary>
    public void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> quotedTo)
    {
        var stanza = _utf8.Span;
        var to = " to="u8;
        var length = stanza.Length + to.Length + quotedTo.Length;
        var room = output.GetSpan(length);
        stanza[.._nameEnd].CopyTo(room);
        room = room[_nameEnd..];
        to.CopyTo(room);
        quotedTo.CopyTo(room[to.Length..]);
        stanza[_nameEnd..].CopyTo(room[(to.Length + quotedTo.Length)..]);
        output.Advance(length);
    }

    /// <summary>The stanza as an element, made anew each time.</summary>
    public Element ToElement() => Element.Parse(_utf8, Namespaces.Client);
}
