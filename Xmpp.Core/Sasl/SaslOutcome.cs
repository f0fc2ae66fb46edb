using Xmpp.Core.Stanzas;

namespace Xmpp.Core.Sasl;

/// <summary>SASL failure conditions (RFC 6120 §6.5).</summary>
public enum SaslFailureCondition
{
    Aborted,
    AccountDisabled,
    CredentialsExpired,
    EncryptionRequired,
    IncorrectEncoding,
    InvalidAuthzid,
    InvalidMechanism,
    MalformedRequest,
    MechanismTooWeak,
    NotAuthorized,
    TemporaryAuthFailure,
}

/// <summary>What a step of an exchange leads to.</summary>
public abstract record SaslOutcome
{
    /// <summary>Send the data and wait for the response.</summary>
    public sealed record Challenge(ReadOnlyMemory<byte> Data) : SaslOutcome;

    /// <summary>Authenticated as <paramref name="Account"/> (a bare JID). The data, if any, goes along with success.</summary>
    public sealed record Success(Jid Account, ReadOnlyMemory<byte> Data = default) : SaslOutcome;

    /// <summary>Not authenticated. <paramref name="Username"/>, where known, is for the limiter and the log.</summary>
    public sealed record Failure(SaslFailureCondition Condition, string? Text = null, string? Username = null) : SaslOutcome
    {
        public static string WireName(SaslFailureCondition condition) => WireNames.FromPascalCase(condition.ToString());
    }
}
