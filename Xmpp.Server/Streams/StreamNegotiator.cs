using System.Buffers;
using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Streams;

/// <summary>A stream from its first header to the bound resource (RFC 6120 §4-7). Thrown away after that.</summary>
internal sealed class StreamNegotiator
{
    private readonly SaslAttempts _sasl;
    private readonly UnauthenticatedIqs _iqs;
    private readonly StreamFeature[] _features;
    private int _isHeaderSent;

    public StreamNegotiator(ServerContext server, ClientStream stream, ListenerTls tls)
    {
        Server = server;
        Stream = stream;
        Phase = tls == ListenerTls.StartTls ? NegotiationPhase.Clear : NegotiationPhase.Secured;
        IsTlsNext = tls == ListenerTls.Direct;
        _sasl = new SaslAttempts(this);
        _iqs = new UnauthenticatedIqs(this);
        var resumption = new StreamResumption(this);
        _features =
        [
            new StartTls(this), new Sasl2Negotiation(this, _sasl, resumption), new SaslNegotiation(this, _sasl), _iqs,
            new ResourceBinding(this), resumption, new ClientState(this),
        ];
    }

    public ServerContext Server { get; }

    public ClientStream Stream { get; }

    public NegotiationPhase Phase { get; private set; }

    /// <summary>The virtual host that the stream header named; null before that.</summary>
    public string? Host { get; private set; }

    /// <summary>
    /// The account that the client says the stream is from (RFC 6120 §4.7.1), or null: to be trusted once it has authenticated.
    /// </summary>
    public Jid? From { get; private set; }

    /// <summary>The stream's default language, or null.</summary>
    public string? Language { get; private set; }

    /// <summary>The bare JID, once authenticated.</summary>
    public Jid? Account { get; private set; }

    /// <summary>The client, once it has authenticated and if it says who it is; else null.</summary>
    public ClientAgent? Agent { get; private set; }

    /// <summary>Whether the next bytes are a TLS handshake: on a listener of its own, or after <c>&lt;proceed/&gt;</c>.</summary>
    public bool IsTlsNext { get; private set; }

    /// <summary>What the client has on top of the time for negotiation.</summary>
    public TimeSpan ExtraTime => _iqs.ExtraTime;

    /// <summary>Whether headers were exchanged since the stream (re)started.</summary>
    public bool IsOpen => Volatile.Read(ref _isHeaderSent) != 0;

    /// <summary>Answers a stream header with ours and the features of the phase.</summary>
    public void Open(StreamHeader header)
    {
        var to = Jid.TryParse(header.To, out var address) ? address : null;
        Host = to is { Local: null, IsFull: false } && Server.Current.IsLocal(to) ? to.Domain : null;
        From = Jid.TryParse(header.From, out var from) ? from.Bare : null;
        Language = header.Language;
        SendHeader(header);
        Check(header, to);
        Stream.Send(Features());
    }

    /// <summary>Sends a header if none was sent since the stream (re)started, so that an error can follow.</summary>
    public void EnsureHeaderSent()
    {
        if (!IsOpen)
            SendHeader(null);
    }

