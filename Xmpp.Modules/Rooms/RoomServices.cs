using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <summary>What rooms need of the server.</summary>
/// <param name="CurrentOptions">As they are configured now.</param>
internal sealed record RoomServices(
    IRoomStore Store, ISessionDirectory Sessions, IStanzaSender Stanzas, IAdministrators Administrators, IHostDirectory Hosts,
    IServerTasks Tasks, OccupantIdKeys OccupantIds, RoomArchive Archive, RoomReadMarks ReadMarks,
    Func<IDeviceWaker?> CurrentWaker, Func<ITranscriber?> CurrentTranscriber, Func<RoomOptions> CurrentOptions, TimeProvider Time)
{
    public RoomOptions Options => CurrentOptions();

    /// <summary>The host whose rooms are there; null when it is none of this server's.</summary>
    public string? HostOf(Jid room) => Hosts.Hosts.FirstOrDefault(host => room.Domain == Options.DomainOf(host));
}
