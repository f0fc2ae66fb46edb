using System.Net;

namespace Xmpp.Server.Transport;

/// <summary>An address can't be listened on. The message names it and the remedy.</summary>
public sealed class ListenException(IPEndPoint endPoint, string message, Exception innerException)
    : IOException(message, innerException)
{
    public IPEndPoint EndPoint { get; } = endPoint;
}
