namespace Xmpp.Core.Modules;

/// <summary>How a server ends.</summary>
public enum ServerEnd
{
    /// <summary>The process ends, with success.</summary>
    ShutDown,

    /// <summary>The server is started anew in the same process, with its configuration read again.</summary>
    Restart,
}

/// <summary>The life of the server.</summary>
public interface IServerLifetime
{
    /// <summary>Asks that the server end, gracefully; returns at once. The first who asks decides how.</summary>
    void End(ServerEnd how);
}
