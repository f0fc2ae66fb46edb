using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Xml;

/// <summary>Whatever elements modules make, the stream that carries them stays in order and brings them back.</summary>
public sealed class ElementRoundTripTests
{
    private static readonly string[] Names = ["a", "body", "é", "_x-1.2", "xmlns1", "stream", "ns1"];

    private static readonly string[] NamespaceNames =
        ["", Namespaces.Client, Namespaces.Server, Namespaces.Stream, Namespaces.Xml, "urn:a", "urn:b&<'\"> é\t", "urn:c\r\n"];

    /// <summary>Any UTF-16, with more than its share of what is special.</summary>
    private static readonly Gen<string> Texts = Gen.OneOf(
            Gen.Elements("&<>'\"\t\n\r ]]>\0\u0001\u001f\u007f\u0085\ud800\udc00\ufffd\ufffe\uffff".ToCharArray()),
            Gen.Choose(0, 0xFFFF).Select(c => (char)c),
            Gen.Choose(' ', '~').Select(c => (char)c))
        .ArrayOf().Select(chars => new string(chars));

    private static readonly Gen<XmlName> XmlNames =
        from ns in Gen.Elements(NamespaceNames)
        from local in Gen.Elements(Names)
        select new XmlName(ns, local);

    private static readonly Gen<ElementAttribute> Attributes =
        from name in XmlNames
        from value in Texts
        select new ElementAttribute(name, value);

    private static readonly Arbitrary<Element> Elements = Gen.Sized(ElementOfSize).ToArbitrary();

    [Fact]
    public void A_written_element_reads_back() => Prop
        .ForAll(Elements, element =>
        {
            var expected = Carried(element);
            Assert.Equal(expected, Reread(element, StreamScope.Client, streamPrefix: true));
            Assert.Equal(expected, Reread(element, StreamScope.Server, streamPrefix: false));
            Assert.Equal(expected, Reread(element, StreamScope.ForContent(""), streamPrefix: false));
        })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true));

    [Fact]
    public void A_converted_element_converts_back() => Prop
        .ForAll(Elements, element => Assert.Equal(element, element.ToXElement().FromXElement()))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));

    [Fact]
    public void The_deepest_element_that_any_limits_allow_is_read_compared_and_written()
    {
        var xml = string.Concat(Enumerable.Repeat("<a>", FramerLimits.DepthBound))
            + string.Concat(Enumerable.Repeat("</a>", FramerLimits.DepthBound));
        var isSame = false;
        var thread = new Thread(
            () =>
            {
                var element = Element.Parse(xml);
                isSame = element.Equals(Element.Parse(element.ToString()));
            },
            maxStackSize: 1 << 20);
        thread.Start();
        thread.Join();

        Assert.True(isSame);
    }

    private static Gen<Element> ElementOfSize(int size) =>
        from name in XmlNames
        from attributes in Attributes.ArrayOf().Resize(Math.Min(size, 8))
        from content in size == 0
            ? Gen.Constant<object[]>([])
            : Gen.OneOf(ElementOfSize(size / 4).Select(child => (object)child), Texts.Select(text => (object)text)).ArrayOf().Resize(size / 4)
        select new Element(name, attributes.DistinctBy(attribute => attribute.Name), content);

    /// <summary>The element without what XML can't carry, as the writer documents it.</summary>
    private static Element Carried(Element element) => new(
        element.Name,
        element.Attributes.Select(attribute => attribute with { Value = Carried(attribute.Value) }),
        element.Nodes.Select(node => node is Element child ? Carried(child) : (object)Carried((string)node)));

    private static string Carried(string text)
    {
        var carried = new StringBuilder();
        foreach (var rune in text.EnumerateRunes()) // replaces lone surrogates
        {
            var isForbidden = rune.Value is (< ' ' and not ('\t' or '\n' or '\r')) or 0xFFFE or 0xFFFF;
            carried.Append(isForbidden ? Rune.ReplacementChar : rune);
        }
        return carried.ToString();
    }

    private static Element Reread(Element element, StreamScope scope, bool streamPrefix)
    {
        var output = new ArrayBufferWriter<byte>();
        XmlStreamWriter.Write(output, element, scope.DefaultNamespace, streamPrefix);
        var framer = new StanzaFramer(new FramerLimits());
        framer.Begin(scope);
        var kind = framer.Read(output.WrittenMemory, out var consumed);
        Assert.True(kind == FrameKind.Stanza, framer.Error?.Text);
        Assert.Equal(output.WrittenCount, consumed);
        return framer.Stanza.ToElement();
    }
}
