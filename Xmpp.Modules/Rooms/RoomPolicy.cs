using Xmpp.Core;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <summary>What the service allows, whatever rooms say.</summary>
internal static class RoomPolicy
{
    /// <summary>Whether somebody may make a room (XEP-0045 §10.1.1).</summary>
    /// <param name="room">What it is to be called.</param>
    /// <param name="account">A bare JID.</param>
    /// <param name="host">That the service belongs to.</param>
    /// <returns>Why not, or null.</returns>
    public static StanzaError? CheckCreation(RoomServices services, Jid room, Jid account, string host)
    {
        if (services.Administrators.IsAdministrator(account, host))
            return null;
        if (IsReserved(services.Options.ReservedNames, room.Local!))
            return StanzaError.Of(StanzaErrorCondition.NotAllowed, "Rooms of this name are made by administrators.");
        var mayCreate = services.Options.Creators switch
        {
            RoomCreators.Everybody => true,
            RoomCreators.Accounts => services.Hosts.IsLocal(account),
            _ => false,
        };
        return mayCreate ? null : StanzaError.Of(StanzaErrorCondition.NotAllowed, "You may not make rooms here.");
    }

    private static bool IsReserved(IReadOnlyList<string> reserved, string name) => reserved.Any(pattern => pattern.EndsWith('*')
        ? name.StartsWith(pattern[..^1], StringComparison.OrdinalIgnoreCase)
        : name.Equals(pattern, StringComparison.OrdinalIgnoreCase));
}
