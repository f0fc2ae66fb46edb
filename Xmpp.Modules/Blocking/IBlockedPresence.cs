using Xmpp.Core;

namespace Xmpp.Modules;

/// <summary>What blocking means to the presence that an account's contacts see (XEP-0191 §3.3, §3.4).</summary>
public interface IBlockedPresence
{
    /// <summary>Makes the account appear unavailable to those who know its presence; no guard is asked.</summary>
    /// <param name="watcher">Whom an item of the list stands for.</param>
    ValueTask HideAsync(Jid account, Jid watcher, CancellationToken cancellationToken);

    /// <summary>Shows the account's presence to those who are subscribed to it, if the guards agree.</summary>
    /// <param name="watcher">Whom an item of the list stood for.</param>
    ValueTask ShowAsync(Jid account, Jid watcher, CancellationToken cancellationToken);
}
