using System.Net;

namespace Xmpp.Core.Sasl;

/// <summary>
/// An exchange under an <see cref="AuthenticationThrottle"/>: counts its failure, and where there were too many answers
/// <c>temporary-auth-failure</c> to right and wrong credentials alike, so that guessing on brings nothing.
/// </summary>
internal sealed class ThrottledExchange(
    ISaslExchange exchange, AuthenticationThrottle throttle, string host, IPAddress? address) : ISaslExchange
{
    public async ValueTask<SaslOutcome> RespondAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        // Before anything is computed: some mechanisms cost milliseconds.
        if (!throttle.IsAllowed(account: null, address, out _))
            return TooMany(username: null);

        var outcome = await exchange.RespondAsync(message, cancellationToken);
        return outcome switch
        {
            SaslOutcome.Success { IsAnonymous: false } success => Judge(success, success.Account),
            SaslOutcome.Failure { IsGuess: true } failure => Judge(failure, AccountOf(failure)),
            _ => outcome,
        };
    }

    private SaslOutcome Judge(SaslOutcome outcome, Jid? account)
    {
        var isAllowed = throttle.IsAllowed(account, address, out _);
        if (outcome is SaslOutcome.Failure)
        {
            // What comes while an account has to wait doesn't prolong that, or anybody could lock it out for ever.
            throttle.RecordFailure(isAllowed ? account : null, address);
        }
        return isAllowed ? outcome : TooMany(account?.Local);
    }

    private Jid? AccountOf(SaslOutcome.Failure failure) =>
        failure.Username is { } name && Jid.TryCreate(name, host, resource: null, out var account) ? account : null;

    private static SaslOutcome.Failure TooMany(string? username) =>
        new(SaslFailureCondition.TemporaryAuthFailure, "Too many failed logins. Try again later.", username);
}
