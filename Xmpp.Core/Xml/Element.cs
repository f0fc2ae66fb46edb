using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace Xmpp.Core.Xml;

/// <summary>An attribute of an <see cref="Element"/>; most have no namespace ("").</summary>
public readonly record struct ElementAttribute(XmlName Name, string Value);

/// <summary>
/// An immutable XML element: what a module works on when bytes are not enough. Built by hand for what the server
/// says, or from a stanza's bytes on demand (<see cref="StanzaView.ToElement"/>).
/// </summary>
/// <remarks>
/// Names are the programmer's and are checked: one that XML can't carry is an <see cref="ArgumentException"/>. Text and
/// attribute values are data: any string is accepted, and <see cref="XmlStreamWriter"/> replaces what XML can't carry.
/// </remarks>
public sealed class Element : IEquatable<Element>
{
    private readonly ImmutableArray<ElementAttribute> _attributes;
    private readonly ImmutableArray<object> _nodes; // Element or string; no empty strings, no two strings in a row

    /// <param name="name">The expanded name.</param>
    /// <param name="content">
    /// In order: <see cref="ElementAttribute"/>, <see cref="Element"/>, string (text), a sequence of these, or null (left out).
    /// </param>
    /// <exception cref="ArgumentException">A name isn't one, an attribute is given twice, or content is of another type.</exception>
    public Element(XmlName name, params ReadOnlySpan<object?> content)
    {
        CheckName(name);
        Name = name;
        (_attributes, _nodes) = new ElementContent().Add(content).ToArrays();
    }

    public Element(string ns, string local, params ReadOnlySpan<object?> content) : this(new XmlName(ns, local), content)
    {
    }

    /// <summary>Takes over what is known to be well-formed.</summary>
    internal Element(XmlName name, ImmutableArray<ElementAttribute> attributes, ImmutableArray<object> nodes)
    {
        Name = name;
        _attributes = attributes;
        _nodes = nodes;
    }

    public XmlName Name { get; }

    public ImmutableArray<ElementAttribute> Attributes => _attributes;

    /// <summary>Child nodes in document order: <see cref="Element"/> or string. Strings are never empty and never adjacent.</summary>
    public ImmutableArray<object> Nodes => _nodes;

    public IEnumerable<Element> Elements => _nodes.OfType<Element>();

    /// <summary>The direct text content, concatenated; "" when there is none.</summary>
    public string Text => _nodes is [string only] ? only : string.Concat(_nodes.OfType<string>());

    /// <summary>The value of an attribute without a namespace, or null.</summary>
    public string? this[string attribute] => Attribute(new XmlName("", attribute));

    public string? Attribute(XmlName name)
    {
        foreach (var attribute in _attributes)
        {
            if (attribute.Name == name)
                return attribute.Value;
        }
        return null;
    }

    /// <summary>The first child element of this name, or null.</summary>
    public Element? Child(XmlName name)
    {
        foreach (var node in _nodes)
        {
            if (node is Element child && child.Name == name)
                return child;
        }
        return null;
    }

    public Element? Child(string ns, string local) => Child(new XmlName(ns, local));

    /// <summary>A copy with the attribute set, or removed when <paramref name="value"/> is null.</summary>
    public Element With(string attribute, string? value) => With(new XmlName("", attribute), value);

    /// <inheritdoc cref="With(string, string?)"/>
    public Element With(XmlName attribute, string? value)
    {
        CheckAttributeName(attribute);
        var index = IndexOf(_attributes.AsSpan(), attribute);
        if (value is null)
            return index < 0 ? this : new Element(Name, _attributes.RemoveAt(index), _nodes);
        var added = new ElementAttribute(attribute, value);
        return new Element(Name, index < 0 ? _attributes.Add(added) : _attributes.SetItem(index, added), _nodes);
    }

    /// <summary>A copy with more content behind the present one; the same kinds as the constructor takes.</summary>
    /// <exception cref="ArgumentException">As the constructor.</exception>
    public Element Add(params ReadOnlySpan<object?> content)
    {
        var (attributes, nodes) = new ElementContent(_attributes, _nodes).Add(content).ToArrays();
        return new Element(Name, attributes, nodes);
    }

    /// <summary>Shorthand for an attribute in a constructor: <c>Element.Attr("id", "1")</c>; null when the value is null.</summary>
    public static object? Attr(string name, string? value) =>
        value is null ? null : new ElementAttribute(new XmlName("", name), value);

    /// <summary>Reads an element that stands alone, such as one that was stored.</summary>
    /// <param name="defaultNamespace">The default namespace in force around it.</param>
    /// <exception cref="FormatException">It isn't one element, or not one that a stream could carry.</exception>
    public static Element Parse(ReadOnlyMemory<byte> utf8, string defaultNamespace = Namespaces.Client) =>
        StanzaView.Parse(utf8, StreamScope.ForContent(defaultNamespace)).ToElement();

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte}, string)"/>
    public static Element Parse(string xml, string defaultNamespace = Namespaces.Client) =>
        Parse(Encoding.UTF8.GetBytes(xml), defaultNamespace);

    /// <summary>
    /// The same information: equal names, the same attributes in any order, equal nodes in the same order. Which
    /// prefixes an element arrived with isn't part of it.
    /// </summary>
    public bool Equals(Element? other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || Name != other.Name
            || _attributes.Length != other._attributes.Length || _nodes.Length != other._nodes.Length)
        {
            return false;
        }
        foreach (var attribute in _attributes)
        {
            if (other.Attribute(attribute.Name) != attribute.Value)
                return false;
        }
        return _nodes.AsSpan().SequenceEqual(other._nodes.AsSpan());
    }

    public override bool Equals(object? obj) => Equals(obj as Element);

    public override int GetHashCode() => HashCode.Combine(Name, _attributes.Length, _nodes.Length);

    /// <summary>Serialised as a document fragment: every namespace that is not "jabber:client" declared where it is first needed.</summary>
    public override string ToString()
    {
        var output = new ArrayBufferWriter<byte>(256);
        XmlStreamWriter.Write(output, this, Namespaces.Client, streamPrefix: false);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    internal static int IndexOf(ReadOnlySpan<ElementAttribute> attributes, XmlName name)
    {
        for (var i = 0; i < attributes.Length; i++)
        {
            if (attributes[i].Name == name)
                return i;
        }
        return -1;
    }

    internal static void CheckAttributeName(XmlName name)
    {
        CheckName(name);
        if (name is { Namespace: "", Local: "xmlns" })
            throw new ArgumentException("Namespaces are declared by the writer, not as attributes.");
    }

    private static void CheckName(XmlName name)
    {
        if (!XmlChars.IsNCName(name.Local))
            throw new ArgumentException($"'{name.Local}' is not a local name.");
        if (name.Namespace == Namespaces.Xmlns || !XmlChars.IsText(name.Namespace))
            throw new ArgumentException($"'{name.Namespace}' can't be the namespace of '{name.Local}'.");
    }
}
