using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Core.Xml;

/// <summary>
/// Builds an <see cref="Element"/> from bytes that <see cref="StanzaFramer"/> has found well-formed; checks nothing
/// again. One per thread, its lists used as stacks, so that only the tree itself is allocated.
/// </summary>
internal sealed class ElementReader
{
    private const int MaxKnownNamespace = 80;

    /// <summary>As long as the protocol's own values; longer ones are the users'.</summary>
    private const int MaxKnownValue = 16;

    [ThreadStatic]
    private static ElementReader? _current;

    private readonly List<(string Prefix, string Namespace)> _prefixes = [];
    private readonly List<(string Prefix, string Local, string Value)> _rawAttributes = [];
    private readonly List<object> _nodes = [];
    private byte[] _scratch = new byte[512];
    private int _position;

    /// <summary>Reads the element that the bytes are.</summary>
    /// <param name="stanza">A complete first-level element, found in order by the framer.</param>
    /// <param name="stream">The namespaces that the stream header declared.</param>
    public static Element Read(ReadOnlySpan<byte> stanza, StreamScope stream)
    {
        var reader = _current ??= new ElementReader();
        reader._prefixes.Clear();
        foreach (var binding in stream.Bindings)
            reader._prefixes.Add((binding.Prefix, binding.Namespace));
        reader._position = 0;
        var element = reader.ReadElement(stanza, stream.DefaultNamespace);
        if (reader._scratch.Length > 65_536)
            reader._scratch = new byte[512];
        return element;
    }

    /// <summary>The text directly in an element, without that of elements within.</summary>
    public static string ReadText(ReadOnlySpan<byte> element)
    {
        var reader = _current ??= new ElementReader();
        reader._position = 0;
        reader.SkipTag(element);
        if (element[reader._position - 2] == '/')
            return "";
        var text = new StringBuilder();
        for (var depth = 1; depth > 0;)
        {
            var part = reader.ReadText(element, wanted: depth == 1);
            var start = reader._position;
            reader.SkipTag(element);
            if (element[start + 1] == '/')
                depth--;
            else if (element[reader._position - 2] != '/')
                depth++;
            if (depth == 0 && text.Length == 0)
                return part;
            text.Append(part);
        }
        return text.ToString();
    }

    private Element ReadElement(ReadOnlySpan<byte> bytes, string defaultNamespace)
    {
        var firstPrefix = _prefixes.Count;
        _position++;
        var (prefix, local) = ReadName(bytes);
        var attributes = ReadAttributes(bytes, ref defaultNamespace);
        var name = new XmlName(prefix.Length == 0 ? defaultNamespace : Resolve(prefix), local);

        ImmutableArray<object> nodes = [];
        if (bytes[_position] == '/')
            _position += 2;
        else
            nodes = ReadContent(bytes, defaultNamespace);
        _prefixes.RemoveRange(firstPrefix, _prefixes.Count - firstPrefix);
        return new Element(name, attributes, nodes);
    }

    /// <summary>Reads from the <c>&gt;</c> of a start tag to behind the end tag.</summary>
    private ImmutableArray<object> ReadContent(ReadOnlySpan<byte> bytes, string defaultNamespace)
    {
        var first = _nodes.Count;
        _position++;
        while (true)
        {
            var text = ReadText(bytes, wanted: true);
            if (text.Length > 0)
                _nodes.Add(text);
            if (bytes[_position + 1] == '/')
                break;
            _nodes.Add(ReadElement(bytes, defaultNamespace));
        }
        _position += bytes[_position..].IndexOf((byte)'>') + 1;

        ImmutableArray<object> nodes = [.. CollectionsMarshal.AsSpan(_nodes)[first..]];
        _nodes.RemoveRange(first, _nodes.Count - first);
        return nodes;
    }

