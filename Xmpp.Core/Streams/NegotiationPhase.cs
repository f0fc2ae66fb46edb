namespace Xmpp.Core.Streams;

/// <summary>How far the negotiation of a stream has come (RFC 6120 §4.3). Each phase starts with features of its own.</summary>
public enum NegotiationPhase
{
    /// <summary>In clear, with TLS to come.</summary>
    Clear,

    /// <summary>Protected, or allowed to go on without.</summary>
    Secured,

    /// <summary>Authenticated; a resource is to be bound.</summary>
    Authenticated,

    /// <summary>A resource was bound along with authentication (XEP-0386): what is left of the features of the phase before.</summary>
    Bound,
}

/// <summary>What an element in the stream features may depend on.</summary>
/// <param name="Host">The virtual host.</param>
/// <param name="Phase">The phase that the features are for.</param>
/// <param name="MaxStanzaBytes">The largest first-level element accepted in this phase.</param>
/// <param name="IdleTimeout">How long a client may be silent before the server looks after it, or ends the stream.</param>
public sealed record StreamFeatureContext(string Host, NegotiationPhase Phase, int MaxStanzaBytes, TimeSpan IdleTimeout);
