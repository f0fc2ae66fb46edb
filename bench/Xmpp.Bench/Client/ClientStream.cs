using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Xmpp.Bench.Client;

/// <summary>
/// One client-to-server stream: opened, authenticated and bound step by step, blocking; a scenario then drives its <see cref="Channel"/>.
/// </summary>
internal sealed partial class ClientStream : IDisposable
{
    /// <summary>Looks at an element that has arrived; its spans end with the call.</summary>
    public delegate void ElementTaker(ScannedElement element);

    private const string SaslNamespace = "urn:ietf:params:xml:ns:xmpp-sasl";

    private static readonly Dictionary<string, HashAlgorithmName> ScramHashes = new()
    {
        ["SCRAM-SHA-512"] = HashAlgorithmName.SHA512,
        ["SCRAM-SHA-256"] = HashAlgorithmName.SHA256,
        ["SCRAM-SHA-1"] = HashAlgorithmName.SHA1,
    };

    private readonly Target _target;
    private byte[] _received = new byte[8192];
    private int _start;
    private int _end;
    private string _features = "";

    private ClientStream(Target target, Channel channel)
    {
        _target = target;
        Channel = channel;
    }

    public Channel Channel { get; }

    /// <summary>What it announces and tells who asks; null for nothing.</summary>
    public Capabilities? Capabilities { get; set; }

    /// <summary>The full JID that the server bound.</summary>
    public string Jid { get; private set; } = "";

    /// <summary>Bytes read behind the last element taken.</summary>
    public ReadOnlySpan<byte> Unread => _received.AsSpan(_start, _end - _start);

