using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Dns;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>What a stream to another server is made for.</summary>
/// <param name="Local">The domain here that it speaks for.</param>
/// <param name="Verify">A key to verify, after which the stream is over; null for a stream that carries stanzas.</param>
/// <param name="Report">Told of each step; or null.</param>
/// <param name="Resume">The id of a stream that is to be gone on with if that can be (XEP-0198 §5); or null.</param>
internal sealed record OutgoingPurpose(
    string Local, string Remote, DialbackRequest? Verify = null, Action<string>? Report = null, string? Resume = null);

/// <summary>A stream that was to be gone on with.</summary>
/// <param name="Count">How many of its stanzas the other server has.</param>
/// <param name="IsResumed">False when it is over.</param>
internal readonly record struct ResumedStream(uint Count, bool IsResumed);

/// <summary>A stream that this server makes to another one, for one pair of domains; in both directions where both want that.</summary>
[Xep(288, "1.0.1")]
internal sealed class OutgoingServerStream : ServerStream
{
    private readonly OutgoingPurpose _purpose;
    private readonly bool _isDirectTls;
    private readonly Delegation? _delegation;
    private readonly TaskCompletionSource<LinkFailure?> _negotiated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NegotiationPhase _phase = NegotiationPhase.Clear;
    private string? _peerId;
    private string? _refusal;
    private bool _isDialbackSent;
    private bool _isResuming;

    /// <param name="delegation">What secure DNS says about the server that is at the other end; null when it says nothing.</param>
    public OutgoingServerStream(
        ServerContext server, Connection connection, OutgoingPurpose purpose, bool isDirectTls, Delegation? delegation)
        : base(server, connection) =>
        (_purpose, _isDirectTls, _delegation, Local, Remote) = (purpose, isDirectTls, delegation, purpose.Local, purpose.Remote);

    /// <summary>Completes with null when the stream does what it was made for, else with why it doesn't.</summary>
    public Task<LinkFailure?> Negotiated => _negotiated.Task;

    /// <summary>What the peer says about the key to verify.</summary>
    public DialbackResult? Verification { get; private set; }

    /// <summary>By which the stream can be resumed; null when it can't.</summary>
    public string? StreamId { get; private set; }

    /// <summary>What became of the stream that was to be resumed; null when that is not known, or there was none.</summary>
    public ResumedStream? Resumed { get; private set; }

    public override bool OutlivesProcess => StreamId is not null && Link?.IsWrittenDown == true;

    private bool IsEnabling => _phase == NegotiationPhase.Authenticated && !_negotiated.Task.IsCompleted;

    private string Domain => _purpose.Remote;

    public override void Tick()
    {
        var usedAt = Math.Max(LastSentAt, IsBidirectional ? LastInputAt : 0);
        if (_negotiated.Task.IsCompleted && Link is null or { IsIdle: true }
            && Server.Clock.Seconds - usedAt > Server.Current.Options.S2s.IdleTimeout.TotalSeconds)
        {
            End(null);
        }
    }

    /// <summary>There was no time to negotiate.</summary>
    public void GiveUp() => GiveUp("Negotiation took too long.");

    protected override async ValueTask BeginAsync()
    {
        if (_isDirectTls)
            await StartTlsAsync();
        SendHeader();
    }

    protected override void SendHeader() => SendHeader(_purpose.Local, Domain, id: null);

    protected override ValueTask OpenAsync(StreamHeader header)
    {
        if (header.ContentNamespace != Namespaces.Server)
            throw new StreamErrorException(StreamErrorCondition.InvalidNamespace);
        if (header.MajorVersion < 1)
        {
            Fail("speaks XMPP from before RFC 3920", StreamErrorCondition.UnsupportedVersion);
            return default;
        }
        if (header.From is not null && !(Jid.TryParse(header.From, out var from) && from.ToString() == Domain))
        {
            Fail($"answers as {header.From}", StreamErrorCondition.InvalidFrom);
            return default;
        }
        _peerId = header.Id;
        BeginContent();
        return default;
    }

    protected override ValueTask HandleElementAsync(Element element)
    {
        switch (element.Name)
        {
            case { Namespace: Namespaces.Stream, Local: "features" }:
                HandleFeatures(element);
                break;
            case { Namespace: Namespaces.Tls, Local: "proceed" } when _phase == NegotiationPhase.Clear:
                DoNext(async () =>
                {
                    await StartTlsAsync();
                    StartAnew();
                });
                break;
            case { Namespace: Namespaces.Tls, Local: "failure" }:
                Fail("refuses TLS");
                break;
            case { Namespace: Namespaces.Sasl, Local: "success" } when _phase == NegotiationPhase.Secured && !_isDialbackSent:
                _phase = NegotiationPhase.Authenticated;
                StartAnew();
                break;
            case { Namespace: Namespaces.Sasl, Local: "failure" } when _phase == NegotiationPhase.Secured && !_isDialbackSent:
                _refusal = $"EXTERNAL: {element.Elements.FirstOrDefault()?.Name.Local}";
                Report($"{Domain} refuses EXTERNAL ({element.Elements.FirstOrDefault()?.Name.Local})");
                AskByDialback();
                break;
            default:
                throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        }
        return default;
    }

