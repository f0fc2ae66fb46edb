using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Turns voice messages into text for services, which answer them.</summary>
public interface ITranscriber
{
    /// <summary>
    /// Has the text of a message made, if it is a voice message that was uploaded here. It takes its time, and is left undone when there
    /// are too many.
    /// </summary>
    /// <param name="room">Where it was said.</param>
    /// <param name="account">Whose wish it counts as.</param>
    /// <param name="message">As all got it.</param>
    /// <param name="id">By which replies name it there (XEP-0461 §3.1).</param>
    /// <param name="say">Gets the room's reply.</param>
    void Answer(Jid room, Jid account, Element message, string id, Func<Element, CancellationToken, ValueTask> say);
}
