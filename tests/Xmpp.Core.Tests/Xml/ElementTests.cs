using System.Xml.Linq;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Xml;

public sealed class ElementTests
{
    private static readonly Element Message = new(Namespaces.Client, "message",
        Element.Attr("to", "juliet@localhost"),
        Element.Attr("id", null),
        new Element(Namespaces.Client, "body", "Hello ", "there"),
        null,
        new[] { new Element("urn:a", "a"), new Element("urn:b", "b") });

    [Fact]
    public void Content_is_sorted_into_attributes_and_nodes()
    {
        Assert.Equal([new ElementAttribute(new XmlName("", "to"), "juliet@localhost")], Message.Attributes);
        Assert.Equal(["body", "a", "b"], Message.Elements.Select(child => child.Name.Local));
    }

    [Fact]
    public void Adjacent_text_is_one_node_and_empty_text_none()
    {
        var element = new Element("", "a", "one", "", " two", new Element("", "b"), "", "three");

        Assert.Equal(["one two", new Element("", "b"), "three"], element.Nodes);
        Assert.Equal("one twothree", element.Text);
        Assert.Equal("", new Element("", "a").Text);
    }

    [Fact]
    public void Lookups_give_the_first_match_or_null()
    {
        Assert.Equal("juliet@localhost", Message["to"]);
        Assert.Null(Message["id"]);
        Assert.Null(Message.Attribute(new XmlName("urn:a", "to")));
        Assert.Equal("Hello there", Message.Child(Namespaces.Client, "body")?.Text);
        Assert.Null(Message.Child("urn:a", "b"));
    }

    [Fact]
    public void With_sets_replaces_and_removes_an_attribute_of_a_copy()
    {
        Assert.Equal("1", Message.With("id", "1")["id"]);
        Assert.Equal("romeo@localhost", Message.With("to", "romeo@localhost")["to"]);
        Assert.Null(Message.With("to", null)["to"]);
        Assert.Same(Message, Message.With("id", null));
        Assert.Equal("juliet@localhost", Message["to"]);
    }

    [Fact]
    public void Add_appends_to_a_copy()
    {
        var longer = new Element("", "a", "one").Add(" two", Element.Attr("x", "y"), new Element("", "b"));

        Assert.Equal(new Element("", "a", Element.Attr("x", "y"), "one two", new Element("", "b")), longer);
    }

    [Fact]
    public void Equality_is_of_content_whatever_the_order_of_attributes()
    {
        var one = new Element("u", "a", Element.Attr("x", "1"), Element.Attr("y", "2"), new Element("u", "b", "text"));
        var same = new Element("u", "a", Element.Attr("y", "2"), Element.Attr("x", "1"), new Element("u", "b", "text"));

        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, same.With("y", "3"));
        Assert.NotEqual(one, same.Add("more"));
        Assert.NotEqual(one, new Element("v", "a", same.Attributes, same.Nodes));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("", "1a")]
    [InlineData("", "a b")]
    [InlineData("", "a:b")]
    [InlineData("", "a>")]
    [InlineData(Namespaces.Xmlns, "a")]
    [InlineData("urn:\u0001", "a")]
    public void A_name_that_XML_cannot_carry_is_refused(string ns, string local)
    {
        Assert.Throws<ArgumentException>(() => new Element(ns, local));
        Assert.Throws<ArgumentException>(() => new Element("", "a", new ElementAttribute(new XmlName(ns, local), "")));
        Assert.Throws<ArgumentException>(() => new Element("", "a").With(new XmlName(ns, local), ""));
    }

    [Fact]
    public void An_attribute_given_twice_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new Element("", "a", Element.Attr("x", "1"), Element.Attr("x", "2")));
        Assert.Throws<ArgumentException>(() => Message.Add(Element.Attr("to", "x")));
    }

    [Fact]
    public void A_namespace_declaration_is_not_an_attribute() =>
        Assert.Throws<ArgumentException>(() => new Element("", "a", Element.Attr("xmlns", "urn:a")));

    [Fact]
    public void Content_of_another_type_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Element("", "a", 1));

    [Fact]
    public void Parses_what_stands_alone()
    {
        Assert.Equal(Message, Element.Parse(Message.ToString()));
        Assert.Equal(new Element("urn:a", "a", "é"), Element.Parse("<a>é</a>", "urn:a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<a>")]
    [InlineData("<a/> ")]
    [InlineData("<a/><b/>")]
    [InlineData("</a>")]
    [InlineData("</>")]
    [InlineData("<stream:a/>")]
    public void What_is_not_one_element_is_a_FormatException(string xml) =>
        Assert.Throws<FormatException>(() => Element.Parse(xml));

    [Fact]
    public void Converts_to_and_from_XElement()
    {
        var element = Message.Add(new ElementAttribute(new XmlName("urn:x", "y"), "z"), "tail");

        Assert.Equal(element, element.ToXElement().FromXElement());
        Assert.Equal(
            new Element("u", "a", new ElementAttribute(new XmlName("v", "b"), "1"), "text and ", new Element("u", "c")),
            XElement.Parse("<a xmlns='u' xmlns:v='v' v:b='1'>text <!-- no --><![CDATA[and ]]><c/></a>").FromXElement());
    }
}