    protected override ValueTask BeginManagementAsync(Element element)
    {
        switch (element.Name.Local)
        {
            case "resumed" when IsEnabling && _isResuming && StreamManagementElements.TryReadCount(element["h"], out var count):
                StreamId = _purpose.Resume;
                Resumed = new ResumedStream(count, IsResumed: true);
                BeginCounting();
                Complete("EXTERNAL");
                break;
            case "failed" when IsEnabling && _isResuming:
                if (StreamManagementElements.TryReadCount(element["h"], out var handled))
                    Resumed = new ResumedStream(handled, IsResumed: false);
                _isResuming = false;
                Enable();
                break;
            case "enabled" when IsEnabling && !_isResuming:
                StreamId = element["resume"] is "true" or "1" ? element["id"] : null;
                BeginCounting();
                Complete("EXTERNAL");
                break;
            case "failed" when IsEnabling:
                Complete("EXTERNAL");
                break;
            default:
                throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        }
        return default;
    }

    protected override void HandleResult(string from, string to, Element result)
    {
        if (IsBidirectional && result["type"] is null)
        {
            TakeFurther(from, to);
            return;
        }
        if (!_isDialbackSent || _negotiated.Task.IsCompleted || from != Domain || to != _purpose.Local)
            throw Unsolicited();
        switch (result["type"])
        {
            case "valid":
                Complete("dialback");
                break;
            case "invalid":
                // XEP-0220 §2.1.1.
                _negotiated.TrySetResult(new(StanzaErrorCondition.InternalServerError,
                    $"{Domain} could not verify our dialback key: its DNS does not lead to this server for {_purpose.Local}, "
                    + "or to one with another secret"));
                End(null);
                break;
            case "error":
                Fail($"refuses {_purpose.Local} ({Dialback.ErrorOf(result)})"
                    + (_refusal is null ? "" : $" after {_refusal}"));
                break;
            default:
                throw Unsolicited();
        }
    }

    protected override void HandleVerification(string from, string to, Element verify)
    {
        if (_purpose.Verify is not { } request || Verification is not null
            || from != Domain || to != _purpose.Local || verify["id"] != request.StreamId)
        {
            throw Unsolicited();
        }
        Verification = verify["type"] switch
        {
            "valid" => new(IsValid: true),
            "invalid" => new(IsValid: false),
            // XEP-0220 §2.5.
            _ => new(IsValid: false, StanzaErrorCondition.RemoteServerNotFound),
        };
        _negotiated.TrySetResult(null);
        End(null);
    }

    protected override void HandleEnd()
    {
        _negotiated.TrySetResult(PeerError switch
        {
            StreamErrorCondition.HostUnknown or StreamErrorCondition.HostGone =>
                LinkFailure.NotFound($"the server found in the DNS doesn't serve {Domain}"),
            { } condition => LinkFailure.Timeout(
                $"{Domain} ended the stream: {StreamError.WireName(condition)}{(PeerErrorText is null ? "" : $" ({PeerErrorText})")}"),
            null => LinkFailure.Timeout($"the connection with {Domain} ended: {Connection.AbortReason ?? "closed by the other side"}"),
        });
        Link?.Lose(this);
    }

    private void HandleFeatures(Element features)
    {
        switch (_phase)
        {
            case NegotiationPhase.Clear when features.Child(Namespaces.Tls, "starttls") is not null:
                Report($"{Domain} offers STARTTLS");
                Send(new Element(Namespaces.Tls, "starttls"));
                break;
            case NegotiationPhase.Clear:
                Fail("does not offer TLS");
                break;
            case NegotiationPhase.Secured when !IsTrusted():
                break;
            case NegotiationPhase.Secured when _purpose.Verify is { } request:
                SendDialback("verify", _purpose.Local, Domain, request.StreamId, key: request.Key);
                break;
            case NegotiationPhase.Secured when OffersExternal(features):
                AskForBothDirections(features);
                Report($"{Domain} offers EXTERNAL: our certificate is accepted");
                // XEP-0178 §3: it should not be needed, but may be.
                Send(new Element(Namespaces.Sasl, "auth",
                    Element.Attr("mechanism", "EXTERNAL"), Convert.ToBase64String(Encoding.UTF8.GetBytes(_purpose.Local))));
                break;
            case NegotiationPhase.Secured:
                Report($"{Domain} does not offer EXTERNAL: it does not accept our certificate for {_purpose.Local}, or never does");
                AskForBothDirections(features);
                AskByDialback();
                break;
            case NegotiationPhase.Authenticated when features.Child(StreamManagement.Ns, "sm") is not null:
                BeginManagement();
                break;
            case NegotiationPhase.Authenticated:
                Complete("EXTERNAL");
                break;
        }
    }

