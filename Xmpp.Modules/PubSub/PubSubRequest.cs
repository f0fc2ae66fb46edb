using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>A request of XEP-0060 to an account or a service.</summary>
/// <param name="Owner">The bare JID of the account, or the domain of the service.</param>
/// <param name="Host">That it belongs to.</param>
/// <param name="From">The full JID of who asks.</param>
/// <param name="Payload">The <c>pubsub</c>.</param>
internal sealed record PubSubRequest(Jid Owner, string Host, Jid From, IqType Type, Element Payload)
{
    /// <summary>What is asked for: the element that says which of the use cases it is.</summary>
    public Element Action { get; init; } = Payload;

    /// <summary>The node that is named; null when none is.</summary>
    public string? Node => Action["node"] is { Length: > 0 } node ? node : null;
}
