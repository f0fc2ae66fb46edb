using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>
/// A stream that another server has made. It proves who it is by its certificate, with SASL EXTERNAL (XEP-0178 §3) or dialback elements
/// (XEP-0220), or where it may by dialback alone; over TLS always.
/// </summary>
[Xep(220, "1.1.1")]
internal sealed partial class IncomingServerStream(ServerContext server, Connection connection, ListenerTls tls)
    : ServerStream(server, connection)
{
    private const int MaxFailures = 3;

    /// <summary>Keys that wait to be verified at a time.</summary>
    private const int MaxVerifications = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string?> _judged = [];
    private NegotiationPhase _phase = NegotiationPhase.Clear;
    private string? _to;
    private string? _entered;
    private bool _isOver;
    private int _failures;
    private int _verifications;
    private readonly TaskCompletionSource _loopEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RemoteSession? _session;
    private volatile bool _hasBegun;

    public override bool OutlivesProcess => _session?.OutlivesProcess == true;

    protected override RemoteSession? Session => _session;

    /// <summary>Whether stanzas of a pair may go to who has made the stream (XEP-0288 §2.2).</summary>
    public bool CanCarry(string local, string remote) => IsBidirectional && _hasBegun && !IsOver && IsAccepted(local, remote);

    public override void Tick()
    {
        // Not before it has opened its stream anew, and had a second to enable stream management: Prosody 0.12 ends streams on which
        // that fails.
        _hasBegun |= AcceptedCount > 0 && IsHeaderSent && Server.Clock.Seconds > LastInputAt + 1;
        if (AcceptedCount == 0
            && Server.Clock.Seconds - LastInputAt > Server.Current.Options.Limits.NegotiationTimeout.TotalSeconds)
        {
            GiveUp("Negotiation took too long.");
        }
    }

    protected override async ValueTask BeginAsync()
    {
        if (tls == ListenerTls.Direct)
            await StartTlsAsync();
    }

    protected override void SendHeader() => SendHeader(Local ?? _to ?? Server.Current.DefaultHost, Remote, Id);

    protected override ValueTask OpenAsync(StreamHeader header)
    {
        var isFirst = _phase != NegotiationPhase.Authenticated;
        var (to, from) = (DomainOf(header.To), DomainOf(header.From));
        if (isFirst)
            (_to, Local, Remote) = (to, to is not null && Server.Federation.IsServed(to) ? to : null, from);
        SendHeader();
        if (header.ContentNamespace != Namespaces.Server)
            throw new StreamErrorException(StreamErrorCondition.InvalidNamespace);
        if (header.MajorVersion < 1)
            throw new StreamErrorException(StreamErrorCondition.UnsupportedVersion);
        if (header.To is not null && (Local is null || to != Local))
            throw new StreamErrorException(StreamErrorCondition.HostUnknown);
        if (header.From is not null && (from is null || from != Remote || Server.Federation.IsServed(from)))
            throw new StreamErrorException(StreamErrorCondition.InvalidFrom);
        if (from is not null && !Federation.Policy.Admits(from))
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, $"This server doesn't talk to {from}.");
        BeginContent();
        if (_phase == NegotiationPhase.Secured && Local is not null && from is not null && ProblemOf(from) is not null
            && Connection.Tls?.PeerCertificate is not null && Server.Current.Options.S2s.Dane)
        {
            return LookIntoDnsAsync(from);
        }
        SendFeatures();
        return default;
    }

    /// <summary>RFC 7712 §5.1: what the DNS says of a domain's servers holds for the streams that they make, too.</summary>
    private async ValueTask LookIntoDnsAsync(string remote)
    {
        if (await Server.Federation.IsDelegatedAsync(Connection.Tls!, remote))
        {
            _judged[remote] = null;
            LogDelegated(Server.StreamLogger, remote, Connection.RemoteEndPoint);
        }
        SendFeatures();
    }

    private void SendFeatures() => Send(new Element(Namespaces.Stream, "features", Features()));

    protected override ValueTask HandleElementAsync(Element element)
    {
        if (!IsHeaderSent)
            throw new StreamErrorException(StreamErrorCondition.BadFormat);
        if (element.Name == new XmlName(Namespaces.Tls, "starttls"))
            ProceedToTls();
        else if (element.Name == new XmlName(Bidi.Ns, "bidi"))
            TakeBothDirections();
        else if (element.Name == new XmlName(Namespaces.Sasl, "auth"))
            Authenticate(element);
        else if (element.Name is { Namespace: Namespaces.Sasl, Local: "abort" })
            Refuse("aborted");
        else
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        return default;
    }

    protected override async ValueTask BeginManagementAsync(Element element)
    {
        // What has gone to the peer by now would count for one side only.
        if (_phase != NegotiationPhase.Authenticated || IsManaged || (IsBidirectional && _hasBegun))
            Send(StreamManagementElements.Failed(StanzaErrorCondition.UnexpectedRequest));
        else if (element.Name.Local == "enable")
            Enable(element);
        else if (element.Name.Local == "resume")
            await ResumeAsync(element);
        else
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
    }

    /// <summary>XEP-0198 §3.</summary>
    private void Enable(Element enable)
    {
        var resumeTime = Server.Current.Options.S2s.ResumeTime;
        if (StreamManagementElements.TryReadCount(enable["max"], out var wanted) && wanted < resumeTime.TotalSeconds)
            resumeTime = TimeSpan.FromSeconds(wanted);
        var enabled = new Element(StreamManagement.Ns, "enabled");
        if (enable["resume"] is "true" or "1" && resumeTime > TimeSpan.Zero && !IsBidirectional)
        {
            _session = Server.Federation.Sessions.Add(this, Local!, Remote!, resumeTime);
            enabled = enabled.With("id", _session.Id).With("resume", "true")
                .With("max", ((int)resumeTime.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }
        Send(enabled);
        BeginCounting();
        _hasBegun = true;
    }

    /// <summary>XEP-0198 §5: who comes back learns what was handled until the connection was lost.</summary>
    private async ValueTask ResumeAsync(Element resume)
    {
        if (resume["previd"] is not { } id || !StreamManagementElements.TryReadCount(resume["h"], out var count))
        {
            Send(StreamManagementElements.Failed(StanzaErrorCondition.BadRequest));
            return;
        }
        if (count > 0)
            throw StreamManagementElements.CountTooHigh(count, sent: 0); // Nothing goes this way.
        if (Server.Federation.Sessions.Find(id, Local!, Remote!) is not { } session || !session.TryTake(this, out var former))
        {
            Send(StreamManagementElements.Failed(StanzaErrorCondition.ItemNotFound));
            return;
        }
        _session = session;
        if (former is not null)
        {
            // What it is still handling is counted, and only then is the peer told how far that was.
            former.Connection.Abort("resumed by a new connection");
            await former._loopEnded.Task;
        }
        await session.WaitUntilKeptAsync();
        BeginCounting();
        Send(new Element(StreamManagement.Ns, "resumed", Element.Attr("previd", id), CountAttribute(session.Handled)));
    }

    protected override void HandleResult(string from, string to, Element result)
    {
        if (result["type"] is not null)
            throw Unsolicited();
        if (Judge(from, to) is { } condition)
        {
            SendDialback("result", to, from, type: "error", error: condition);
            return;
        }
        if (IsAccepted(to, from) || ProblemOf(from) is null)
        {
            // The certificate is better proof than any key.
            Accept(to, from);
            SendDialback("result", to, from, type: "valid");
            return;
        }
        if (Interlocked.Increment(ref _verifications) > MaxVerifications)
        {
            Interlocked.Decrement(ref _verifications);
            SendDialback("result", to, from, type: "error", error: StanzaErrorCondition.ResourceConstraint);
            return;
        }
        var request = new DialbackRequest(Id, result.Text.Trim());
        Server.Tasks.Run($"Dialback to {from}", async _ =>
        {
            var verified = await Server.Federation.VerifyAsync(to, from, request);
            Interlocked.Decrement(ref _verifications);
            Tell(from, to, verified);
        });
    }

    protected override void Accept(string local, string remote)
    {
        lock (_gate)
        {
            if (_isOver)
                return;
            if (_entered is null)
            {
                if (!Server.Federation.TryEnter(this, remote))
                    throw new StreamErrorException(StreamErrorCondition.ResourceConstraint, $"{remote} has too many streams.");
                _entered = remote;
                Local ??= local;
                Remote ??= remote;
                AuthorizedBy ??= "dialback";
                LogAuthorized(Server.StreamLogger, remote, Connection.RemoteEndPoint, Connection.Tls!.Protocol);
            }
            base.Accept(local, remote);
        }
    }

    protected override void HandleEnd()
    {
        lock (_gate)
        {
            _isOver = true;
            if (_entered is not null)
                Server.Federation.Leave(this, _entered);
        }
        if (_session is { } session && session.TryLeave(this, Server.Clock.Seconds) && !IsBroken)
            Server.Federation.Sessions.Remove(session);
        Link?.Lose(this);
        _loopEnded.TrySetResult();
    }

    private IEnumerable<Element> Features()
    {
        if (_phase == NegotiationPhase.Clear)
        {
            yield return new(Namespaces.Tls, "starttls", new Element(Namespaces.Tls, "required"));
            if (Server.Current.Options.S2s.Bidi)
                yield return Bidi.Feature;
            yield break;
        }
        if (_phase == NegotiationPhase.Secured && Server.Current.Options.S2s.Bidi)
            yield return Bidi.Feature;
        if (_phase == NegotiationPhase.Secured && Local is not null && Remote is not null && ProblemOf(Remote) is null)
            yield return new(Namespaces.Sasl, "mechanisms", new Element(Namespaces.Sasl, "mechanism", "EXTERNAL"));
        yield return Dialback.Feature;
        if (_phase == NegotiationPhase.Authenticated)
            yield return new(StreamManagement.Ns, "sm");
    }

    private void ProceedToTls()
    {
        if (_phase != NegotiationPhase.Clear)
        {
            // RFC 6120 §5.4.2.2: a failure, then the end of the stream.
            Send(new Element(Namespaces.Tls, "failure"));
            End(null);
            return;
        }
        Send(new Element(Namespaces.Tls, "proceed"));
        DoNext(async () =>
        {
            await StartTlsAsync();
            Restart();
        });
    }

    /// <summary>XEP-0288 §2: behind TLS, and before anybody has proved to be somebody.</summary>
    private void TakeBothDirections()
    {
        if (!Server.Current.Options.S2s.Bidi)
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        if (_phase != NegotiationPhase.Secured || AcceptedCount > 0)
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Not now: behind TLS and before authentication.");
        IsBidirectional = true;
    }

    private async ValueTask StartTlsAsync()
    {
        await HandshakeAsync(Connection.StartTlsAsync(Federation.Tls, Server.Stopping));
        _phase = NegotiationPhase.Secured;
    }

    /// <summary>SASL, with the one mechanism that there is between servers.</summary>
    private void Authenticate(Element auth)
    {
        if (_phase == NegotiationPhase.Clear)
            Refuse("encryption-required");
        else if (_phase != NegotiationPhase.Secured)
            throw new StreamErrorException(StreamErrorCondition.NotAuthorized, "It is done.");
        else if (auth["mechanism"] != "EXTERNAL")
            Refuse("invalid-mechanism");
        else if (Local is not { } local || Remote is not { } remote || ProblemOf(remote) is not null)
            Refuse("not-authorized");
        else if (!IsIdentity(auth.Text.Trim(), remote))
            Refuse("invalid-authzid");
        else
        {
            Accept(local, remote);
            AuthorizedBy = "EXTERNAL";
            Send(new Element(Namespaces.Sasl, "success"));
            _phase = NegotiationPhase.Authenticated;
            Restart();
        }
    }

    /// <summary>RFC 6120 §6.5: the peer may try again, or by dialback.</summary>
    private void Refuse(string condition)
    {
        Send(new Element(Namespaces.Sasl, "failure", new Element(Namespaces.Sasl, condition)));
        if (++_failures >= MaxFailures)
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Too many attempts.");
    }

    /// <summary>XEP-0178 §3: none, or the domain that the stream is from.</summary>
    private static bool IsIdentity(string text, string remote)
    {
        if (text is "" or "=")
            return true;
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            && Jid.TryParse(Encoding.UTF8.GetString(bytes, 0, length), out var identity) && identity.ToString() == remote;
    }

    /// <summary>Why a pair can't be authorised on this stream, whatever the key; null when it may be.</summary>
    private StanzaErrorCondition? Judge(string from, string to)
    {
        if (!Server.Federation.IsServed(to))
            return StanzaErrorCondition.ItemNotFound;
        if (_phase == NegotiationPhase.Clear)
            return StanzaErrorCondition.PolicyViolation;
        if (!Federation.Policy.Admits(from) || Server.Federation.IsServed(from))
            return StanzaErrorCondition.Forbidden;
        if (AcceptedCount >= MaxPairs)
            return StanzaErrorCondition.ResourceConstraint;
        if (ProblemOf(from) is { } problem && !Federation.Policy.AllowsDialback(from))
        {
            LogNotTrusted(Server.StreamLogger, from, Connection.RemoteEndPoint, problem);
            return StanzaErrorCondition.NotAuthorized;
        }
        return null;
    }

    /// <summary>What is wrong with the certificate for a domain; null when it proves it.</summary>
    private string? ProblemOf(string domain)
    {
        if (_judged.TryGetValue(domain, out var problem))
            return problem;
        problem = Federation.Certificates.Check(Connection.Tls, domain);
        if (_judged.Count < MaxPairs)
            _judged[domain] = problem;
        if (problem is not null)
            LogCertificate(Server.StreamLogger, domain, Connection.RemoteEndPoint, problem);
        return problem;
    }

    /// <summary>XEP-0220 §2.2.1: the answer to a key, once the authoritative server has answered.</summary>
    private void Tell(string from, string to, DialbackResult verified)
    {
        if (HasEnded)
            return;
        if (verified.Error is { } error)
        {
            SendDialback("result", to, from, type: "error", error: error);
            return;
        }
        if (!verified.IsValid)
        {
            LogSpoofed(Server.StreamLogger, Connection.RemoteEndPoint, from);
            SendDialback("result", to, from, type: "invalid");
            if (AcceptedCount == 0)
                End(null);
            return;
        }
        try
        {
            Accept(to, from);
        }
        catch (StreamErrorException full)
        {
            End(full.Error);
            return;
        }
        SendDialback("result", to, from, type: "valid");
    }

    private static string? DomainOf(string? address) =>
        Jid.TryParse(address, out var jid) && jid is { Local: null, IsFull: false } ? jid.Domain : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "Server {Remote} has connected from {Address} ({Protocol})")]
    private static partial void LogAuthorized(ILogger logger, string remote, IPEndPoint address, string protocol);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Server {Remote} at {Address}: its certificate is what the DNS says (DANE)")]
    private static partial void LogDelegated(ILogger logger, string remote, IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Server {Remote} at {Address} is not trusted: its certificate {Problem}")]
    private static partial void LogNotTrusted(ILogger logger, string remote, IPEndPoint address, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Server {Remote} at {Address}: its certificate {Problem}")]
    private static partial void LogCertificate(ILogger logger, string remote, IPEndPoint address, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} pretends to be {Remote}, which doesn't know the key")]
    private static partial void LogSpoofed(ILogger logger, IPEndPoint address, string remote);
}
