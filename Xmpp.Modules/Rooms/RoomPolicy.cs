using Xmpp.Core;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <summary>What the service allows, whatever rooms say.</summary>
internal static class RoomPolicy
{
    /// <summary>Whether somebody may make a room (XEP-0045 §10.1.1).</summary>
    /// <param name="account">A bare JID.</param>
    /// <param name="host">That the service belongs to.</param>
    /// <returns>Why not, or null.</returns>
    public static StanzaError? CheckCreation(RoomServices services, Jid account, string host)
    {
        var mayCreate = services.Administrators.IsAdministrator(account, host) || services.Options.Creators switch
        {
            RoomCreators.Everybody => true,
            RoomCreators.Accounts => services.Hosts.IsLocal(account),
            _ => false,
        };
        return mayCreate ? null : StanzaError.Of(StanzaErrorCondition.NotAllowed, "You may not make rooms here.");
    }
}
