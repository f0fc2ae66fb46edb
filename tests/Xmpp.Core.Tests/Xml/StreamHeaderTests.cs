using System.Buffers;
using System.Text;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xunit;
using static Xmpp.Core.Tests.Xml.Streams;

namespace Xmpp.Core.Tests.Xml;

public sealed class StreamHeaderTests
{
    private const string StreamNamespace = "xmlns:stream='http://etherx.jabber.org/streams'";

    private readonly StanzaFramer _framer = new(new FramerLimits());

    [Fact]
    public void The_header_tells_what_negotiation_needs()
    {
        var header = HeaderOf(
            $"<stream:stream from='juliet@im.example.com' to='im.example.com' id='&lt;1>' version='1.0' xml:lang='en' xmlns='jabber:client' {StreamNamespace}>");

        Assert.Equal(new StreamHeader("im.example.com", "juliet@im.example.com", "<1>", "1.0", "en", "jabber:client"), header);
        Assert.Null(_framer.Error);
    }

    [Fact]
    public void The_prefix_free_style_is_understood() // RFC 6120 §4.8.2
    {
        const string stream =
            "<stream xmlns='http://etherx.jabber.org/streams'><message xmlns='jabber:client'><body>foo</body></message><error/></stream>";

        var frames = Read(stream);

        Assert.Equal([FrameKind.StreamOpen, FrameKind.Stanza, FrameKind.Stanza, FrameKind.StreamClose], frames.Select(frame => frame.Kind));
        Assert.Equal(new Element(Namespaces.Client, "message", new Element(Namespaces.Client, "body", "foo")), frames[1].Element);
        Assert.Equal(new Element(Namespaces.Stream, "error"), frames[2].Element);
    }

    [Fact]
    public void Another_prefix_for_the_stream_namespace_is_understood() => Assert.Equal(
        [FrameKind.StreamOpen, FrameKind.StreamClose],
        Read("<s:stream xmlns:s='http://etherx.jabber.org/streams'></s:stream >").Select(frame => frame.Kind));

    [Theory]
    [InlineData("<stream:stream to='a' xmlns:stream='http://wrong.namespace.example.org/'>", StreamErrorCondition.InvalidNamespace)]
    [InlineData("<stream to='a'>", StreamErrorCondition.InvalidNamespace)]
    [InlineData("<stream to='a' xmlns='jabber:client'>", StreamErrorCondition.InvalidNamespace)]
    [InlineData($"<stream:open to='a' {StreamNamespace}>", StreamErrorCondition.BadFormat)]
    [InlineData($"<stream:stream to='a' {StreamNamespace}/>", StreamErrorCondition.BadFormat)]
    public void What_a_wrong_header_says_is_known_so_that_it_can_be_answered(string header, StreamErrorCondition condition)
    {
        Assert.Equal("a", HeaderOf(header).To);
        Assert.Equal(condition, _framer.Error?.Condition);
    }

