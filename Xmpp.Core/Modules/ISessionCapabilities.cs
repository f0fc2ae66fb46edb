namespace Xmpp.Core.Modules;

/// <summary>What connected clients say that they can do, by entity capabilities (XEP-0115).</summary>
public interface ISessionCapabilities
{
    /// <summary>What a session's client says of itself; null as long as it isn't known.</summary>
    DiscoInfo? Find(ISession session);
}
