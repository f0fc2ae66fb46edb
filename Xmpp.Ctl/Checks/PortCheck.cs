using System.Net;
using System.Net.Sockets;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Checks;

/// <summary>Whether a listener's port is served by our server, or free for it.</summary>
internal static class PortCheck
{
    /// <param name="endPoint">Where the listener is, or is to be.</param>
    /// <param name="status">Of the running server; null when there is none.</param>
    public static CheckResult Run(IPEndPoint endPoint, ServerStatus? status)
    {
        var subject = $"port {endPoint}";
        if (status?.Listeners.Any(served => served.Port == endPoint.Port && served.Address == endPoint.Address.ToString()) is true)
            return CheckResult.Ok(subject, $"served by process {status.Pid}");
        try
        {
            using var socket = new Socket(endPoint.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(1);
            return CheckResult.Ok(subject, status is null ? "free" : "free; the running server does not listen on it: restart it");
        }
        catch (SocketException failure)
        {
            return CheckResult.Failed(subject, failure.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"another process has it (ss -ltnp sport = :{endPoint.Port} names it); stop that, or change the port",
                SocketError.AccessDenied =>
                    "this user may not listen on ports below 1024; choose a higher one, or give CAP_NET_BIND_SERVICE",
                SocketError.AddressNotAvailable => "this machine has no such address; \"::\" is every one it has",
                _ => failure.Message,
            });
        }
    }
}
