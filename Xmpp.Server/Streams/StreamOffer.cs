using Xmpp.Core.Streams;

namespace Xmpp.Server.Streams;

/// <summary>
/// What the features of a stream depend on, within one configuration. The lists are shared by all streams that are offered the same:
/// there are as many offers as there are kinds of streams.
/// </summary>
/// <param name="IsManaged">Whether stream management is enabled.</param>
internal readonly record struct StreamOffer(
    string Host, NegotiationPhase Phase, bool? IsEncrypted, IReadOnlyList<string>? Mechanisms, IReadOnlyList<string>? ChannelBindings,
    bool IsManaged);