    public ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        foreach (var feature in _features)
        {
            if (feature.Accepts(element))
                return feature.HandleAsync(element, cancellationToken);
        }
        // RFC 6120 §4.9.3.12: stanzas have to wait until the sender is known and has a resource.
        throw element.Name is { Namespace: Namespaces.Client, Local: "message" or "presence" or "iq" }
            ? new StreamErrorException(StreamErrorCondition.NotAuthorized)
            : new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
    }

    public void ExpectTls() => IsTlsNext = true;

    /// <summary>Lets TLS take over; nothing learnt before survives it (RFC 6120 §5.4.3.3).</summary>
    public async ValueTask StartTlsAsync()
    {
        await Stream.Connection.StartTlsAsync(Server.Current.Tls, Server.Stopping);
        IsTlsNext = false;
        Restart(NegotiationPhase.Secured);
    }

    public void Authenticated(Jid account)
    {
        Account = account;
        Restart(NegotiationPhase.Authenticated);
    }

    /// <summary>The same within a stream that goes on (XEP-0388).</summary>
    /// <param name="agent">The client, or null when it doesn't say who it is.</param>
    public void AuthenticatedInline(Jid account, ClientAgent? agent) =>
        (Account, Agent, Phase) = (account, agent, NegotiationPhase.Authenticated);

    /// <summary>A resource was bound along with authentication.</summary>
    public void Bind(ClientSession session)
    {
        Phase = NegotiationPhase.Bound;
        Stream.Bind(session);
    }

    private void Restart(NegotiationPhase phase)
    {
        Phase = phase;
        Host = null;
        From = null;
        Language = null;
        Volatile.Write(ref _isHeaderSent, 0);
        Stream.Restart();
    }

    /// <summary>The features as they are sent: made once for all streams that are offered the same.</summary>
    public byte[] Features()
    {
        var sasl = _sasl.Prepare();
        var offer = new StreamOffer(
            Host!, Phase, sasl?.IsEncrypted, sasl?.OfferedMechanisms, sasl?.ChannelBinding?.Types,
            Stream.Session?.Management is not null);
        return Server.Current.StreamFeatures.GetOrAdd(offer, static (_, negotiator) => negotiator.WriteFeatures(), this);
    }

    private byte[] WriteFeatures()
    {
        var current = Server.Current;
        var limits = Phase >= NegotiationPhase.Authenticated ? current.AuthenticatedLimits : current.UnauthenticatedLimits;
        var context = new StreamFeatureContext(Host!, Phase, limits.MaxStanzaBytes, IdleTimeoutOf(current.Options.Limits));
        var output = new ArrayBufferWriter<byte>(1024);
        XmlStreamWriter.Write(output, new Element(Namespaces.Stream, "features",
            _features.SelectMany(feature => feature.Offer()), current.Modules.StreamFeatures(context)), Namespaces.Client);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>How long silence is accepted: until the resource is bound, the time for negotiation; then until the next ping.</summary>
    private TimeSpan IdleTimeoutOf(LimitOptions limits) =>
        Phase >= NegotiationPhase.Authenticated ? limits.KeepAliveInterval : limits.NegotiationTimeout;

    /// <summary>Throws the stream error that the header deserves (RFC 6120 §4.7, §4.9.3).</summary>
    private void Check(StreamHeader header, Jid? to)
    {
        if (header.ContentNamespace != Namespaces.Client)
            throw new StreamErrorException(StreamErrorCondition.InvalidNamespace);
        // §4.7.5: no version means a client from before RFC 3920; one from the future is told ours and decides.
        if (header.MajorVersion < 1)
            throw new StreamErrorException(StreamErrorCondition.UnsupportedVersion);
        if (to is null)
            throw new StreamErrorException(StreamErrorCondition.ImproperAddressing, "The stream header needs a 'to' that is an address.");
        if (Host is null)
            throw new StreamErrorException(StreamErrorCondition.HostUnknown);
        // XEP-0388, SASL mechanism negotiation: the mechanisms are for the account that the stream is from.
        if (Phase == NegotiationPhase.Secured && From is not null && From.Domain != Host)
            throw new StreamErrorException(StreamErrorCondition.InvalidFrom);
        // §4.7.1, and nobody changes hosts after logging in.
        if (Account is not null && Account.Domain != Host)
            throw new StreamErrorException(StreamErrorCondition.HostUnknown, "Authentication was for another host.");
    }

    private void SendHeader(StreamHeader? header)
    {
        if (Interlocked.Exchange(ref _isHeaderSent, 1) != 0)
            return;
        var output = Scratch.Rent();
        output.Write(StreamParts.HeaderStart);
        WriteAttribute(output, " version='"u8, "1.0");
        // §4.7.3: unpredictable and unique.
        WriteAttribute(output, " id='"u8, RandomNumberGenerator.GetHexString(32, lowercase: true));
        WriteAttribute(output, " from='"u8, Host ?? Server.Current.DefaultHost);
        WriteAttribute(output, " xml:lang='"u8, "en");
        if (header?.From is { } from && Jid.TryParse(from, out var client))
            WriteAttribute(output, " to='"u8, client.ToString());
        output.Write(">"u8);
        Stream.Send(output.WrittenSpan);
    }

    private static void WriteAttribute(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> start, string value)
    {
        output.Write(start);
        XmlStreamWriter.WriteEscaped(output, value);
        output.Write("'"u8);
    }
}
