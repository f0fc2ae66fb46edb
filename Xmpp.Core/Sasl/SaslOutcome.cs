using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

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

    /// <summary>
    /// Authenticated as <paramref name="Account"/> (a bare JID). The data, if any, goes along with success.
    /// <paramref name="IsAnonymous"/>: the account is in no store and ends with its session (XEP-0175).
    /// </summary>
    public sealed record Success(Jid Account, ReadOnlyMemory<byte> Data = default, bool IsAnonymous = false) : SaslOutcome;

    /// <summary>Not authenticated. <paramref name="Username"/>, where known, is for the limiter and the log.</summary>
    public sealed record Failure(SaslFailureCondition Condition, string? Text = null, string? Username = null) : SaslOutcome
    {
        /// <summary>
        /// Whether credentials were put to the test: what guessing is, and what limits count. A client that can't bind the channel
        /// in a way of ours is refused one mechanism after another without having guessed once.
        /// </summary>
        public bool IsGuess { get; init; } = Condition == SaslFailureCondition.NotAuthorized;

        public static string WireName(SaslFailureCondition condition) => WireNames.FromPascalCase(condition.ToString());

        /// <summary>The <c>&lt;failure/&gt;</c> element.</summary>
        /// <param name="profile">The namespace of the profile: conditions are RFC 6120's in XEP-0388, too.</param>
        public Element ToElement(string profile = Namespaces.Sasl) => new(profile, "failure",
            new Element(Namespaces.Sasl, WireName(Condition)),
            Text is null ? null : new Element(profile, "text",
                new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), "en"), Text));
    }
}
