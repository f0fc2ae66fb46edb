using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Streams;

namespace Xmpp.Server.Streams;

/// <summary>The attempts to authenticate on one stream, by whichever profile: what is offered, and how often it may fail.</summary>
internal sealed partial class SaslAttempts(StreamNegotiator negotiator)
{
    /// <summary>RFC 6120 §6.4.5: a few retries, then the stream ends.</summary>
    private const int MaxGuesses = 5;

    /// <summary>Some clients try every mechanism there is before they come to one that they can use.</summary>
    private const int MaxFailures = 12;

    private ISaslExchange? _exchange;
    private int _guesses;
    private int _failures;

    /// <summary>What this stream is offered; null when it isn't the time.</summary>
    public SaslContext? Context { get; private set; }

    public bool IsInProgress => _exchange is not null;

    /// <summary>The mechanism that was last tried, as the client named it.</summary>
    public string? Mechanism { get; private set; }

    /// <summary>Decides what this stream is offered.</summary>
    public SaslContext? Prepare() => Context = negotiator.Phase == NegotiationPhase.Secured
        ? negotiator.Server.CreateSaslContext(negotiator.Host!, negotiator.Stream.Connection.Tls)
        : null;

    /// <summary>Begins an exchange by a mechanism that was offered.</summary>
    /// <param name="context">What was offered.</param>
    /// <param name="message">The initial response; null when there is none.</param>
    public ValueTask<SaslOutcome> BeginAsync(
        SaslContext context, string? mechanism, ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        Mechanism = mechanism;
        return negotiator.Server.Current.Mechanisms.TryStart(context, mechanism, out var exchange, out var refusal)
            ? BeginAsync(exchange, mechanism, message, cancellationToken)
            : new(refusal);
    }

    public ValueTask<SaslOutcome> BeginAsync(
        ISaslExchange exchange, string? mechanism, ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        Mechanism = mechanism;
        _exchange = negotiator.Server.Current.Throttle.Guard(
            exchange, negotiator.Host!, negotiator.Stream.Connection.RemoteEndPoint.Address);
        return _exchange.RespondAsync(message, cancellationToken);
    }

    /// <summary>Goes on with the exchange that was begun.</summary>
    public ValueTask<SaslOutcome> ContinueAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        _exchange!.RespondAsync(message, cancellationToken);

    public void Succeed(Jid account)
    {
        var connection = negotiator.Stream.Connection;
        LogAuthenticated(negotiator.Server.StreamLogger, account, Mechanism!, connection.RemoteEndPoint, connection.Tls?.Protocol);
    }

    /// <summary>Tells the client; whoever fails too often loses the stream.</summary>
    /// <param name="profile">The namespace of the profile.</param>
    public void Fail(SaslOutcome.Failure failure, string profile)
    {
        LogNotAuthenticated(
            negotiator.Server.StreamLogger, Mechanism, negotiator.Stream.Connection.RemoteEndPoint, failure.Condition, failure.Username);
        _exchange = null;
        negotiator.Stream.Send(failure.ToElement(profile));
        if (failure.IsGuess)
            _guesses++;
        if (_guesses > MaxGuesses || ++_failures > MaxFailures)
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Too many failed attempts.");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Account} authenticated by {Mechanism} from {Address} ({Tls})")]
    private static partial void LogAuthenticated(
        ILogger logger, Jid account, string mechanism, System.Net.IPEndPoint address, string? tls);

    [LoggerMessage(Level = LogLevel.Information, Message = "Authentication by {Mechanism} from {Address} failed: {Condition} ({Username})")]
    private static partial void LogNotAuthenticated(
        ILogger logger, string? mechanism, System.Net.IPEndPoint address, SaslFailureCondition condition, string? username);
}
