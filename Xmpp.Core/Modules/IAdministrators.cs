using Xmpp.Core.Storage;

namespace Xmpp.Core.Modules;

/// <summary>
/// The administrators: those that the configuration names, for all hosts, and those that were added at run time, for one. Looking up
/// costs no more than a hash.
/// </summary>
public interface IAdministrators
{
    /// <summary>Whether somebody administers a host.</summary>
    /// <param name="jid">Bare or full.</param>
    bool IsAdministrator(Jid jid, string host);

    /// <summary>The administrators of a host, as bare JIDs.</summary>
    IReadOnlyCollection<Jid> Of(string host);

    /// <summary>Whether the configuration names an administrator, who then can't be removed at run time.</summary>
    bool IsConfigured(Jid jid);

    /// <summary>Makes these accounts, and those that the configuration names, the administrators of a host.</summary>
    /// <param name="administrators">Bare JIDs.</param>
    /// <exception cref="StoreException">All is as it was.</exception>
    ValueTask SetAsync(string host, IReadOnlyCollection<Jid> administrators, CancellationToken cancellationToken);
}
