using Xmpp.Core.Stanzas;

namespace Xmpp.Server.Federation;

/// <summary>Why there is no stream to another server.</summary>
/// <param name="Condition">What senders are told (RFC 6120 §8.3.3.16, §8.3.3.17).</param>
/// <param name="Reason">For people: what is wrong, and on which side.</param>
internal sealed record LinkFailure(StanzaErrorCondition Condition, string Reason)
{
    public static LinkFailure NotFound(string reason) => new(StanzaErrorCondition.RemoteServerNotFound, reason);

    public static LinkFailure Timeout(string reason) => new(StanzaErrorCondition.RemoteServerTimeout, reason);

    public StanzaError ToError() => StanzaError.Of(Condition, Reason);
}
