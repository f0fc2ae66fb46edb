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

/// <summary>Is told what a contact's client at another server can do.</summary>
/// <param name="account">That the client's presence was sent to.</param>
public delegate ValueTask RemoteCapabilitiesHandler(Jid account, Jid client, DiscoInfo info, CancellationToken cancellationToken);
