using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Xmpp.Core.Sasl;

/// <summary>What came of a client's proof that it has a token.</summary>
public enum TokenOutcome
{
    Accepted,

    /// <summary>There is no such token, or not for this mechanism.</summary>
    Unknown,

    /// <summary>The client has a token that counts no longer.</summary>
    Expired,

    /// <summary>The token is right, but its account may not log in.</summary>
    AccountDisabled,
}

/// <summary>Looks for the token that a client has.</summary>
/// <param name="account">Whom it wants to be.</param>
/// <param name="isProven">Whether the client has proved to have these octets as a token.</param>
public delegate ValueTask<TokenOutcome> TokenCheck(Jid account, Predicate<byte[]> isProven, CancellationToken cancellationToken);

/// <summary>The server's side of <see cref="HashedTokenMechanism"/>: one message each way.</summary>
/// <param name="check">Who knows the tokens.</param>
public sealed class HashedTokenExchange(HashedTokenMechanism mechanism, SaslContext context, TokenCheck check) : SaslExchange
{
    protected override async ValueTask<SaslOutcome> StepAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        // initiator-message = authcid NUL initiator-hashed-token
        if (message is not { } received || received.Span.IndexOf((byte)0) is not (> 0 and var end) || !Utf8.IsValid(received.Span[..end]))
            return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest);
        var username = Encoding.UTF8.GetString(received.Span[..end]);
        var proof = received[(end + 1)..];
        if (context.AccountOf(username) is not { } account || mechanism.BindingOf(context) is not { } binding)
            return new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: username);
        if (context.StreamFrom is { } from && !from.Equals(account))
            return new SaslOutcome.Failure(SaslFailureCondition.InvalidAuthzid, Username: account.Local);

        byte[]? token = null;
        var outcome = await check(account, IsProven, cancellationToken);
        return outcome switch
        {
            TokenOutcome.Accepted => new SaslOutcome.Success(account, HashedTokenMechanism.Hash(token, "Responder"u8, binding)),
            TokenOutcome.Expired => new SaslOutcome.Failure(SaslFailureCondition.CredentialsExpired, Username: account.Local),
            TokenOutcome.AccountDisabled => new SaslOutcome.Failure(SaslFailureCondition.AccountDisabled, Username: account.Local),
            _ => new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: account.Local),
        };

        bool IsProven(byte[] candidate)
        {
            if (!CryptographicOperations.FixedTimeEquals(HashedTokenMechanism.Hash(candidate, "Initiator"u8, binding), proof.Span))
                return false;
            token = candidate;
            return true;
        }
    }
}