    [Theory]
    [InlineData("<stream:stream>", StreamErrorCondition.NotWellFormed)]
    [InlineData($"<stream:stream to='a' to='b' {StreamNamespace}>", StreamErrorCondition.NotWellFormed)]
    [InlineData("</stream:stream>", StreamErrorCondition.NotWellFormed)]
    [InlineData("GET / HTTP/1.1", StreamErrorCondition.NotWellFormed)]
    [InlineData("<![CDATA[", StreamErrorCondition.NotWellFormed)]
    [InlineData("\ufeff<?xml version='1.0'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData(" <?xml version='1.0'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version='1.0'?><?xml version='1.0'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml?>", StreamErrorCondition.RestrictedXml)]
    [InlineData("<?xml ?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version='1.1'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version='1.0\"?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version=1.0?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version='1.0'encoding='utf-8'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml encoding='utf-8' version='1.0'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version='1.0' standalone='maybe'?>", StreamErrorCondition.NotWellFormed)]
    [InlineData("<?xml version='1.0' encoding='UTF-16'?>", StreamErrorCondition.UnsupportedEncoding)]
    [InlineData("<?xml version='1.0' encoding='ISO-8859-1'?>", StreamErrorCondition.UnsupportedEncoding)]
    [InlineData("<!DOCTYPE stream>", StreamErrorCondition.RestrictedXml)]
    [InlineData("<?xml-stylesheet?>", StreamErrorCondition.RestrictedXml)]
    public void What_is_no_header_is_an_error(string start, StreamErrorCondition condition)
    {
        Assert.Equal(new Frame(FrameKind.Error, Error: condition), Read(_framer, Encoding.UTF8.GetBytes(start))[^1]);
        Assert.Same(StreamHeader.None, _framer.Header);
    }

    [Theory]
    [InlineData("<?xml version='1.0'?>")]
    [InlineData("<?xml\tversion = \"1.0\"\n?>")]
    [InlineData("<?xml version='1.0' encoding='utf-8'?>")]
    [InlineData("<?xml version='1.0' encoding=\"Utf-8\" standalone='yes' ?>")]
    [InlineData("<?xml version='1.0' standalone='no'?>")]
    public void An_XML_declaration_may_precede_the_header(string declaration)
    {
        var frames = Read(declaration + Header);

        Assert.Equal([new(FrameKind.Whitespace, declaration), new(FrameKind.StreamOpen, Header)], frames);
    }

    public static TheoryData<byte[]> OtherEncodings => new()
    {
        { [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Header)] },
        { [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(Header)] },
        { Encoding.Unicode.GetBytes(Header) },
        { Encoding.BigEndianUnicode.GetBytes(Header) },
        { Encoding.UTF32.GetBytes(Header) },
    };

    [Theory]
    [MemberData(nameof(OtherEncodings))]
    public void Other_encodings_are_unsupported(byte[] stream) =>
        Assert.Equal([new Frame(FrameKind.Error, Error: StreamErrorCondition.UnsupportedEncoding)], Read(stream));

    public static TheoryData<byte[]> InvalidUtf8 => new()
    {
        { [0xC0, 0xBC] }, // overlong
        { [0xE0, 0x80, 0xBC] },
        { [0xED, 0xA0, 0x80] }, // a surrogate
        { [0xF4, 0x90, 0x80, 0x80] }, // beyond U+10FFFF
        { [0x80] },
        { [0xE4, 0xB8] },
        { [0xFF] },
    };

    [Theory]
    [MemberData(nameof(InvalidUtf8))]
    public void Invalid_UTF8_is_an_unsupported_encoding_wherever_it_is(byte[] bytes)
    {
        foreach (var around in new[] { "<a>@</a>", "<a b='@'/>", "<@/>", "<a@/>", "<a @='1'/>", "<a><![CDATA[@]]></a>" })
        {
            var at = around.IndexOf('@', StringComparison.Ordinal);
            byte[] stream = [.. Encoding.UTF8.GetBytes(Header + around[..at]), .. bytes, .. Encoding.UTF8.GetBytes(around[(at + 1)..])];

            Assert.Equal(new Frame(FrameKind.Error, Error: StreamErrorCondition.UnsupportedEncoding), Read(stream)[^1]);
        }
        byte[] header = [.. "<stream:stream to='"u8, .. bytes, .. Encoding.UTF8.GetBytes($"' {StreamNamespace}>")];
        Assert.Equal([new Frame(FrameKind.Error, Error: StreamErrorCondition.UnsupportedEncoding)], Read(header));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("1.0", 1)]
    [InlineData("01.10", 1)]
    [InlineData("11.0", 11)]
    [InlineData("", -1)]
    [InlineData("1", -1)]
    [InlineData("1.x", -1)]
    [InlineData("-1.0", -1)]
    [InlineData("99999999999.0", -1)]
    public void The_major_version_is_a_number(string? version, int major) => // RFC 6120 §4.7.5
        Assert.Equal(major, (StreamHeader.None with { Version = version }).MajorVersion);

    [Fact]
    public void A_header_that_is_written_reads_back()
    {
        var header = new StreamHeader("a'b", "localhost", "<&>", "1.0", "en", Namespaces.Client);
        var output = new ArrayBufferWriter<byte>();
        header.Write(output);

        Assert.Equal([FrameKind.Whitespace, FrameKind.StreamOpen], Read(_framer, output.WrittenSpan.ToArray()).Select(frame => frame.Kind));
        Assert.Equal(header, _framer.Header);
        Assert.Same(StreamScope.Client, _framer.Scope);
    }

    private StreamHeader HeaderOf(string stream)
    {
        _framer.Read(Encoding.UTF8.GetBytes(stream), out _);
        return _framer.Header;
    }
}
