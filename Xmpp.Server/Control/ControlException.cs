namespace Xmpp.Server.Control;

/// <summary>A request failed; the message says why, to the operator.</summary>
public class ControlException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Nobody answers at the control socket: no server runs there.</summary>
public sealed class ServerNotRunningException(string socket, Exception? inner = null)
    : ControlException($"No server answers at {socket}. Is it running, and with this configuration?", inner);
