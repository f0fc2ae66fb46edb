using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>What the server itself wants to know of connected clients: IQ requests, and their answers when they come.</summary>
public interface IServerQueries
{
    /// <summary>Sends a request to a session. Its answer counts only when it comes from that very session.</summary>
    /// <param name="from">Who asks: the session's domain, or its account's bare JID.</param>
    /// <param name="payload">The one child of the IQ.</param>
    /// <param name="patience">How long to wait for the answer.</param>
    /// <returns>
    /// The answer whole, an IQ of type "result" or "error"; null when none came in time, the session ended, or too many requests to
    /// it wait already.
    /// </returns>
    ValueTask<Element?> AskAsync(
        ISession session, Jid from, IqType type, Element payload, TimeSpan patience, CancellationToken cancellationToken);
}
