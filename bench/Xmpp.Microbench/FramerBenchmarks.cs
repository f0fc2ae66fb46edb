using System.Buffers;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using BenchmarkDotNet.Attributes;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Microbench;

/// <summary>What one stanza costs, from bytes to a frame, to a tree and back, beside System.Xml for the same stanzas.</summary>
[MemoryDiagnoser]
public class FramerBenchmarks
{
    /// <summary>How often the stanza stands in the stream that is read at a time.</summary>
    private const int Repetitions = 256;

    private static readonly byte[] Header =
        "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"u8.ToArray();

    private readonly StanzaFramer _framer = new(new FramerLimits());
    private readonly ArrayBufferWriter<byte> _output = new(65_536);
    private byte[] _stanza = [];
    private byte[] _stanzas = [];
    private byte[] _document = [];
    private Element _element = new("", "none");

    [Params("message", "presence", "roster", "pubsub")]
    public string Sample { get; set; } = "message";

    [GlobalSetup]
    public void SetUp()
    {
        _stanza = Encoding.UTF8.GetBytes(Samples(Sample));
        _stanzas = [.. Enumerable.Repeat(_stanza, Repetitions).SelectMany(bytes => bytes)];
        _document = [.. Header, .. _stanzas, .. "</stream:stream>"u8];
        _framer.Begin(StreamScope.Client);
        _framer.Read(_stanza, out _);
        _element = _framer.Stanza.ToElement();
    }

    /// <summary>What a server built on System.Xml would do.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Repetitions)]
    public async Task<int> XmlReaderToXElement()
    {
        using var reader = XmlReader.Create(new MemoryStream(_document), new XmlReaderSettings { Async = true });
        await reader.MoveToContentAsync();
        await reader.ReadAsync();
        var count = 0;
        for (; reader.NodeType == XmlNodeType.Element; count++)
            await XNode.ReadFromAsync(reader, CancellationToken.None);
        return count;
    }

    [Benchmark(OperationsPerInvoke = Repetitions)]
    public int Frame() => ReadAll(static _ => { });

    [Benchmark(OperationsPerInvoke = Repetitions)]
    public int FrameToElement() => ReadAll(static view => view.ToElement());

    [Benchmark]
    public int WriteElement()
    {
        _output.ResetWrittenCount();
        XmlStreamWriter.Write(_output, _element, Namespaces.Client);
        return _output.WrittenCount;
    }

    private int ReadAll(Action<StanzaView> use)
    {
        ReadOnlyMemory<byte> rest = _stanzas;
        var count = 0;
        _framer.Begin(StreamScope.Client);
        for (; _framer.Read(rest, out var consumed) == FrameKind.Stanza; count++)
        {
            use(_framer.Stanza);
            rest = rest[consumed..];
        }
        return count == Repetitions ? count : throw new InvalidOperationException(_framer.Error?.Text);
    }

    private static string Samples(string name) => name switch
    {
        "message" =>
            """
            <message to='romeo@localhost/r' type='chat' id='m8f3a-aaaa' xml:lang='en'><body>Hello there, how are you?</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='m8f3a-aaaa'/></message>
            """,
        "presence" =>
            """
            <presence id='p1'><show>away</show><status>be right back &amp; so on</status><priority>5</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://gajim.org' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/><x xmlns='vcard-temp:x:update'><photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x></presence>
            """,
        "roster" => string.Concat(
        [
            "<iq type='result' id='r1' to='juliet@localhost/balcony'><query xmlns='jabber:iq:roster' ver='ver11'>",
            .. Enumerable.Range(0, 50).Select(i => string.Create(CultureInfo.InvariantCulture,
                $"<item jid='contact{i}@example{i % 7}.org' name='Contact Number {i}' subscription='both'><group>Friends</group></item>")),
            "</query></iq>",
        ]),
        _ => $"<iq type='set' id='pub1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:avatar:data'>"
            + $"<item id='111f4b3c50d7b0df729d299bc6f8e9ef9066971f'><data xmlns='urn:xmpp:avatar:data'>{new string('Q', 9868)}</data>"
            + "</item></publish></pubsub></iq>",
    };
}
