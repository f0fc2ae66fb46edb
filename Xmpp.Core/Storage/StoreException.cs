using Xmpp.Core.Stanzas;

namespace Xmpp.Core.Storage;

/// <summary>A store could not do what was asked. Nothing of the operation is durable.</summary>
public sealed class StoreException(StanzaErrorCondition condition, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the sender of the affected stanza is told: <c>internal-server-error</c>, or <c>resource-constraint</c> when waiting may help.</summary>
    public StanzaErrorCondition Condition { get; } = condition;
}
