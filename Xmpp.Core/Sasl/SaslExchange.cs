using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>
/// What every exchange has in common: messages are bounded, nothing follows the outcome, and a store that fails is a
/// <c>temporary-auth-failure</c>.
/// </summary>
public abstract class SaslExchange : ISaslExchange
{
    /// <summary>The longest message a client may send, in bytes: room for names of 1023 bytes, each escaped to three.</summary>
    public const int MaxMessageLength = 8192;

    private bool _finished;

    public async ValueTask<SaslOutcome> RespondAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        if (_finished)
            return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest, "The exchange is over.");

        // Only a challenge lets it go on; a step that throws is the end of it, too.
        _finished = true;
        if (message is { Length: > MaxMessageLength })
            return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest, "The message is too long.");
        try
        {
            var outcome = await StepAsync(message, cancellationToken);
            _finished = outcome is not SaslOutcome.Challenge;
            return outcome;
        }
        catch (StoreException)
        {
            // The store has logged what happened.
            return new SaslOutcome.Failure(SaslFailureCondition.TemporaryAuthFailure);
        }
    }

    /// <summary>One step of the mechanism; called until an outcome is not a challenge.</summary>
    /// <inheritdoc cref="ISaslExchange.RespondAsync" path="/param"/>
    protected abstract ValueTask<SaslOutcome> StepAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken);
}
