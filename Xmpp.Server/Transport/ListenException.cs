using System.Net;
using System.Net.Sockets;

namespace Xmpp.Server.Transport;

/// <summary>An address can't be listened on. The message names it and the remedy.</summary>
public sealed class ListenException(IPEndPoint endPoint, string message, Exception innerException)
    : IOException(message, innerException)
{
    public IPEndPoint EndPoint { get; } = endPoint;

    public static ListenException Of(IPEndPoint endPoint, SocketException reason) => new(endPoint, reason.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"Port {endPoint.Port} on {endPoint.Address} is in use by another program.",
        SocketError.AccessDenied =>
            $"No permission to listen on port {endPoint.Port} ({endPoint.Address}): ports below 1024 need root or CAP_NET_BIND_SERVICE.",
        SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported =>
            $"Can't listen on port {endPoint.Port}: {endPoint.Address} is not an address of this machine.",
        _ => $"Can't listen on port {endPoint.Port} ({endPoint.Address}): {reason.Message}.",
    }, reason);
}
