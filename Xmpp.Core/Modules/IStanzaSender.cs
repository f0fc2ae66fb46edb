using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Sends what no session says: the server's own messages and those of modules that speak for somebody.</summary>
public interface IStanzaSender
{
    /// <summary>Takes a message to its recipient through all the stages, as if it came from elsewhere.</summary>
    /// <param name="message">With 'from' and 'to'.</param>
    /// <returns>Why it was not taken, or null. Nobody is told.</returns>
    ValueTask<StanzaError?> SendMessageAsync(Element message, CancellationToken cancellationToken);
}
