using System.Xml.Linq;

namespace Xmpp.Core.Xml;

/// <summary>Conversions between <see cref="Element"/> and <see cref="XElement"/>, for the edges that work with System.Xml.Linq.</summary>
public static class XElementConversion
{
    public static XElement ToXElement(this Element element)
    {
        var copy = new XElement(ToXName(element.Name));
        foreach (var (name, value) in element.Attributes)
            copy.Add(new XAttribute(ToXName(name), value));
        foreach (var node in element.Nodes)
            copy.Add(node is Element child ? child.ToXElement() : node);
        return copy;
    }

    /// <summary>The element's names, attributes, elements and text; comments and processing instructions have no place in a stream.</summary>
    public static Element FromXElement(this XElement element) => new(
        FromXName(element.Name),
        element.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration)
            .Select(attribute => new ElementAttribute(FromXName(attribute.Name), attribute.Value)),
        element.Nodes().Select(node => node switch
        {
            XElement child => child.FromXElement(),
            XText text => text.Value,
            _ => (object?)null,
        }));

    private static XName ToXName(XmlName name) => XName.Get(name.Local, name.Namespace);

    private static XmlName FromXName(XName name) => new(name.NamespaceName, name.LocalName);
}
