using Xmpp.Core.Storage;
using Xmpp.Core.Streams;

namespace Xmpp.Core.Modules;

/// <summary>
/// Changes to accounts of the running server, and all that goes with them: sessions end, modules are told. Failures to store are
/// <see cref="StoreException"/>.
/// </summary>
public interface IAccountService
{
    /// <summary>
    /// The keys to make of a password as the configuration wants them; null when it can't be one (empty, control characters). Takes
    /// some milliseconds of a thread of the pool.
    /// </summary>
    ValueTask<IReadOnlyList<ScramKeys>?> MakeKeysAsync(string password, CancellationToken cancellationToken);

    /// <summary>Makes an account; false when there is one of that name. Those who registered for it are told.</summary>
    ValueTask<bool> AddAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken);

    /// <summary>Sets a new password; sessions that logged in by the old one end. False when there is no such account.</summary>
    /// <param name="except">The session that asked for it, which goes on; or null.</param>
    ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, ISession? except, CancellationToken cancellationToken);

    /// <summary>Lets an account log in, or not any more; then its sessions end. False when there is no such account.</summary>
    ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken);

    /// <summary>Removes an account with all that is kept for it; its contacts are told and its sessions end. False when there was none.</summary>
    /// <param name="except">The session that asked for it, which has to be told first and then ended; or null.</param>
    ValueTask<bool> RemoveAsync(Jid account, ISession? except, CancellationToken cancellationToken);

    /// <summary>Ends the sessions of an account (bare JID), or one (full JID).</summary>
    /// <returns>How many there were.</returns>
    int EndSessions(Jid jid, StreamError error);
}
