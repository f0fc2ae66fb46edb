using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Transport;

namespace Xmpp.Testing;

/// <summary>A client that speaks XML as the test writes it, and reads what the server says element by element.</summary>
public sealed class TestClient(Connection connection, Task served) : IAsyncDisposable
{
    /// <summary>How long to wait for what has to come. Only a failing test ever waits that long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StanzaFramer _framer = new(new FramerLimits(MaxStanzaBytes: 4 * 1024 * 1024));
    private ReadOnlyMemory<byte> _input;
    private int _markers;

    /// <summary>The full JID, once bound.</summary>
    public Jid Jid { get; set; } = null!;

    /// <summary>Children of stanzas that the test doesn't look at: they are left out of what is read.</summary>
    public IReadOnlyCollection<XmlName> LeftOut { get; set; } = [];

    /// <summary>Completes when the server is done with the connection.</summary>
    public Task Served => served;

    /// <summary>Whether the server closed its stream, not only the connection.</summary>
    public bool IsStreamClosed { get; private set; }

    /// <summary>What the server's last stream header said.</summary>
    public StreamHeader? ServerHeader { get; private set; }

    public ValueTask SendAsync(string xml) => SendAsync(Encoding.UTF8.GetBytes(xml));

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (connection.Write(bytes.Span))
            connection.Flush();
        return default;
    }

    /// <summary>Opens a stream and gives the features it comes with.</summary>
    public Task<Element> OpenAsync(string host = "localhost") => OpenWithAsync($"to='{host}' version='1.0'");

    /// <summary>Opens a stream whose header has these attributes, and gives what comes behind the server's header.</summary>
    public async Task<Element> OpenWithAsync(string attributes, string contentNamespace = Namespaces.Client)
    {
        _framer.Begin(null);
        ServerHeader = null;
        await SendAsync($"<stream:stream xmlns='{contentNamespace}' xmlns:stream='{Namespaces.Stream}' {attributes}>");
        return await ReadAsync();
    }

    /// <summary>Opens the stream of a server, and gives the features it comes with.</summary>
    public Task<Element> OpenServerAsync(string from, string to) =>
        OpenWithAsync($"from='{from}' to='{to}' version='1.0' xmlns:db='jabber:server:dialback'", Namespaces.Server);

    /// <summary>Makes a server's stream, whose connection has a certificate for it, up to where stanzas may be sent.</summary>
    /// <param name="request">What it wants before it authenticates.</param>
    public async Task LoginServerAsync(string from, string to, string request = "")
    {
        await OpenServerAsync(from, to);
        await SendAsync($"<starttls xmlns='{Namespaces.Tls}'/>");
        await ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        await OpenServerAsync(from, to);
        await SendAsync(request + $"<auth xmlns='{Namespaces.Sasl}' mechanism='EXTERNAL'>=</auth>");
        await ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await OpenServerAsync(from, to);
    }

    /// <summary>Plays the server to which one connects: reads the header, whatever it says, and answers with one and with features.</summary>
    public async Task AnswerServerAsync(string attributes, string features)
    {
        _framer.Begin(null);
        FrameKind kind;
        do
        {
            kind = _framer.Read(_input, out var consumed);
            _input = _input[consumed..];
            if (kind == FrameKind.NeedMore && !await ReceiveAsync())
                throw new InvalidOperationException("The server ended the stream.");
        }
        while (kind != FrameKind.StreamOpen);
        ServerHeader = _framer.Header;
        _framer.Begin(_framer.Scope.WithDefaultNamespace(Namespaces.Client));
        await SendAsync(
            $"<stream:stream xmlns='jabber:server' xmlns:stream='{Namespaces.Stream}' xmlns:db='jabber:server:dialback' {attributes} "
            + $"version='1.0'><stream:features>{features}</stream:features>");
    }

    /// <summary>Opens the stream of a component (XEP-0114), whose id <see cref="ServerHeader"/> then tells.</summary>
    public async Task OpenComponentAsync(string attributes, string contentNamespace = "jabber:component:accept")
    {
        _framer.Begin(null);
        await SendAsync($"<stream:stream xmlns='{contentNamespace}' xmlns:stream='{Namespaces.Stream}' {attributes}>");
        FrameKind kind;
        do
        {
            kind = _framer.Read(_input, out var consumed);
            _input = _input[consumed..];
            if (kind == FrameKind.NeedMore && !await ReceiveAsync())
                throw new InvalidOperationException("The server ended the stream.");
        }
        while (kind != FrameKind.StreamOpen);
        ServerHeader = _framer.Header;
        // What it reads from now on tests write as if it came to a client.
        _framer.Begin(_framer.Scope.WithDefaultNamespace(Namespaces.Client));
    }

    /// <summary>Proves to be the component that <see cref="OpenComponentAsync"/> named.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The protocol has no other.")]
    public async Task ProveAsync(string secret)
    {
        var proof = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(ServerHeader!.Id + secret)));
        await SendAsync($"<handshake>{proof}</handshake>");
    }

    /// <summary>Starts SASL PLAIN; the answer is to be read.</summary>
    public ValueTask AuthenticateAsync(string name, string password)
    {
        var message = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{name}\0{password}"));
        return SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'>{message}</auth>");
    }

    /// <summary>Expects a SASL failure (RFC 6120 §6.5), whatever its text.</summary>
    public async Task<Element> ExpectFailureAsync(string condition)
    {
        var failure = await ReadAsync();
        return failure.Name == new XmlName(Namespaces.Sasl, "failure") && failure.Child(Namespaces.Sasl, condition) is not null
            ? failure
            : throw new InvalidOperationException($"Expected the SASL failure {condition}, not {failure}");
    }

    public async Task LoginAsync(Jid account, string password, string? resource)
    {
        await OpenAsync(account.Domain);
        await AuthenticateAsync(account.Local!, password);
        await ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await OpenAsync(account.Domain);
        await BindAsync(resource);
    }

    public async Task BindAsync(string? resource)
    {
        var result = await TryBindAsync(resource);
        Jid = Jid.Parse(result.Child(Namespaces.Bind, "bind")?.Child(Namespaces.Bind, "jid")?.Text
            ?? throw new InvalidOperationException($"Not bound: {result}"));
    }

    /// <summary>Asks for a resource and gives the answer.</summary>
    public async Task<Element> TryBindAsync(string? resource)
    {
        var wish = resource is null ? "" : new Element(Namespaces.Bind, "resource", resource).ToString();
        await SendAsync($"<iq type='set' id='bind'><bind xmlns='{Namespaces.Bind}'>{wish}</bind></iq>");
        return await ReadAsync();
    }

    /// <summary>The next element from the server.</summary>
    public async Task<Element> ReadAsync() =>
        await ReadOrEndAsync() ?? throw new InvalidOperationException("The server ended the stream.");

    /// <summary>The next element from the server, or null when it closes the stream or the connection.</summary>
    public async Task<Element?> ReadOrEndAsync()
    {
        while (true)
        {
            var kind = _framer.Read(_input, out var consumed);
            var element = kind == FrameKind.Stanza ? _framer.Stanza.ToElement() : null;
            _input = _input[consumed..];
            switch (kind)
            {
                case FrameKind.Stanza:
                    return element!.Elements.Any(child => LeftOut.Contains(child.Name))
                        ? new Element(element.Name, element.Attributes, element.Nodes.Where(node => node is not Element child || !LeftOut.Contains(child.Name)))
                        : element;
                case FrameKind.StreamOpen:
                    ServerHeader = _framer.Header;
                    // Tests write what servers say among themselves as if it came to a client.
                    if (ServerHeader.ContentNamespace == Namespaces.Server)
                        _framer.Begin(_framer.Scope.WithDefaultNamespace(Namespaces.Client));
                    break;
                case FrameKind.StreamClose:
                    IsStreamClosed = true;
                    return null;
                case FrameKind.Error:
                    throw new InvalidOperationException($"The server sent broken XML: {_framer.Error}");
                case FrameKind.NeedMore when !await ReceiveAsync():
                    return null;
            }
        }
    }

    private async Task<bool> ReceiveAsync()
    {
        var received = await connection.ReadAsync().AsTask().WaitAsync(Patience);
        _input = (byte[])[.. _input.Span, .. received.Span];
        connection.Advance(received.Length);
        return !received.IsEmpty;
    }

    /// <summary>
    /// Expects the next element to be this one, whatever the order of its attributes. The id that the client's own server gives to
    /// messages (XEP-0359) is passed over, unless one is expected.
    /// </summary>
    public async Task<Element> ExpectAsync(string xml)
    {
        var actual = await ReadAsync();
        var expected = Parse(xml);
        var isIdExpected = expected.Element(XName.Get("stanza-id", StanzaId.Ns)) is not null;
        var compared = Jid is null || isIdExpected ? actual : StanzaId.Strip(actual, Jid.Bare);
        if (!XNode.DeepEquals(Normalize(expected), Normalize(compared.ToXElement())))
            throw new InvalidOperationException($"Expected: {expected}\nActual:   {actual}");
        return actual;
    }

    /// <summary>
    /// Expects that nothing came from a client but what it sends now: a marker takes the same path, and stanzas between two
    /// resources stay in order (RFC 6120 §10.1).
    /// </summary>
    public async Task ExpectNothingFromAsync(TestClient other)
    {
        var marker = $"marker-{Interlocked.Increment(ref _markers)}";
        await other.SendAsync($"<message to='{Jid}' id='{marker}' type='normal'/>");
        await ExpectAsync($"<message from='{other.Jid}' to='{Jid}' id='{marker}' type='normal'/>");
    }

    /// <summary>Expects the next element to be a stanza of type "error" with this condition, and gives it.</summary>
    public async Task<Element> ExpectErrorAsync(StanzaErrorCondition condition)
    {
        var stanza = await ReadAsync();
        return stanza["type"] == "error" && StanzaError.Parse(stanza)?.Condition == condition
            ? stanza
            : throw new InvalidOperationException($"Expected the error {condition}, not {stanza}");
    }

    /// <summary>Expects a stream error, the end of the stream and of the connection.</summary>
    public async Task ExpectStreamErrorAsync(StreamErrorCondition condition) => await ExpectStreamErrorAsync(condition, await ReadAsync());

    /// <summary>The same for an element that has been read already.</summary>
    public async Task ExpectStreamErrorAsync(StreamErrorCondition condition, Element error)
    {
        if (error.Name != new XmlName(Namespaces.Stream, "error")
            || error.Child(Namespaces.StreamErrors, StreamError.WireName(condition)) is null)
            throw new InvalidOperationException($"Expected the stream error {condition}, not {error}");
        await ExpectEndAsync();
    }

    public async Task ExpectEndAsync()
    {
        if (await ReadOrEndAsync() is { } element)
            throw new InvalidOperationException($"Expected the end of the stream, not {element}");
        await served.WaitAsync(Patience);
    }

    /// <summary>Drops the connection without a word.</summary>
    public void Drop() => connection.Abort("dropped by the test");

    public ValueTask DisposeAsync()
    {
        Drop();
        return new(served);
    }

    private static XElement Parse(string xml) =>
        XElement.Parse($"<x xmlns='jabber:client' xmlns:stream='{Namespaces.Stream}'>{xml}</x>").Elements().Single();

    /// <summary>Without namespace declarations and with sorted attributes, which mean nothing.</summary>
    private static XElement Normalize(XElement element) => new(
        element.Name,
        element.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration).OrderBy(attribute => attribute.Name.ToString()),
        element.Nodes().Select(node => node switch
        {
            XElement child => Normalize(child),
            XText text => text.Value, // CDATA or not
            _ => (object)node,
        }));
}
