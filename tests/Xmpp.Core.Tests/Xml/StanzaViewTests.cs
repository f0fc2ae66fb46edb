using System.Text;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Xml;

public sealed class StanzaViewTests
{
    private static readonly FramerLimits Limits = new();

    [Fact]
    public void A_view_shows_the_head()
    {
        var view = View(Streams.Message);

        Assert.Equal("message", Text(view.LocalName));
        Assert.Equal(Namespaces.Client, Text(view.Namespace));
        Assert.Equal("romeo@localhost/r", view.Attribute("to"u8));
        Assert.Equal("en", view.Attribute("xml:lang"u8));
        Assert.Null(view.Attribute("from"u8));
        Assert.Equal(Streams.Message, Text(view.Bytes.Span));
    }

    [Fact]
    public void A_view_shows_where_attributes_are()
    {
        const string stanza = "<a b='1'  c = \"&lt;2\"/>";
        var view = View(stanza);

        Assert.True(view.TryGetAttribute("c"u8, out var attribute));
        Assert.Equal("c = \"&lt;2\"", stanza[attribute.Start..attribute.End]);
        Assert.Equal("&lt;2", stanza[attribute.RawValue]);
        Assert.False(attribute.IsPlain);
        Assert.Equal("<2", view.Attribute("c"u8));

        Assert.True(view.TryGetAttribute("b"u8, out attribute));
        Assert.True(attribute.IsPlain);
        Assert.Equal("1", stanza[attribute.RawValue]);
        Assert.False(view.TryGetAttribute("d"u8, out _));
    }

    [Theory]
    [InlineData("<a/>", "<a from='x'/>", -1)]
    [InlineData("<a b='1'/>", "<a from='x' b='1'/>", -1)]
    [InlineData("<a></a>", "<a from='x'></a>", 3)]
    [InlineData("<a><b/>t</a >", "<a from='x'><b/>t</a >", 8)]
    public void A_view_shows_where_to_splice(string stanza, string withAttribute, int contentEnd)
    {
        var view = View(stanza);

        Assert.Equal(withAttribute, stanza.Insert(view.NameEnd, " from='x'"));
        Assert.Equal(contentEnd, view.ContentEnd);
    }

    [Fact]
    public void A_view_lists_the_children()
    {
        const string stanza =
            "<p:a xmlns:p='urn:p' xmlns='urn:d'>text<b>b&amp;<x>no</x>b<![CDATA[<]]></b><p:c/><d xmlns='a&#98;c'>\r\n</d ><stream:e/><f xmlns=''/></p:a>";
        var view = View(stanza);

        Assert.Equal(
            ["urn:d b b&b<", "urn:p c ", "abc d \n", "http://etherx.jabber.org/streams e ", " f "],
            Enumerable.Range(0, view.ChildCount).Select(i => $"{Text(view.Child(i).Namespace)} {Text(view.Child(i).LocalName)} {view.ChildText(i)}"));
        Assert.Equal("<d xmlns='a&#98;c'>\r\n</d >", stanza[view.Child(2).Start..view.Child(2).End]);
        Assert.True(view.HasChild("urn:p"u8, "c"u8));
        Assert.False(view.HasChild("urn:d"u8, "c"u8));
        Assert.Equal(2, view.IndexOfChild("abc"u8, "d"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => view.Child(5).End);
        Assert.Throws<ArgumentOutOfRangeException>(() => view.Child(-1).End);
    }

    [Theory]
    [InlineData("<message><body>text</body></message>", true)]
    [InlineData("<message xml:lang='en'/>", true)]
    [InlineData("<message><p:x xmlns:p='urn:p' p:y='1'/></message>", true)]
    [InlineData("<message xmlns:stream='urn:other'><stream:x/></message>", true)]
    [InlineData("<message><stream:x/></message>", false)]
    [InlineData("<message><x><y stream:z='1'/></x></message>", false)]
    [InlineData("<p:message xmlns:p='jabber:client'/>", false)]
    [InlineData("<p:other xmlns:p='urn:p'/>", false)]
    [InlineData("<message><p:body xmlns:p='jabber:client'/></message>", false)]
    [InlineData("<message><p:body xmlns:p='jabber:&#115;erver'/></message>", false)]
    public void A_stanza_is_self_contained_unless_it_leans_on_prefixes(string stanza, bool expected) =>
        Assert.Equal(expected, View(stanza).IsSelfContained);

    [Fact]
    public void The_element_is_made_once_for_each_stanza()
    {
        var framer = new StanzaFramer(Limits);
        framer.Begin(StreamScope.Client);
        framer.Read("<a/><b/>"u8.ToArray(), out var consumed);
        var first = framer.Stanza.ToElement();

        Assert.Same(first, framer.Stanza.ToElement());
        framer.Read("<b/>"u8.ToArray(), out _);
        Assert.Equal("b", framer.Stanza.ToElement().Name.Local);
        Assert.Equal(4, consumed);
    }

    private static StanzaView View(string stanza)
    {
        var framer = new StanzaFramer(Limits);
        framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.Stanza, framer.Read(Encoding.UTF8.GetBytes(stanza), out _));
        return framer.Stanza;
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
