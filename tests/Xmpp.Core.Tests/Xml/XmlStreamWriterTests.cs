using System.Buffers;
using System.Text;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Xml;

public sealed class XmlStreamWriterTests
{
    public static TheoryData<string, string> Escapes => new()
    {
        { "plain", "plain" },
        { "a & b", "a &amp; b" },
        { "<>'\"", "&lt;&gt;&apos;&quot;" },
        { "\t\n\r", "&#9;&#10;&#13;" },
        { "é中😀", "é中😀" },
        { "\u0000\u0001\u001f\ufffe\uffff", "\ufffd\ufffd\ufffd\ufffd\ufffd" },
        { "\ud83d", "\ufffd" },
        { "\ude00\ud83d", "\ufffd\ufffd" },
        { "\u007f\u0085\u2028\ufeff", "\u007f\u0085\u2028\ufeff" },
        { "", "" },
    };

    [Theory]
    [MemberData(nameof(Escapes))]
    public void A_value_is_escaped_exactly(string value, string written)
    {
        var output = new ArrayBufferWriter<byte>();
        XmlStreamWriter.WriteEscaped(output, value);

        Assert.Equal(written, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Text_keeps_quotes_tabs_and_line_feeds() =>
        Assert.Equal("<a xmlns=''>'\"\t\n&#13;&amp;&lt;&gt;\ufffd</a>", new Element("", "a", "'\"\t\n\r&<>\u0002").ToString());

    [Fact]
    public void The_default_namespace_is_declared_where_it_changes() => Assert.Equal(
        "<iq><query xmlns='urn:q'><item/><note xmlns='jabber:client'/><none xmlns=''/></query><error/></iq>",
        Written(new Element(Namespaces.Client, "iq",
            new Element("urn:q", "query",
                new Element("urn:q", "item"), new Element(Namespaces.Client, "note"), new Element("", "none")),
            new Element(Namespaces.Client, "error"))));

    [Fact]
    public void The_stream_prefix_serves_the_stream_namespace()
    {
        var features = new Element(Namespaces.Stream, "features", new Element("urn:f", "f"), new Element(Namespaces.Stream, "x"));

        Assert.Equal("<stream:features><f xmlns='urn:f'/><stream:x/></stream:features>", Written(features));
        Assert.Equal("<features xmlns='http://etherx.jabber.org/streams'><f xmlns='urn:f'/><x/></features>", features.ToString());
    }

    [Fact]
    public void Attributes_with_a_namespace_get_a_prefix() => Assert.Equal(
        "<a xml:lang='en' xmlns:ns2='urn:x' ns2:b='1' xmlns:ns3='&lt;' ns3:b='2' ns2:c='3' d='4'/>",
        Written(new Element(Namespaces.Client, "a",
            new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), "en"),
            new ElementAttribute(new XmlName("urn:x", "b"), "1"),
            new ElementAttribute(new XmlName("<", "b"), "2"),
            new ElementAttribute(new XmlName("urn:x", "c"), "3"),
            Element.Attr("d", "4"))));

    [Fact]
    public void Long_text_crosses_the_ends_of_buffers()
    {
        var text = string.Concat(Enumerable.Repeat("é<中😀 and some more text ", 2000));
        var output = new OneByteMoreWriter();
        XmlStreamWriter.Write(output, new Element("", "a", text), "");

        var expected = "<a>" + text.Replace("<", "&lt;", StringComparison.Ordinal) + "</a>";
        Assert.Equal(expected, Encoding.UTF8.GetString(output.Written.ToArray()));
    }

    private static string Written(Element element)
    {
        var output = new ArrayBufferWriter<byte>();
        XmlStreamWriter.Write(output, element, Namespaces.Client);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>Gives out as little memory as it is asked for.</summary>
    private sealed class OneByteMoreWriter : IBufferWriter<byte>
    {
        private byte[] _buffer = [];

        public List<byte> Written { get; } = [];

        public void Advance(int count) => Written.AddRange(_buffer.AsSpan(0, count));

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer = new byte[sizeHint + 1];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
