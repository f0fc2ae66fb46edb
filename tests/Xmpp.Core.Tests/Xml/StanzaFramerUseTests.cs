using System.Diagnostics;
using System.Text;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xunit;
using static Xmpp.Core.Tests.Xml.Streams;

namespace Xmpp.Core.Tests.Xml;

/// <summary>What a server relies on beside the frames: one framer for many streams, no garbage, no slow input.</summary>
public sealed class StanzaFramerUseTests
{
    private readonly StanzaFramer _framer = new(new FramerLimits());

    [Fact]
    public void One_framer_serves_many_streams_in_turn()
    {
        var scopes = new StreamScope?[3];
        for (var i = 0; i < scopes.Length; i++)
        {
            var header = Header.Replace(">", $" xmlns:p='urn:{i}'>", StringComparison.Ordinal);
            Assert.Equal(FrameKind.StreamOpen, ReadNext(ref scopes[i], header));
        }
        for (var i = 0; i < scopes.Length; i++)
        {
            Assert.Equal(FrameKind.Stanza, ReadNext(ref scopes[i], "<p:a/>"));
            Assert.Equal($"urn:{i}", _framer.Stanza.ToElement().Name.Namespace);
            Assert.Equal(FrameKind.StreamClose, ReadNext(ref scopes[i], Footer));
        }
        Assert.Equal(FrameKind.Error, ReadNext(ref scopes[0], "<a/>"));
    }

    [Fact]
    public void The_usual_header_needs_no_scope_of_its_own()
    {
        Assert.Same(StreamScope.Start, _framer.Scope);
        _framer.Read(Encoding.UTF8.GetBytes(Header), out _);
        Assert.Same(StreamScope.Client, _framer.Scope);

        _framer.Reset();
        _framer.Read("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>"u8.ToArray(), out _);
        Assert.Same(StreamScope.Server, _framer.Scope);
    }

