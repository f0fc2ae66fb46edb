namespace Xmpp.Core.Sasl;

/// <summary>A SASL mechanism, the server's side (RFC 4422).</summary>
public interface ISaslMechanism
{
    /// <summary>As registered with IANA, such as "SCRAM-SHA-256-PLUS".</summary>
    string Name { get; }

    /// <summary>Whether it can be offered on this stream (PLAIN only inside TLS, -PLUS only with channel binding, …).</summary>
    bool IsAvailable(SaslContext context);

    ISaslExchange Start(SaslContext context);
}

/// <summary>One authentication in progress.</summary>
public interface ISaslExchange
{
    /// <summary>Takes the client's message (decoded from base64; empty when the client sent "=" ) and says what follows.</summary>
    /// <param name="message">
    /// Null only on the first call, when <c>&lt;auth/&gt;</c> carried no initial response. Null is not empty, and a <c>byte[]</c> that is
    /// null converts to empty: mind the type of conditional expressions.
    /// </param>
    /// <param name="cancellationToken">Ends a store look-up.</param>
    ValueTask<SaslOutcome> RespondAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken);
}
