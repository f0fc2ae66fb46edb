using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <summary>What rooms need of the server.</summary>
/// <param name="CurrentOptions">As they are configured now.</param>
internal sealed record RoomServices(
    IRoomStore Store, ISessionDirectory Sessions, IStanzaSender Stanzas, IAdministrators Administrators, IHostDirectory Hosts,
    IServerTasks Tasks, OccupantIdKeys OccupantIds, Func<RoomOptions> CurrentOptions, TimeProvider Time)
{
    public RoomOptions Options => CurrentOptions();
}
