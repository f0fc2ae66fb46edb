using System.Text;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xunit;
using static Xmpp.Core.Tests.Xml.Streams;

namespace Xmpp.Core.Tests.Xml;

public sealed class StanzaFramerTests
{
    /// <summary>Streams that have to give the same frames however they are cut.</summary>
    public static TheoryData<string> Samples => new()
    {
        $"<?xml version='1.0'?>{Header}{Message} \r\n<presence/>{Footer}\n",
        $"<?xml version=\"1.0\" encoding='UTF-8' ?>\n<stream:stream\n xmlns:stream = \"http://etherx.jabber.org/streams\" >{Footer}",
        $"{Header}<a b = 'c>d/>\"' c=\"&lt;&#x1F600;'\" d='é\t中\r\n😀' ><é·/>x &amp;&#65;&#x41; ]] > ]&gt;<![CDATA[<]]]]></a\n>{Footer}",
        $"{Header}<p:a xmlns:p='u&amp;v' p:b='1' xmlns:q='w' q:b='2'><p:c/><c xmlns='&#x75;'/><stream:d/></p:a><![CDATA[",
        $"{Header}<a></a><b/><c>é</c>{Footer}<",
        $"{Header}<a>&bogus;",
        $"{Header}<a><!-- comment -->",
        $"{Header}<a><?target data?>",
        $"{Header}<a>\u0001",
        $"{Header}<a></b>",
        $"{Header}<a b='1' b='2'>",
        $"{Header}<a b='<'>",
        $"{Header}<p:a/>",
        $"{Header}text",
        "<?xml version='1.0' encoding='UTF-16'?>",
        "<!DOCTYPE a>",
        "<stream:stream xmlns:stream='urn:other'>",
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_stream_gives_the_same_frames_wherever_it_is_cut(string stream)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        var whole = Read(bytes);

        Assert.Equal(whole, Read(bytes, Enumerable.Repeat(1, bytes.Length)));
        for (var cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(whole, Read(bytes, cut));
    }

    [Fact]
    public void A_stream_is_an_open_tag_stanzas_white_space_and_a_close_tag()
    {
        var frames = Read($"<?xml version='1.0'?>\n{Header}<message/>\n <presence> </presence>{Footer}");

        Assert.Equal(
            [
                new(FrameKind.Whitespace, "<?xml version='1.0'?>\n"),
                new(FrameKind.StreamOpen, Header),
                new(FrameKind.Stanza, "<message/>", new Element(Namespaces.Client, "message")),
                new(FrameKind.Whitespace, "\n "),
                new(FrameKind.Stanza, "<presence> </presence>", new Element(Namespaces.Client, "presence", " ")),
                new(FrameKind.StreamClose, Footer),
            ],
            frames);
    }

    /// <summary>First-level elements, and what they mean.</summary>
    public static TheoryData<string, string> Accepted => new()
    {
        { "<a/>", "<a/>" },
        { "<a\t\n\r />", "<a/>" },
        { "<a></a \n>", "<a/>" },
        { "<a b = '1'\nc=\"2\"/>", "<a b='1' c='2'/>" },
        { "<a b='\"' c=\"'\" d='>'/>", "<a b='&quot;' c='&apos;' d='&gt;'/>" },
        { "<a b='&quot;&apos;&lt;&gt;&amp;'/>", "<a b='&quot;&apos;&lt;&gt;&amp;'/>" },
        // Attribute-value normalisation (XML 1.0 §3.3.3); references keep their characters.
        { "<a b='x\ty\nz\r\n\r'/>", "<a b='x y z  '/>" },
        { "<a b='&#9;&#xA;&#13;&#32;'/>", "<a b='&#9;&#10;&#13; '/>" },
        // Line ends (§2.11).
        { "<a>1\r\n2\r3&#13;4<![CDATA[\r\n\r&#13;]]></a>", "<a>1\n2\n3&#13;4\n\n&amp;#13;</a>" },
        { "<a>&lt;&#65;&#x1f600;&#x10FFFF;&#000000065;</a>", "<a>&lt;A😀\U0010FFFFA</a>" },
        { "<a>x<![CDATA[<&]]]]><![CDATA[>]]>y</a>", "<a>x&lt;&amp;]]&gt;y</a>" },
        { "<a>]] > ]]&gt; ></a>", "<a>]] &gt; ]]&gt; &gt;</a>" },
        { "<a>\u007f\u0085\ufeff\ufdd0\ufffd</a>", "<a>\u007f\u0085\ufeff\ufdd0\ufffd</a>" },
        { "<é·-._1 é='1'/>", "<é·-._1 é='1'/>" },
        { "<a xmlns='u'><b/><c xmlns=''/></a>", "<a xmlns='u'><b/><c xmlns=''/></a>" },
        { "<p:a xmlns:p='u'><p:b p:c='1'/></p:a>", "<a xmlns='u'><b xmlns:ns1='u' ns1:c='1'/></a>" },
        { "<a p:b='1' xmlns:p='u&#x26;\n'/>", "<a xmlns:ns1='u&amp; ' ns1:b='1'/>" },
        { "<a xmlns:p='u'><b xmlns:p='v'><p:c/></b><p:c/></a>", "<a><b><c xmlns='v'/></b><c xmlns='u'/></a>" },
        { "<a xmlns:p='u' xmlns:q='v' p:b='1' q:b='2' b='3'/>", "<a xmlns:ns1='u' ns1:b='1' xmlns:ns2='v' ns2:b='2' b='3'/>" },
        { "<a xml:lang='en' xml:space=' preserve '/>", "<a xml:lang='en' xml:space=' preserve '/>" },
        { "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'/>", "<a xml:lang='en'/>" },
        { "<stream:features/>", "<features xmlns='http://etherx.jabber.org/streams'/>" },
        { "<a xmlns:stream='u'><stream:b/></a>", "<a><b xmlns='u'/></a>" },
        { "<xmlfoo/>", "<xmlfoo/>" },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    public void What_is_well_formed_is_understood(string stanza, string meaning)
    {
        var frame = Read(Header + stanza)[1];

        Assert.Equal(stanza, frame.Text);
        Assert.Equal(meaning, frame.Element?.ToString());
    }

    /// <summary>What may not stand in a stream, and the stream error (RFC 6120 §4.9.3) it causes.</summary>
    public static TheoryData<string, StreamErrorCondition> Refused => new()
    {
        // Features that RFC 6120 §11.1 prohibits.
        { "<!-- comment -->", StreamErrorCondition.RestrictedXml },
        { "<a><!-- comment -->", StreamErrorCondition.RestrictedXml },
        { "<?pi data?>", StreamErrorCondition.RestrictedXml },
        { "<a><?pi?>", StreamErrorCondition.RestrictedXml },
        { "<a><?xmlfoo bar?>", StreamErrorCondition.RestrictedXml },
        { "<!DOCTYPE a>", StreamErrorCondition.RestrictedXml },
        { "<a>&entity;", StreamErrorCondition.RestrictedXml },
        { "<a b='&entity;'/>", StreamErrorCondition.RestrictedXml },
        { "<a>&AMP;", StreamErrorCondition.RestrictedXml },
        // Only white space between stanzas (§11.7).
        { "text", StreamErrorCondition.BadFormat },
        { "&amp;", StreamErrorCondition.BadFormat },
        { "&#32;", StreamErrorCondition.BadFormat },
        { "<![CDATA[]]>", StreamErrorCondition.BadFormat },
        { "\ufeff", StreamErrorCondition.BadFormat },
        // XML 1.0.
        { "<>", StreamErrorCondition.NotWellFormed },
        { "< a/>", StreamErrorCondition.NotWellFormed },
        { "<1/>", StreamErrorCondition.NotWellFormed },
        { "<-a/>", StreamErrorCondition.NotWellFormed },
        { "<·a/>", StreamErrorCondition.NotWellFormed },
        { "<a\u00d7/>", StreamErrorCondition.NotWellFormed },
        { "<𐀀/>", StreamErrorCondition.NotWellFormed },
        { "<a/ >", StreamErrorCondition.NotWellFormed },
        { "<a b/>", StreamErrorCondition.NotWellFormed },
        { "<a b=c/>", StreamErrorCondition.NotWellFormed },
        { "<a b='1'c='2'/>", StreamErrorCondition.NotWellFormed },
        { "<a b='<'/>", StreamErrorCondition.NotWellFormed },
        { "<a <b/>", StreamErrorCondition.NotWellFormed },
        { "<a b='1' b='1'/>", StreamErrorCondition.NotWellFormed },
        { "<a b='\u0001'/>", StreamErrorCondition.NotWellFormed },
        { "<a>\0", StreamErrorCondition.NotWellFormed },
        { "<a>\u001f", StreamErrorCondition.NotWellFormed },
        { "<a><![CDATA[\u000b]]>", StreamErrorCondition.NotWellFormed },
        { "<a>\ufffe</a>", StreamErrorCondition.NotWellFormed },
        { "<a b='\uffff'/>", StreamErrorCondition.NotWellFormed },
        { "<a>]]>", StreamErrorCondition.NotWellFormed },
        { "<a>& ", StreamErrorCondition.NotWellFormed },
        { "<a>&;", StreamErrorCondition.NotWellFormed },
        { "<a>&amp ", StreamErrorCondition.NotWellFormed },
        { "<a>&#;", StreamErrorCondition.NotWellFormed },
        { "<a>&#x;", StreamErrorCondition.NotWellFormed },
        { "<a>&#X41;", StreamErrorCondition.NotWellFormed },
        { "<a>&#0;", StreamErrorCondition.NotWellFormed },
        { "<a>&#11;", StreamErrorCondition.NotWellFormed },
        { "<a>&#xD800;", StreamErrorCondition.NotWellFormed },
        { "<a>&#xFFFF;", StreamErrorCondition.NotWellFormed },
        { "<a>&#x110000;", StreamErrorCondition.NotWellFormed },
        { "<a>&#99999999999;", StreamErrorCondition.NotWellFormed },
        { "<a b='&#xFFFE;'/>", StreamErrorCondition.NotWellFormed },
        { "<a></b>", StreamErrorCondition.NotWellFormed },
        { "<a></a b>", StreamErrorCondition.NotWellFormed },
        { "<a></ a>", StreamErrorCondition.NotWellFormed },
        { "<a></aa>", StreamErrorCondition.NotWellFormed },
        { "<aa></a>", StreamErrorCondition.NotWellFormed },
        { "<a></a<", StreamErrorCondition.NotWellFormed },
        { "</a>", StreamErrorCondition.NotWellFormed },
        { "</stream:streams>", StreamErrorCondition.NotWellFormed },
        { "<a>" + Footer, StreamErrorCondition.NotWellFormed },
        { "<!a>", StreamErrorCondition.NotWellFormed },
        { "<a><![INCLUDE[", StreamErrorCondition.NotWellFormed },
        { "<?xml version='1.0'?>", StreamErrorCondition.NotWellFormed },
        { Footer + "<a/>", StreamErrorCondition.NotWellFormed },
        { Footer + "text", StreamErrorCondition.NotWellFormed },
        // Namespaces in XML 1.0; the condition is that of RFC 6120 §11.3.
        { "<p:a/>", StreamErrorCondition.NotWellFormed },
        { "<a p:b='1'/>", StreamErrorCondition.NotWellFormed },
        { "<a><b xmlns:p='u'/><p:b/></a>", StreamErrorCondition.NotWellFormed },
        { "<a:b:c/>", StreamErrorCondition.NotWellFormed },
        { "<:a/>", StreamErrorCondition.NotWellFormed },
        { "<a:/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:p=''/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:='u'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:xmlns='u'/>", StreamErrorCondition.NotWellFormed },
        { "<xmlns:a/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:xml='u'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns='http://www.w3.org/XML/1998/namespace'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns='http://www.w3.org/2000/xmlns&#47;'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns='u' xmlns='u'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:p='u v' xmlns:q='&#x75;\nv' p:b='1' q:b='2'/>", StreamErrorCondition.NotWellFormed },
        { "<a xmlns:p='http://etherx.jabber.org/streams' p:b='1' stream:b='2'/>", StreamErrorCondition.NotWellFormed },
        // XML 1.0 §2.10: an error, but not of well-formedness.
        { "<a xml:space='other'/>", StreamErrorCondition.InvalidXml },
        // FramerLimits.
        { $"<a>&#{new string('0', 100)}65;", StreamErrorCondition.PolicyViolation },
        { $"<a>{new string(' ', 300_000)}</a>", StreamErrorCondition.PolicyViolation },
        { $"<a b='{new string(' ', 300_000)}'/>", StreamErrorCondition.PolicyViolation },
        { $"<{new string('a', 300_000)}/>", StreamErrorCondition.PolicyViolation },
        { Repeated("<a>", 129), StreamErrorCondition.PolicyViolation },
        { Repeated("<a>", 128) + "<b/>", StreamErrorCondition.PolicyViolation },
        { $"<a{Numbered(" b{0}=''", 65)}/>", StreamErrorCondition.PolicyViolation },
        { $"<a{Numbered(" xmlns:p{0}='u'", 60)}><b{Numbered(" xmlns:p{0}='u'", 5)}/></a>", StreamErrorCondition.PolicyViolation },
        { $"<a>{Repeated("<b/>", 1025)}</a>", StreamErrorCondition.PolicyViolation },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_may_not_be_in_a_stream_is_the_stream_error_that_the_RFC_names(string input, StreamErrorCondition condition)
    {
        var frames = Read(Header + input);

        Assert.Equal(new Frame(FrameKind.Error, Error: condition), frames[^1]);
    }

    private static string Repeated(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static string Numbered(string format, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => format.Replace("{0}", $"{i}", StringComparison.Ordinal)));
}
