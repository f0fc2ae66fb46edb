using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Routing;

/// <summary>
/// What the server changes of a stanza's children on the way: some left out, some added behind. Its memory is kept from stanza to stanza.
/// </summary>
internal sealed class StanzaEdits
{
    private const int MaxKept = 4096;

    private readonly List<int> _dropped = [];
    private ArrayBufferWriter<byte> _appended = new(256);

    public bool IsEmpty => _dropped.Count == 0 && _appended.WrittenCount == 0;

    public void Drop(int child)
    {
        if (!_dropped.Contains(child))
            _dropped.Add(child);
    }

    public void Append(ReadOnlySpan<byte> element) => _appended.Write(element);

    public void Clear()
    {
        _dropped.Clear();
        if (_appended.Capacity > MaxKept)
            _appended = new(256);
        _appended.ResetWrittenCount();
    }

    /// <summary>Writes the bytes of a stanza from a position behind its start tag's name to its end.</summary>
    public void WriteRest(IBufferWriter<byte> output, StanzaView stanza, int from)
    {
        var bytes = stanza.Bytes.Span;
        _dropped.Sort();
        foreach (var index in _dropped)
        {
            var child = stanza.Child(index);
            output.Write(bytes[from..child.Start]);
            from = child.End;
        }
        if (_appended.WrittenCount == 0)
        {
            output.Write(bytes[from..]);
        }
        else if (stanza.ContentEnd >= 0)
        {
            output.Write(bytes[from..stanza.ContentEnd]);
            output.Write(_appended.WrittenSpan);
            output.Write(bytes[stanza.ContentEnd..]);
        }
        else
        {
            // An empty-element tag.
            output.Write(bytes[from..^"/>".Length]);
            output.Write(">"u8);
            output.Write(_appended.WrittenSpan);
            output.Write("</"u8);
            output.Write(bytes[1..stanza.NameEnd]);
            output.Write(">"u8);
        }
    }

    /// <summary>The same done to the stanza as an element.</summary>
    public Element Apply(Element stanza)
    {
        if (_dropped.Count > 0)
        {
            var index = 0;
            var remaining = stanza.Nodes.Where(node => node is not Element || !_dropped.Contains(index++));
            stanza = new Element(stanza.Name, stanza.Attributes, remaining);
        }
        if (_appended.WrittenCount == 0)
            return stanza;
        byte[] content = [.. "<x xmlns='jabber:client'>"u8, .. _appended.WrittenSpan, .. "</x>"u8];
        return stanza.Add(Element.Parse(content, Namespaces.Client).Elements);
    }
}
