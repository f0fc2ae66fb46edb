namespace Xmpp.Core.Modules;

/// <summary>Is told what a client can do.</summary>
/// <param name="before">What it could do before that changed; null when it is new.</param>
public delegate ValueTask CapabilitiesHandler(ISession session, DiscoInfo? before, CancellationToken cancellationToken);

/// <summary>What connected clients say that they can do, by entity capabilities (XEP-0115).</summary>
public interface ISessionCapabilities
{
    /// <summary>What a session's client says of itself; null as long as it isn't known.</summary>
    DiscoInfo? Find(ISession session);
}
