using System.Net;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>
/// Answers a request of a client that has not authenticated. What it throws as a <see cref="Streams.StreamErrorException"/> ends the
/// stream.
/// </summary>
public delegate ValueTask<IqReply> UnauthenticatedIqHandler(UnauthenticatedIq iq, CancellationToken cancellationToken);

/// <summary>An IQ of type get or set for the host, from a client that has not authenticated.</summary>
/// <param name="Id">Its 'id'.</param>
/// <param name="Payload">The one child element.</param>
/// <param name="Stream">The same for all IQs of a stream.</param>
public sealed record UnauthenticatedIq(string Id, Element Payload, UnauthenticatedStream Stream);

/// <summary>A stream whose client has not authenticated, protected as much as its listener asks for.</summary>
/// <param name="host">The virtual host that the stream header named.</param>
/// <param name="address">Where the client is.</param>
public sealed class UnauthenticatedStream(string host, IPAddress address)
{
    public string Host { get; } = host;

    public IPAddress Address { get; } = address;

    /// <summary>What modules keep for the stream until its client has authenticated.</summary>
    public SessionState State { get; } = new();

    /// <summary>What a module grants on top of the time for negotiation, for people who fill out a form meanwhile.</summary>
    public TimeSpan ExtraTime { get; set; }
}
