using System.Buffers.Text;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>SASL over the stream (RFC 6120 §6). Mechanisms are Xmpp.Core's; offers, retries and wire format are here.</summary>
internal sealed partial class SaslNegotiation(StreamNegotiator negotiator) : StreamFeature(negotiator)
{
    /// <summary>§6.4.5: a few retries, then the stream ends.</summary>
    private const int MaxGuesses = 5;

    /// <summary>Some clients try every mechanism there is before they come to one that they can use.</summary>
    private const int MaxFailures = 12;

    private SaslContext? _context;
    private ISaslExchange? _exchange;
    private string? _mechanism;
    private int _guesses;
    private int _failures;

    /// <summary>Decides what this stream is offered; null when it isn't the time.</summary>
    public SaslContext? Prepare() => _context = Negotiator.Phase == NegotiationPhase.Secured
        ? Negotiator.Server.CreateSaslContext(Negotiator.Host!, Negotiator.Stream.Connection.Tls)
        : null;

    public override IEnumerable<Element> Offer()
    {
        if (_context is null)
            yield break;
        yield return new Element(Namespaces.Sasl, "mechanisms",
            _context.OfferedMechanisms.Select(name => new Element(Namespaces.Sasl, "mechanism", name)));
        if (ChannelBindingCapability.Feature(_context) is { } capability)
            yield return capability;
    }

    public override bool Accepts(Element element) =>
        Negotiator.Phase < NegotiationPhase.Authenticated
        && element.Name is { Namespace: Namespaces.Sasl, Local: "auth" or "response" or "abort" };

    public override async ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        var outcome = await StepAsync(element, cancellationToken);
        switch (outcome)
        {
            case SaslOutcome.Challenge challenge:
                Send("challenge", challenge.Data);
                break;
            case SaslOutcome.Success success:
                await SucceedAsync(success, cancellationToken);
                break;
            case SaslOutcome.Failure failure:
                Fail(failure);
                break;
        }
    }

    private async ValueTask<SaslOutcome> StepAsync(Element element, CancellationToken cancellationToken)
    {
        if (Negotiator.Phase == NegotiationPhase.Clear)
            return new SaslOutcome.Failure(SaslFailureCondition.EncryptionRequired);
        if (element.Name.Local == "abort")
            return new SaslOutcome.Failure(SaslFailureCondition.Aborted);
        if (element.Name.Local == "auth" == (_exchange is not null))
            return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest);
        if (!TryDecode(element.Text, out var message))
            return new SaslOutcome.Failure(SaslFailureCondition.IncorrectEncoding);

        if (_exchange is null)
        {
            _mechanism = element["mechanism"];
            var server = Negotiator.Server.Current;
            if (!server.Mechanisms.TryStart(_context!, _mechanism, out var exchange, out var refusal))
                return refusal;
            _exchange = server.Throttle.Guard(exchange, Negotiator.Host!, Negotiator.Stream.Connection.RemoteEndPoint.Address);
        }
        else
        {
            message ??= ReadOnlyMemory<byte>.Empty;
        }
        return await _exchange.RespondAsync(message, cancellationToken);
    }

    private async ValueTask SucceedAsync(SaslOutcome.Success success, CancellationToken cancellationToken)
    {
        var (server, connection) = (Negotiator.Server, Negotiator.Stream.Connection);
        LogAuthenticated(server.StreamLogger, success.Account, _mechanism!, connection.RemoteEndPoint, connection.Tls?.Protocol);
        Send("success", success.Data);
        Negotiator.Authenticated(success.Account);
        if (!success.IsAnonymous)
            await server.NoteLoginAsync(success.Account, cancellationToken);
    }

    private void Fail(SaslOutcome.Failure failure)
    {
        var (server, connection) = (Negotiator.Server, Negotiator.Stream.Connection);
        LogNotAuthenticated(server.StreamLogger, _mechanism, connection.RemoteEndPoint, failure.Condition, failure.Username);
        _exchange = null;
        Negotiator.Stream.Send(failure.ToElement());
        if (failure.IsGuess)
            _guesses++;
        if (_guesses > MaxGuesses || ++_failures > MaxFailures)
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Too many failed attempts.");
    }

    private void Send(string name, ReadOnlyMemory<byte> data) =>
        Negotiator.Stream.Send(new Element(Namespaces.Sasl, name, data.IsEmpty ? null : Convert.ToBase64String(data.Span)));

    /// <summary>§6.4.2: nothing is no message, "=" an empty one, anything else strict base64.</summary>
    private static bool TryDecode(string text, out ReadOnlyMemory<byte>? message)
    {
        message = text == "=" ? ReadOnlyMemory<byte>.Empty : default(ReadOnlyMemory<byte>?);
        if (text is "" or "=")
            return true;
        if (text.Any(char.IsWhiteSpace) || !Base64.IsValid(text))
            return false;
        message = Convert.FromBase64String(text);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Account} authenticated by {Mechanism} from {Address} ({Tls})")]
    private static partial void LogAuthenticated(
        ILogger logger, Jid account, string mechanism, System.Net.IPEndPoint address, string? tls);

    [LoggerMessage(Level = LogLevel.Information, Message = "Authentication by {Mechanism} from {Address} failed: {Condition} ({Username})")]
    private static partial void LogNotAuthenticated(
        ILogger logger, string? mechanism, System.Net.IPEndPoint address, SaslFailureCondition condition, string? username);
}