    /// <summary>XEP-0288 §2.2. Not where a stream is to be gone on with: those have one direction.</summary>
    private void AskForBothDirections(Element features)
    {
        if (!Server.Current.Options.S2s.Bidi || !Bidi.IsOffered(features) || _purpose.Resume is not null)
            return;
        Report($"{Domain} takes both directions on one connection");
        IsBidirectional = true;
        Send(Bidi.Request);
    }

    private static bool OffersExternal(Element features) =>
        features.Child(Namespaces.Sasl, "mechanisms")?.Elements.Any(mechanism => mechanism.Text.Trim() == "EXTERNAL") == true;

    /// <summary>Whether it is the server that was looked for, as far as that has to be proved.</summary>
    private bool IsTrusted()
    {
        var problem = Federation.Certificates.Check(Connection.Tls, Domain, _delegation);
        var isNamed = _delegation?.Usable.Count > 0;
        Report($"the certificate of {Domain} {problem ?? (isNamed ? "is what the DNS says (DANE)" : "is valid")}");
        // RFC 7673 §4: who says securely what to expect is not to be met with less.
        if (problem is null || (!isNamed && Federation.Policy.AllowsDialback(Domain)))
            return true;
        Fail($"is not trusted: its certificate {problem}");
        return false;
    }

    /// <summary>XEP-0288 §2.2: the peer wants to send for a further domain of its own. Its certificate has to be for that, too.</summary>
    private void TakeFurther(string from, string to)
    {
        StanzaErrorCondition? error = !_negotiated.Task.IsCompleted ? StanzaErrorCondition.UnexpectedRequest
            : !Server.Federation.IsServed(to) ? StanzaErrorCondition.ItemNotFound
            : !Federation.Policy.Admits(from) || Server.Federation.IsServed(from) ? StanzaErrorCondition.Forbidden
            : AcceptedCount >= MaxPairs ? StanzaErrorCondition.ResourceConstraint
            : Federation.Certificates.Check(Connection.Tls, from) is not null ? StanzaErrorCondition.NotAuthorized
            : null;
        if (error is null)
            Accept(to, from);
        SendDialback("result", to, from, type: error is null ? "valid" : "error", error: error);
    }

    private void AskByDialback()
    {
        if (_peerId is not { Length: > 0 } id)
        {
            Fail("does not accept our certificate, and gives its stream no id for dialback");
            return;
        }
        _isDialbackSent = true;
        SendDialback("result", _purpose.Local, Domain, key: Server.Federation.Keys.Create(Domain, _purpose.Local, id));
    }

    private async ValueTask StartTlsAsync()
    {
        await HandshakeAsync(Connection.StartTlsAsync(
            Federation.ClientTls, new TlsTarget(_purpose.Local, Domain, _isDirectTls ? "xmpp-server" : null), Server.Stopping));
        _phase = NegotiationPhase.Secured;
        Report($"{Connection.Tls!.Protocol}, {Connection.Tls.CipherSuite}");
    }

    private void BeginManagement()
    {
        _isResuming = _purpose.Resume is not null;
        if (_isResuming)
            Send(new Element(StreamManagement.Ns, "resume", Element.Attr("previd", _purpose.Resume), CountAttribute(0)));
        else
            Enable();
    }

    private void Enable() => Send(new Element(StreamManagement.Ns, "enable", Element.Attr("resume", IsBidirectional ? null : "true")));

    private void StartAnew()
    {
        Restart();
        SendHeader();
    }

    private void Complete(string how)
    {
        AuthorizedBy = how;
        if (IsBidirectional)
            Accept(_purpose.Local, Domain);
        Report($"{Domain} accepts stanzas of {_purpose.Local}, authorised by {how}");
        _negotiated.TrySetResult(null);
    }

    /// <param name="what">Completes "the server of … …".</param>
    /// <param name="error">What the peer is told; null for nothing.</param>
    private void Fail(string what, StreamErrorCondition? error = null)
    {
        _negotiated.TrySetResult(LinkFailure.Timeout($"the server of {Domain} {what}"));
        End(error is { } condition ? new StreamError(condition) : null);
    }

    private void Report(string step) => _purpose.Report?.Invoke(step);
}
