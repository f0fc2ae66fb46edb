using System.Collections;
using System.Collections.Immutable;

namespace Xmpp.Core.Xml;

/// <summary>Sorts what an <see cref="Element"/> is built from into attributes and nodes, and joins adjacent text.</summary>
internal readonly struct ElementContent
{
    private readonly ImmutableArray<ElementAttribute>.Builder _attributes;
    private readonly ImmutableArray<object>.Builder _nodes;

    public ElementContent() : this([], [])
    {
    }

    public ElementContent(ImmutableArray<ElementAttribute> attributes, ImmutableArray<object> nodes)
    {
        _attributes = ImmutableArray.CreateBuilder<ElementAttribute>(attributes.Length + 2);
        _attributes.AddRange(attributes);
        _nodes = ImmutableArray.CreateBuilder<object>(nodes.Length + 2);
        _nodes.AddRange(nodes);
    }

    public ElementContent Add(ReadOnlySpan<object?> content)
    {
        foreach (var item in content)
            Add(item);
        return this;
    }

    public (ImmutableArray<ElementAttribute> Attributes, ImmutableArray<object> Nodes) ToArrays() =>
        (_attributes.DrainToImmutable(), _nodes.DrainToImmutable());

    private void Add(object? item)
    {
        switch (item)
        {
            case null or "":
                break;
            case Element element:
                _nodes.Add(element);
                break;
            case string text:
                if (_nodes.Count > 0 && _nodes[^1] is string before)
                    _nodes[^1] = before + text;
                else
                    _nodes.Add(text);
                break;
            case ElementAttribute attribute:
                Add(attribute);
                break;
            case IEnumerable sequence:
                foreach (var inner in sequence)
                    Add(inner);
                break;
            default:
                throw new ArgumentException($"An element can't contain a {item.GetType()}.");
        }
    }

    private void Add(ElementAttribute attribute)
    {
        Element.CheckAttributeName(attribute.Name);
        foreach (var other in _attributes)
        {
            if (other.Name == attribute.Name)
                throw new ArgumentException($"The attribute '{attribute.Name}' is given twice.");
        }
        _attributes.Add(attribute);
    }
}
