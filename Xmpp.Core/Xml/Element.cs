using System.Collections.Immutable;

namespace Xmpp.Core.Xml;

/// <summary>An attribute of an <see cref="Element"/>; most have no namespace ("").</summary>
public readonly record struct ElementAttribute(XmlName Name, string Value);

/// <summary>
/// An immutable XML element: what a module works on when bytes are not enough. Built by hand for what the server
/// says, or from a stanza's bytes on demand (<see cref="StanzaView.ToElement"/>).
/// </summary>
public sealed class Element
{
    private readonly ImmutableArray<ElementAttribute> _attributes = [];
    private readonly ImmutableArray<object> _nodes = []; // Element or string

    /// <param name="name">The expanded name.</param>
    /// <param name="content">
    /// In order: <see cref="ElementAttribute"/>, <see cref="Element"/>, string (text), a sequence of these, or null (left out).
    /// </param>
    public Element(XmlName name, params ReadOnlySpan<object?> content)
    {
        throw new NotImplementedException();
    }

    public Element(string ns, string local, params ReadOnlySpan<object?> content) : this(new XmlName(ns, local), content)
    {
    }

    public XmlName Name { get; }

    public ImmutableArray<ElementAttribute> Attributes => _attributes;

    /// <summary>Child nodes in document order: <see cref="Element"/> or string.</summary>
    public ImmutableArray<object> Nodes => _nodes;

    public IEnumerable<Element> Elements => _nodes.OfType<Element>();

    /// <summary>The direct text content, concatenated; "" when there is none.</summary>
    public string Text => throw new NotImplementedException();

    /// <summary>The value of an attribute without a namespace, or null.</summary>
    public string? this[string attribute] => throw new NotImplementedException();

    public string? Attribute(XmlName name) => throw new NotImplementedException();

    /// <summary>The first child element of this name, or null.</summary>
    public Element? Child(XmlName name) => throw new NotImplementedException();

    public Element? Child(string ns, string local) => Child(new XmlName(ns, local));

    /// <summary>A copy with the attribute set, or removed when <paramref name="value"/> is null.</summary>
    public Element With(string attribute, string? value) => throw new NotImplementedException();

    /// <summary>A copy with more content behind the present one; the same kinds as the constructor takes.</summary>
    public Element Add(params ReadOnlySpan<object?> content) => throw new NotImplementedException();

    /// <summary>Shorthand for an attribute in a constructor: <c>Element.Attr("id", "1")</c>; null when the value is null.</summary>
    public static object? Attr(string name, string? value) =>
        value is null ? null : new ElementAttribute(new XmlName("", name), value);

    /// <summary>Serialised as a document fragment: every namespace that is not "jabber:client" declared where it is first needed.</summary>
    public override string ToString() => throw new NotImplementedException();
}
