using Xmpp.Core.Modules;

namespace Xmpp.Modules;

public sealed record OfflineMessageOptions
{
    /// <summary>How many messages may wait for one account; further ones are returned to their senders.</summary>
    [Number(1, 1_000_000)]
    public int Messages { get; init; } = 1000;
}
