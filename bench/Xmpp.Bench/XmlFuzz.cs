using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Bench;

/// <summary>
/// Differential fuzzing of <see cref="StanzaFramer"/> against System.Xml: mutates streams and expects that both accept
/// the same ones, but for what RFC 6120 restricts, and see the same elements in them.
/// </summary>
internal static class XmlFuzz
{
    private const string Header =
        "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

    private const string Footer = "</stream:stream>";

    private const string Incomplete = "incomplete";

    private static readonly string[] Bodies =
    [
        """
        <message to='romeo@localhost/r' type='chat' id='m8f3a-aaaa' xml:lang='en'><body>Hello there, how are you?</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='m8f3a-aaaa'/></message>
        """,
        """
        <presence id='p1'><show>away</show><status>be right back &amp; so on</status><priority>5</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://gajim.org' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/></presence>
        """,
        "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq> <r xmlns='urn:xmpp:sm:3'/>",
        "<message><body>a &lt; b &#x41; <![CDATA[x<y]]> c</body><x:y xmlns:x='u' x:z='1' x:w='2' z='3'><x:w/></x:y></message>",
        "<message xml:lang='en' xml:space='default'>\r\n<body\n a = \"1\"\tb='&#10;2'>é中😀</body ></message > \n<presence/>",
        "<a><b><c d='e'>f</c></b><g xmlns='h'><i xmlns=''/><p:j xmlns:p='k' xmlns:q=\"k\" p:l='m' q:n='o'/></g></a>",
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features><auth/>",
    ];

