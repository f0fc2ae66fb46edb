using System.Runtime.CompilerServices;
using Xmpp.Modules.Rooms;

namespace Xmpp.Server.Control;

/// <summary>Rooms as an operator manages them, on a running server.</summary>
internal sealed class RoomControl(IServerControl server)
{
    private RoomAdministration Rooms => server.Rooms
        ?? throw new ControlException("This server has no rooms: the module \"rooms\" is among modules.disabled.");

    public async IAsyncEnumerable<RoomOverview> ListAsync(string? host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var of in host is null ? server.Options.Hosts : [host])
        {
            await foreach (var room in Rooms.ListAsync(of, cancellationToken))
                yield return room;
        }
    }

    public ValueTask<RoomDetails?> ShowAsync(ShowRoomRequest show, CancellationToken cancellationToken) =>
        Rooms.ShowAsync(show.Room, cancellationToken);

    public ValueTask<bool> CreateAsync(CreateRoomRequest create, CancellationToken cancellationToken) =>
        RequireAsync(Rooms.CreateAsync(create.Room, create.Owner, create.Values, cancellationToken));

    public ValueTask<bool> ConfigureAsync(ConfigureRoomRequest configure, CancellationToken cancellationToken) =>
        RequireAsync(Rooms.ConfigureAsync(configure.Room, configure.Values, cancellationToken));

    public ValueTask<bool> DestroyAsync(DestroyRoomRequest destroy, CancellationToken cancellationToken) =>
        RequireAsync(Rooms.DestroyAsync(destroy.Room, destroy.Venue, destroy.Reason, cancellationToken));

    public ValueTask<bool> SetAffiliationAsync(SetAffiliationRequest set, CancellationToken cancellationToken) =>
        RequireAsync(Rooms.SetAffiliationAsync(set.Room, set.Jid, set.Affiliation, set.Reason, cancellationToken));

    public ValueTask<bool> KickAsync(KickOccupantRequest kick, CancellationToken cancellationToken) =>
        RequireAsync(Rooms.KickAsync(kick.Room, kick.Nick, kick.Reason, cancellationToken));

    public async ValueTask<int> PurgeAsync(PurgeRoomRequest purge, CancellationToken cancellationToken)
    {
        var (removed, problem) = await Rooms.PurgeAsync(purge.Room, purge.Before, purge.Keep, cancellationToken);
        return problem is null ? removed : throw new ControlException(problem);
    }

    private static async ValueTask<bool> RequireAsync(ValueTask<string?> task) =>
        await task is { } problem ? throw new ControlException(problem) : true;
}