    /// <summary>Connects, does TLS as the target says, and stops before authentication.</summary>
    public static ClientStream Connect(Target target)
    {
        var stream = new ClientStream(target, Channel.Connect(target.Host, target.Port, target.Timeout));
        try
        {
            if (target.Tls == TlsMode.Direct)
                stream.Channel.StartTls(target.Domain);
            if (target.OverWebSocket)
                stream.Channel.StartWebSocket(target.Domain);
            stream.Open();
            if (target.Tls == TlsMode.StartTls)
                stream.StartTls();
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Connects, authenticates as account <paramref name="number"/> and binds <paramref name="resource"/>.</summary>
    public static ClientStream Login(Target target, int number, string resource)
    {
        var stream = Connect(target);
        try
        {
            stream.Authenticate(target.User(number), target.Password(number));
            stream.Open();
            stream.Bind(resource);
            return stream;
        }
        catch (BenchException e)
        {
            stream.Dispose();
            throw new BenchException($"{target.User(number)}@{target.Domain}: {e.Message}");
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Fetches the roster, sends initial presence, and waits until the server has processed both; what arrives meanwhile is handed on.
    /// </summary>
    /// <returns>The roster, as it came.</returns>
    public string BecomeInterested(ElementTaker take)
    {
        Send($"<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence>{Capabilities?.Announcement}</presence>");
        string? roster = null;
        Sync(element =>
        {
            if (element.Id.SequenceEqual("roster"u8))
                roster = Encoding.UTF8.GetString(element.Whole);
            else
                take(element);
        });
        return roster ?? throw new BenchException("the server gave no roster");
    }

    /// <summary>Waits until the server has processed what was sent; what arrives meanwhile is handed on.</summary>
    public void Sync(ElementTaker take)
    {
        Send($"<iq type='get' id='sync' to='{_target.Domain}'><ping xmlns='urn:xmpp:ping'/></iq>");
        var isOver = false;
        while (!isOver)
        {
            Channel.WaitUntilReadable();
            TakeArrived(element =>
            {
                if (element.Id.SequenceEqual("sync"u8))
                    isOver = true;
                else
                    take(element);
            });
        }
    }

    /// <summary>Hands on what has arrived, without waiting. What the server asks for is answered, and not handed on.</summary>
    public void TakeArrived(ElementTaker take)
    {
        do
        {
            MakeRoom();
            var read = Channel.Receive(_received.AsSpan(_end));
            if (read == 0)
                throw new BenchException("the server closed a connection");
            if (read < 0)
                return;
            _end += read;
            var unread = Unread;
            while (ElementScanner.TryRead(ref unread, out var element))
            {
                if (element.Name.IsEmpty || element.Name.SequenceEqual("stream:error"u8))
                    throw new BenchException($"the server ended a stream: {Encoding.UTF8.GetString(element.Whole)}");
                if (element.Name.SequenceEqual("iq"u8) && (element.Type.SequenceEqual("get"u8) || element.Type.SequenceEqual("set"u8)))
                    Answer(element);
                else
                    take(element);
            }
            _start = _end - unread.Length;
        }
        while (Channel.HasPending);
    }

    /// <summary>Sends initial presence and waits until the server has processed it.</summary>
    public void BecomeAvailable()
    {
        Send($"<presence/><iq type='get' id='available' to='{_target.Domain}'><ping xmlns='urn:xmpp:ping'/></iq>");
        while (!Next().Contains("available", StringComparison.Ordinal))
        {
        }
    }

    /// <summary>Registers an account in band (XEP-0077) on a stream that has not authenticated; an existing account is left alone.</summary>
    public void Register(string user, string password)
    {
        Send($"<iq type='set' id='register' to='{_target.Domain}'><query xmlns='jabber:iq:register'>"
            + $"<username>{Escape(user)}</username><password>{Escape(password)}</password></query></iq>");
        var reply = Expect("iq");
        if (reply.Contains("<error", StringComparison.Ordinal) && !reply.Contains("<conflict", StringComparison.Ordinal))
            throw new BenchException($"in-band registration refused: {reply}");
    }

    /// <summary>Closes the stream (RFC 6120 §4.4): waits for the server's closing tag, so that its work for this stream is as good as over.</summary>
    public void Close()
    {
        Send(_target.OverWebSocket ? "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>" : "</stream:stream>");
        while (Read().Length > 0)
        {
        }
    }

    public void Send(string text) => Channel.Send(Encoding.UTF8.GetBytes(text));

    /// <summary>The next first-level element as text; a stream error or the end of the stream is an exception.</summary>
    public string Next()
    {
        var element = Read();
        if (element.Length == 0 || element.StartsWith("<stream:error", StringComparison.Ordinal))
            throw new BenchException($"the server ended the stream {element}".TrimEnd());
        return element;
    }

    public void Dispose() => Channel.Dispose();

    private void Open()
    {
        if (_target.OverWebSocket)
        {
            Send($"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{_target.Domain}' version='1.0' xml:lang='en'/>");
            _ = Expect("open");
            _features = Expect("stream:features");
            return;
        }
        Send($"<?xml version='1.0'?><stream:stream to='{_target.Domain}' version='1.0' xml:lang='en' xmlns='jabber:client' "
            + "xmlns:stream='http://etherx.jabber.org/streams'>");
        string element;
        do
        {
            element = Next();
        }
        while (element.StartsWith("<?xml", StringComparison.Ordinal) || element.StartsWith("<stream:stream", StringComparison.Ordinal));
        _features = element;
    }

    private void StartTls()
    {
        if (!_features.Contains("urn:ietf:params:xml:ns:xmpp-tls", StringComparison.Ordinal))
            throw new BenchException("the server does not offer STARTTLS");
        Send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        _ = Expect("proceed");
        Channel.StartTls(_target.Domain);
        Open();
    }

    private void Authenticate(string user, string password)
    {
        var offered = Mechanisms().Matches(_features).Select(match => match.Groups[1].Value).ToList();
        var mechanism = _target.Mechanism ?? ScramHashes.Keys.Append("PLAIN").FirstOrDefault(offered.Contains);
        if (mechanism is null || !offered.Contains(mechanism))
        {
            throw new BenchException($"no common SASL mechanism: the server offers {(offered.Count == 0 ? "none" : string.Join(", ", offered))}"
                + $", wanted {mechanism ?? "SCRAM or PLAIN"}");
        }
        if (mechanism == "PLAIN")
        {
            SendSasl($"auth xmlns='{SaslNamespace}' mechanism='PLAIN'", "auth", $"\0{user}\0{password}");
            _ = Expect("success");
            return;
        }
        if (!ScramHashes.TryGetValue(mechanism, out var hash))
            throw new BenchException($"SASL mechanism {mechanism} is not supported");

        var scram = new ScramClient(hash, user, password);
        SendSasl($"auth xmlns='{SaslNamespace}' mechanism='{mechanism}'", "auth", scram.First());
        var challenge = Decode(Expect("challenge"));
        SendSasl($"response xmlns='{SaslNamespace}'", "response", scram.Final(challenge));
        if (!scram.IsGenuine(Decode(Expect("success"))))
            throw new BenchException("the server's SCRAM signature is wrong");
    }

    private void Bind(string resource)
    {
        Send($"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>");
        var result = Expect("iq");
        var jid = BoundJid().Match(result);
        Jid = jid.Success ? jid.Groups[1].Value : throw new BenchException($"resource binding refused: {result}");
        // RFC 3921 §3, which RFC 6120 made optional.
        if (RequiredSession().IsMatch(_features))
        {
            Send("<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
            _ = Expect("iq");
        }
    }

    private string Expect(string name)
    {
        var element = Next();
        return element.StartsWith($"<{name}", StringComparison.Ordinal)
            ? element
            : throw new BenchException($"expected <{name}/>, the server sent: {element}");
    }

    /// <summary>The next first-level element as text, empty at the end of the stream or connection.</summary>
    private string Read()
    {
        do
        {
            var unread = Unread;
            if (ElementScanner.TryRead(ref unread, out var element))
            {
                _start = _end - unread.Length;
                return element.Name.IsEmpty ? "" : Encoding.UTF8.GetString(element.Whole);
            }
        }
        while (Fill());
        return "";
    }

    /// <returns>False at the end of the connection.</returns>
    private bool Fill()
    {
        MakeRoom();
        int read;
        do
        {
            Channel.WaitUntilReadable();
            read = Channel.Receive(_received.AsSpan(_end));
        }
        while (read < 0);
        _end += read;
        return read > 0;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            Unread.CopyTo(_received);
            _end -= _start;
            _start = 0;
        }
        if (_end == _received.Length)
            Array.Resize(ref _received, _received.Length * 2);
    }

    /// <summary>Roster pushes and pings: RFC 6120 §8.2.3 wants an answer.</summary>
    private void Answer(ScannedElement request)
    {
        var from = Encoding.UTF8.GetString(request.From);
        var content = Capabilities is { } own && request.Whole.IndexOf("disco#info"u8) >= 0 ? own.Query : "";
        Send($"<iq type='result' id='{Encoding.UTF8.GetString(request.Id)}'{(from.Length == 0 ? "" : $" to='{from}'")}>{content}</iq>");
    }

    private void SendSasl(string startTag, string name, string payload) =>
        Send($"<{startTag}>{Convert.ToBase64String(Encoding.UTF8.GetBytes(payload))}</{name}>");

    private static string Decode(string element)
    {
        var text = element[(element.IndexOf('>', StringComparison.Ordinal) + 1)..];
        var end = text.IndexOf('<', StringComparison.Ordinal);
        return Encoding.UTF8.GetString(Convert.FromBase64String(end < 0 ? "" : text[..end]));
    }

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    [GeneratedRegex("<mechanism>([^<]+)</mechanism>")]
    private static partial Regex Mechanisms();

    [GeneratedRegex("<jid>([^<]+)</jid>")]
    private static partial Regex BoundJid();

    [GeneratedRegex("<session xmlns=['\"]urn:ietf:params:xml:ns:xmpp-session['\"]\\s*(/>|>(?!<optional))")]
    private static partial Regex RequiredSession();
}