    [Fact]
    public void A_partial_frame_is_known_as_one()
    {
        _framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.NeedMore, _framer.Read("<a>"u8.ToArray(), out _));
        Assert.True(_framer.HasPartialFrame);
        Assert.Equal(FrameKind.Stanza, _framer.Read("<a></a>"u8.ToArray(), out _));
        Assert.False(_framer.HasPartialFrame);
        Assert.Equal(FrameKind.NeedMore, _framer.Read(ReadOnlyMemory<byte>.Empty, out _));
        Assert.False(_framer.HasPartialFrame);
    }

    [Fact]
    public void An_error_lasts_until_another_stream_begins()
    {
        _framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.Error, _framer.Read("text"u8.ToArray(), out var consumed));
        Assert.Equal(FrameKind.Error, _framer.Read("<a/>"u8.ToArray(), out _));
        Assert.Equal(0, consumed);

        _framer.Begin(StreamScope.Client);
        Assert.Null(_framer.Error);
        Assert.Equal(FrameKind.Stanza, _framer.Read("<a/>"u8.ToArray(), out _));
    }

    [Fact]
    public void Limits_may_grow_after_authentication()
    {
        var stanza = Encoding.UTF8.GetBytes($"<a>{new string('x', 20_000)}</a>");
        _framer.Limits = new FramerLimits(MaxStanzaBytes: 10_000);
        _framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.Error, _framer.Read(stanza, out _));
        Assert.Equal("stanza-too-big", _framer.Error?.Application?.Name.Local);

        _framer.Limits = new FramerLimits();
        _framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.Stanza, _framer.Read(stanza, out _));
    }

    [Fact]
    public void A_stanza_of_just_the_allowed_size_passes_with_others_behind_it()
    {
        const string stanza = "<a>12345</a>";
        var input = Encoding.UTF8.GetBytes(stanza + stanza);

        _framer.Limits = new FramerLimits(MaxStanzaBytes: stanza.Length);
        _framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.Stanza, _framer.Read(input, out var consumed));
        Assert.Equal(stanza.Length, consumed);

        _framer.Limits = new FramerLimits(MaxStanzaBytes: stanza.Length - 1);
        _framer.Begin(StreamScope.Client);
        Assert.Equal(FrameKind.Error, _framer.Read(input, out _));
        Assert.Equal(StreamErrorCondition.PolicyViolation, _framer.Error?.Condition);
    }

    [Fact]
    public void Depth_has_a_bound_that_no_configuration_lifts() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FramerLimits(MaxDepth: FramerLimits.DepthBound + 1));

    [Fact]
    public void A_warm_framer_allocates_nothing()
    {
        ReadOnlyMemory<byte> stanzas = Encoding.UTF8.GetBytes(
            Message + " <presence/><iq id='&lt;1'><p:q xmlns:p='urn:&amp;' p:a='1' stream:b='2'/>é&amp;<![CDATA[x]]></iq>");
        Assert.Equal(0, AllocatedBy(ReadAll));
        Assert.Equal(0, AllocatedBy(ReadInPieces));

        void ReadAll()
        {
            var rest = stanzas;
            _framer.Begin(StreamScope.Client);
            while (!rest.IsEmpty)
            {
                var kind = _framer.Read(rest, out var consumed);
                rest = rest[consumed..];
                if (kind == FrameKind.Stanza)
                {
                    _framer.Stanza.HasChild("urn:none"u8, "none"u8);
                    _framer.Stanza.TryGetAttribute("to"u8, out _);
                }
                else if (kind != FrameKind.Whitespace)
                {
                    Assert.Fail(_framer.Error?.Text);
                }
            }
        }

        void ReadInPieces()
        {
            var start = 0;
            _framer.Begin(StreamScope.Client);
            for (var end = 0; end <= stanzas.Length; end++)
            {
                _framer.Read(stanzas[start..end], out var consumed);
                start += consumed;
            }
            Assert.True(start == stanzas.Length);
        }
    }

    public static TheoryData<string, string, string> Hostile => new()
    {
        { "text", "<a>", "x" },
        { "brackets", "<a>", "]" },
        { "greater-than signs", "<a>", "]>" },
        { "references", "<a>", "&amp;" },
        { "zeros in references", "<a>", "&#0000000000000000000000000000000000000000000000000065;" },
        { "CDATA sections", "<a>", "<![CDATA[]]>" },
        { "one CDATA section", "<a><![CDATA[", "]]" },
        { "a name", "<a", "a" },
        { "a name that isn't ASCII", "<a", "é" },
        { "white space in a start tag", "<a", " " },
        { "white space in an end tag", "<a></a", " " },
        { "a value", "<a b='", "x" },
        { "a value with references", "<a b='", "&lt;" },
        { "a value with tabs", "<a b='", "\t" },
        { "elements", "<a><b>", "<c/>" },
        { "elements with a long name", "<a><b>", $"<{new string('c', 2000)}></{new string('c', 2000)}>" },
        { "children with attributes", "<a><b>", $"<c{string.Concat(Enumerable.Range(10, 64).Select(i => $" d{i}=''"))}/>" },
        { "prefixes", $"<a{string.Concat(Enumerable.Range(10, 60).Select(i => $" xmlns:p{i}='u'"))}><b>", "<p10:c p69:d=''/>" },
        { "default namespaces", "<a><b>", "<c xmlns='&#x75;'/>" },
        { "an XML declaration", "<?xml ", "?" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Bytes_that_come_one_by_one_cost_the_same_each(string what, string start, string repeated)
    {
        // Four times the bytes cost four times as much; if each byte cost what is before it, sixteen times.
        const int length = 50_000;
        var input = Encoding.UTF8.GetBytes(start + string.Concat(Enumerable.Repeat(repeated, 4 * length / repeated.Length)));
        var scope = start.StartsWith("<?", StringComparison.Ordinal) ? StreamScope.Start : StreamScope.Client;

        var ratio = double.MaxValue;
        for (var attempt = 0; attempt < 10 && ratio > 7; attempt++)
            ratio = Math.Min(ratio, TimeOf(4 * length) / TimeOf(length));

        Assert.True(ratio <= 7, $"{what}: {ratio}");

        double TimeOf(int bytes)
        {
            _framer.Begin(scope);
            var clock = Stopwatch.StartNew();
            for (var end = 1; end <= Math.Min(bytes, input.Length); end++)
                Assert.Equal(FrameKind.NeedMore, _framer.Read(input.AsMemory(0, end), out _));
            return clock.Elapsed.TotalMilliseconds;
        }
    }

    private FrameKind ReadNext(ref StreamScope? scope, string input)
    {
        _framer.Begin(scope);
        var kind = _framer.Read(Encoding.UTF8.GetBytes(input), out _);
        scope = _framer.Scope;
        return kind;
    }

    private static long AllocatedBy(Action action)
    {
        for (var i = 0; i < 3; i++)
            action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
