using Xmpp.Core.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Streams;

/// <summary>The XML stream of a connection that the server has accepted.</summary>
internal interface IServerStream
{
    Connection Connection { get; }

    /// <summary>Whether nothing more that comes is handled.</summary>
    bool HasEnded { get; }

    /// <summary>Runs the stream to its end. Doesn't throw.</summary>
    Task RunAsync();

    /// <summary>Ends the stream from this side, with an error or without; from any thread, once.</summary>
    void End(StreamError? error);

    /// <summary>What the passing of time asks for; called about once a second.</summary>
    void Tick();
}