    private ImmutableArray<ElementAttribute> ReadAttributes(ReadOnlySpan<byte> bytes, ref string defaultNamespace)
    {
        // Prefixes may be used before they are declared in the same tag, so they are resolved afterwards.
        _rawAttributes.Clear();
        while (true)
        {
            _position = XmlChars.SkipSpace(bytes, _position);
            if (bytes[_position] is (byte)'>' or (byte)'/')
                break;
            var (prefix, local) = ReadName(bytes);
            if (prefix.Length == 0 && local == "xmlns")
                defaultNamespace = ReadValue(bytes, MaxKnownNamespace);
            else if (prefix == "xmlns")
                _prefixes.Add((local, ReadValue(bytes, MaxKnownNamespace)));
            else
                _rawAttributes.Add((prefix, local, ReadValue(bytes, MaxKnownValue)));
        }

        if (_rawAttributes.Count == 0)
            return [];
        var attributes = new ElementAttribute[_rawAttributes.Count];
        for (var i = 0; i < attributes.Length; i++)
        {
            var (prefix, local, value) = _rawAttributes[i];
            attributes[i] = new ElementAttribute(new XmlName(prefix.Length == 0 ? "" : Resolve(prefix), local), value);
        }
        return ImmutableCollectionsMarshal.AsImmutableArray(attributes);
    }

    private (string Prefix, string Local) ReadName(ReadOnlySpan<byte> bytes)
    {
        var start = _position;
        var colon = -1;
        for (; bytes[_position] is not ((byte)'>' or (byte)'/' or (byte)'=') && !XmlChars.IsSpace(bytes[_position]); _position++)
        {
            if (bytes[_position] == ':')
                colon = _position;
        }
        return colon < 0
            ? ("", NameTable.Get(bytes[start.._position]))
            : (NameTable.Get(bytes[start..colon]), NameTable.Get(bytes[(colon + 1).._position]));
    }

    /// <param name="maxKnown">Up to which length the value is likely to come again, so that its string is shared.</param>
    private string ReadValue(ReadOnlySpan<byte> bytes, int maxKnown)
    {
        _position += bytes[_position..].IndexOfAny((byte)'\'', (byte)'"');
        var length = bytes[(_position + 1)..].IndexOf(bytes[_position]);
        var raw = bytes.Slice(_position + 1, length);
        _position += length + 2;
        if (raw.ContainsAny(XmlChars.ValueSpecials))
        {
            EnsureScratch(raw.Length);
            return Encoding.UTF8.GetString(_scratch, 0, XmlReference.Unescape(raw, _scratch, attribute: true));
        }
        return raw.Length <= maxKnown ? NameTable.Get(raw) : Encoding.UTF8.GetString(raw);
    }

    /// <summary>Reads text and CDATA sections up to the next tag.</summary>
    private string ReadText(ReadOnlySpan<byte> bytes, bool wanted)
    {
        var used = 0;
        while (true)
        {
            var raw = bytes[_position..];
            raw = raw[..raw.IndexOf((byte)'<')];
            _position += raw.Length;
            var isLast = bytes[_position + 1] != '!';
            if (wanted && !raw.IsEmpty)
            {
                if (isLast && used == 0 && !raw.ContainsAny((byte)'&', (byte)'\r'))
                    return Encoding.UTF8.GetString(raw);
                EnsureScratch(used + raw.Length);
                used += XmlReference.Unescape(raw, _scratch.AsSpan(used), attribute: false);
            }
            if (isLast)
                return used == 0 ? "" : Encoding.UTF8.GetString(_scratch, 0, used);

            var section = bytes[(_position + "<![CDATA[".Length)..];
            section = section[..section.IndexOf("]]>"u8)];
            _position += "<![CDATA[".Length + section.Length + "]]>".Length;
            if (wanted)
            {
                EnsureScratch(used + section.Length);
                used += XmlReference.NormaliseLineEnds(section, _scratch.AsSpan(used));
            }
        }
    }

    /// <summary>Moves behind the tag at the position.</summary>
    private void SkipTag(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            _position += bytes[_position..].IndexOfAny((byte)'\'', (byte)'"', (byte)'>');
            var stop = bytes[_position++];
            if (stop == '>')
                return;
            _position += bytes[_position..].IndexOf(stop) + 1;
        }
    }

    private string Resolve(string prefix)
    {
        for (var i = _prefixes.Count - 1; i >= 0; i--)
        {
            if (_prefixes[i].Prefix == prefix)
                return _prefixes[i].Namespace;
        }
        return Namespaces.Xml; // the only prefix that needs no declaration
    }

    private void EnsureScratch(int length)
    {
        if (length > _scratch.Length)
            Array.Resize(ref _scratch, Math.Max(length, _scratch.Length * 2));
    }
}