    /// <summary>What is inserted: whatever has a meaning in XML, and what almost has.</summary>
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "<", "</", "/>", ">", "&amp;", "&lt;", "&#65;", "&#x1F600;", "&#0;", "&#xD800;", "&#xFFFE;", "&#x110000;", "&#13;", "&#9;",
            "&bogus;", "&", "&;", "&#;", "&#x;", "&#000000000000000000065;", "]]>", "<![CDATA[", "<![CDATA[x]]>", "<![CDATA[]]>",
            "<![CDATA[&\r]]>", "<!--c-->", "<!-- -- -->", "<?pi x?>", "<?xml version='1.0'?>", "<!DOCTYPE a>", "<!ELEMENT a ANY>",
            " xmlns='a'", " xmlns=''", " xmlns:p='q'", " xmlns:p=''", " xmlns:p='&#113;'", " xmlns:p='\tq'", " p:a='1'", " a='1'", " xml:lang='de'",
            " xml:space='preserve'", " xml:space=' default '", " xml:space='other'", " xml:id='1'", " xmlfoo='1'", " xml:base='b'",
            " xmlns:xml='http://www.w3.org/XML/1998/namespace'", " xmlns:x='http://www.w3.org/XML/1998/namespace'",
            " xmlns='http://www.w3.org/XML/1998/namespace'", " xmlns='http://www.w3.org/2000/xmlns/'",
            " xmlns:xmlns='x'", " xmlns:x='http://www.w3.org/2000/xmlns/'", " xmlns:xmlfoo='y'", " xmlns:stream='other'", " xmlns:a:b='c'",
            "<p:a xmlns:p='u'/>", "<p:a/>", "<xml:a/>", "<xmlns:a/>", "<stream:error/>", "<a/>", "<a b='1' b='2'/>",
            "<a xmlns:x='u' xmlns:y='u' x:a='1' y:a='2'/>", "<a xmlns:x='u' xmlns:y='v' x:a='1' y:a='2' a='3'/>",
            "<f:message xmlns:f='jabber:client'><f:body/></f:message>",
            "\r\n", "\r", "\t", "\n", " ", "é", "中", "😀", "\ufffe", "\uffff", "\uffef", "\u0085", "\u2028", "\ufeff", "'", "\"", "=", ":",
            "\0", "\u0001", "\u001f", "\u007f", Footer, "<stream:stream>", "-", ".", "1", "_", "]", "]]", "!", "?",
            "<é/>", "<中 中='1'/>", "<a:b:c/>", "<:a/>", "<a:/>", "<·/>", "<a·/>", "<ï:x xmlns:ï='u'/>", "<𐀀/>", "<a\u0300/>", "<\u0300/>",
        }.Select(Encoding.UTF8.GetBytes),
        // Not UTF-8: overlong forms, a surrogate, too large, cut short, a stray continuation.
        [0xC0, 0xBC], [0xE0, 0x80, 0xBC], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE4, 0xB8], [0x80], [0xFF],
    ];

    private static readonly FramerLimits Limits =
        new(int.MaxValue, FramerLimits.DepthBound, MaxAttributes: int.MaxValue, MaxPrefixes: int.MaxValue, MaxChildren: int.MaxValue);

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Runs the fuzzer and describes the first divergences of each kind.</summary>
    /// <param name="mutations">How many inputs to try; <see cref="long.MaxValue"/> until a divergence.</param>
    /// <param name="seed">The same seed gives the same inputs.</param>
    /// <returns>True when there was no divergence.</returns>
    public static bool Run(long mutations, int seed, TextWriter output)
    {
        var random = new Random(seed);
        var (accepted, divergences) = (0L, 0L);
        var clock = Stopwatch.StartNew();
        var reported = TimeSpan.Zero;
        long done;
        for (done = 0; done < mutations && divergences < 20; done++)
        {
            var document = Mutated(random);
            var reference = ReadWithSystemXml(document);
            accepted += reference.Elements is null ? 0 : 1;
            if (Divergence(document, reference, pieces: done % 8 == 0 ? random : null) is { } divergence)
            {
                divergences++;
                output.WriteLine($"#{done}: {divergence}\n  {Printable(document)}");
            }
            if (clock.Elapsed - reported > TimeSpan.FromSeconds(10))
            {
                reported = clock.Elapsed;
                output.WriteLine(Summary());
            }
        }
        output.WriteLine(Summary());
        return divergences == 0;

        string Summary() => string.Create(CultureInfo.InvariantCulture,
            $"{done} mutated streams in {clock.Elapsed.TotalSeconds:F0} s: System.Xml accepts {accepted}; {divergences} divergences");
    }

    private static byte[] Mutated(Random random)
    {
        var body = Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)]);
        var header = Encoding.UTF8.GetBytes(Header);
        var footer = Encoding.UTF8.GetBytes(Footer);
        // Mostly the stanzas, sometimes the header or the end.
        var whole = random.Next(8) == 0;
        var bytes = new List<byte>(whole ? [.. header, .. body, .. footer] : body);
        for (var mutation = random.Next(2) == 0 ? 1 : random.Next(1, 4); mutation > 0 && bytes.Count > 0; mutation--)
            Mutate(bytes, random);
        return whole ? [.. bytes] : [.. header, .. bytes, .. footer];
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] = "<>/&;'\"= :]!?[-x\r\n\t"u8[random.Next(19)];
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 6)));
                break;
            case 3:
                var slice = bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 20)));
                bytes.InsertRange(random.Next(bytes.Count + 1), slice);
                break;
            case 4:
                MoveTag(bytes, random);
                break;
            case 5:
                // Behind a name or a value, where an attribute may stand.
                var space = bytes.IndexOf((byte)' ', at);
                bytes.InsertRange(space < 0 ? at : space, Tokens[random.Next(Tokens.Length)]);
                break;
            default:
                bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                break;
        }
    }

    /// <summary>Copies something from a '&lt;' to a '&gt;' to before another '&lt;'.</summary>
    private static void MoveTag(List<byte> bytes, Random random)
    {
        var from = bytes.IndexOf((byte)'<', random.Next(bytes.Count));
        var to = from < 0 ? -1 : bytes.IndexOf((byte)'>', from + random.Next(bytes.Count - from));
        var target = bytes.IndexOf((byte)'<', random.Next(bytes.Count));
        if (to >= 0 && target >= 0)
            bytes.InsertRange(target, bytes.GetRange(from, to + 1 - from));
    }

    private static string? Divergence(byte[] document, Reading reference, Random? pieces)
    {
        var own = ReadWithFramer(document, pieces: null);
        if (own.Inconsistency is not null)
            return own.Inconsistency;
        if (pieces is not null)
        {
            foreach (var cut in (Random?[])[pieces, new Random(0)])
            {
                var again = ReadWithFramer(document, cut, byteByByte: cut != pieces);
                // What is wrong in a tag that never ends may stay undiscovered.
                var isSame = own.Error?.Condition == again.Error?.Condition || again.Reason == Incomplete;
                if (!isSame || !SameElements(own.Elements, again.Elements))
                    return $"{own} at once, {again} in pieces";
            }
        }

        var isRestricted = own.Error?.Condition switch
        {
            StreamErrorCondition.RestrictedXml => reference.IsRestricted,
            StreamErrorCondition.BadFormat => reference.HasTextBetweenStanzas || reference.RootName is null or not "stream" || reference.Elements is [],
            StreamErrorCondition.InvalidNamespace => reference.RootNamespace != Namespaces.Stream,
            StreamErrorCondition.UnsupportedEncoding => reference.Encoding is { } encoding && !encoding.Equals("utf-8", StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
        var expected = isRestricted ? null : reference.Elements;
        return SameElements(own.Elements, expected) ? null : $"System.Xml {reference}; framer {own}";
    }

    private static bool SameElements(List<Element>? one, List<Element>? other) =>
        one is null ? other is null : other is not null && one.SequenceEqual(other);

    private static Reading ReadWithSystemXml(byte[] bytes)
    {
        try
        {
            using var text = new StringReader(StrictUtf8.GetString(bytes));
            using var reader = XmlReader.Create(text, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            var document = XDocument.Load(reader, LoadOptions.PreserveWhitespace);
            var root = document.Root!;
            // System.Xml reads no further than "1.0".
            if (document.Declaration is { Version: not "1.0" })
                return new Reading { Reason = "another version of XML" };
            return new Reading
            {
                Elements = [.. root.Elements().Select(element => element.FromXElement())],
                IsRestricted = document.DescendantNodes().Any(node => node is XComment or XProcessingInstruction),
                HasTextBetweenStanzas = root.Nodes().OfType<XText>().Any(),
                RootName = root.Name.LocalName,
                RootNamespace = root.Name.NamespaceName,
                Encoding = document.Declaration?.Encoding,
            };
        }
        // ArgumentException: System.Xml lets elements have the prefix xmlns, Namespaces in XML 1.0 §3 and Element don't.
        catch (Exception exception) when (exception is XmlException or DecoderFallbackException or ArgumentException)
        {
            return new Reading { Reason = exception.Message };
        }
    }

    /// <param name="pieces">Null to give all bytes at once.</param>
    private static Reading ReadWithFramer(byte[] document, Random? pieces, bool byteByByte = false)
    {
        var framer = new StanzaFramer(Limits);
        var elements = new List<Element>();
        var start = 0;
        var available = pieces is null ? document.Length : 0;
        var isClosed = false;
        while (true)
        {
            var kind = framer.Read(document.AsMemory(start, available - start), out var consumed);
            start += consumed;
            switch (kind)
            {
                case FrameKind.Error:
                    return new Reading { Error = framer.Error, Reason = framer.Error!.Text };
                case FrameKind.NeedMore when available == document.Length:
                    return isClosed ? new Reading { Elements = elements } : new Reading { Reason = Incomplete };
                case FrameKind.NeedMore:
                    available += byteByByte ? 1 : pieces!.Next(1, document.Length - available + 1);
                    break;
                case FrameKind.StreamClose:
                    isClosed = true;
                    break;
                case FrameKind.Stanza:
                    var element = framer.Stanza.ToElement();
                    if (Inconsistency(framer.Stanza, element) is { } inconsistency)
                        return new Reading { Inconsistency = inconsistency };
                    elements.Add(element);
                    break;
            }
        }
    }

    /// <summary>What the view says of a stanza has to be what the tree says, and what the writer writes has to read back.</summary>
    private static string? Inconsistency(StanzaView view, Element element)
    {
        if (view.IsSelfContained && Reread(view.Bytes.ToArray(), element.Name.Namespace) is var alone && !element.Equals(alone))
            return $"Not self-contained: {element}";
        var output = new ArrayBufferWriter<byte>();
        XmlStreamWriter.Write(output, element, Namespaces.Client, streamPrefix: false);
        if (!element.Equals(Reread(output.WrittenMemory, Namespaces.Client)))
            return $"Doesn't read back: {element}";

        if (!Is(view.LocalName, element.Name.Local) || !Is(view.Namespace, element.Name.Namespace))
            return $"Another name than {element.Name}";
        foreach (var (name, value) in element.Attributes)
        {
            if (name.Namespace.Length == 0 && view.Attribute(Encoding.UTF8.GetBytes(name.Local)) != value)
                return $"Another value of {name}";
        }
        var children = element.Elements.ToList();
        if (view.ChildCount != children.Count)
            return $"{view.ChildCount} children instead of {children.Count}";
        for (var i = 0; i < children.Count; i++)
        {
            var child = view.Child(i);
            if (!Is(child.LocalName, children[i].Name.Local) || !Is(child.Namespace, children[i].Name.Namespace)
                || view.ChildText(i) != children[i].Text)
            {
                return $"Another child than {children[i]}";
            }
        }
        return null;

        static bool Is(ReadOnlySpan<byte> utf8, string text) => Encoding.UTF8.GetString(utf8) == text;
    }

    private static Element? Reread(ReadOnlyMemory<byte> bytes, string defaultNamespace)
    {
        var framer = new StanzaFramer(Limits);
        framer.Begin(StreamScope.ForContent(defaultNamespace));
        return framer.Read(bytes, out _) == FrameKind.Stanza ? framer.Stanza.ToElement() : null;
    }

    private static string Printable(byte[] document) =>
        string.Concat(Encoding.Latin1.GetString(document).Select(c => c is >= ' ' and < '\x7f' ? $"{c}" : $"\\x{(int)c:x2}"));

    /// <summary>What a parser made of a document: its first-level elements, or why there are none.</summary>
    private sealed class Reading
    {
        public List<Element>? Elements { get; init; }

        public StreamError? Error { get; init; }

        public string? Reason { get; init; }

        public string? Inconsistency { get; init; }

        public bool IsRestricted { get; init; }

        public bool HasTextBetweenStanzas { get; init; }

        public string? RootName { get; init; }

        public string? RootNamespace { get; init; }

        public string? Encoding { get; init; }

        public override string ToString() => Elements is null
            ? $"refuses ({(Error is null ? "" : StreamError.WireName(Error.Condition) + ": ")}{Reason})"
            : $"accepts [{string.Join(", ", Elements)}]";
    }
}
