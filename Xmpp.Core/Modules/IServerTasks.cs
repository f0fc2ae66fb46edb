using Xmpp.Core.Storage;

namespace Xmpp.Core.Modules;

/// <summary>What modules do that no stanza waits for, and what they tell the operator.</summary>
public interface IServerTasks
{
    /// <summary>
    /// Runs something in the background. What it throws is logged, a <see cref="StoreException"/> as a warning and anything else as the bug
    /// that it is. The server waits for it at its end, when the token is cancelled.
    /// </summary>
    /// <param name="what">For the log, such as "Delivery of offline messages to juliet@example.com".</param>
    void Run(string what, Func<CancellationToken, ValueTask> work);

    /// <summary>Tells the operator something, by the log: no secret, and nothing that people write to each other.</summary>
    void Note(string text);
}
