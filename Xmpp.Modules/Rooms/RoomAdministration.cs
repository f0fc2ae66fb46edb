using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <summary>A room in a list for operators.</summary>
/// <param name="Occupants">In it now.</param>
public sealed record RoomOverview(Jid Room, string? Name, int Occupants, bool IsPublic, bool IsPersistent, DateTimeOffset Created);

/// <param name="Affiliation">As XEP-0045 writes it.</param>
/// <param name="Nick">That is reserved, or null.</param>
public sealed record RoomPerson(Jid Jid, string Affiliation, string? Nick, string? Reason);

/// <param name="Jids">Of its clients.</param>
/// <param name="Role">As XEP-0045 writes it.</param>
public sealed record RoomOccupant(string Nick, string Role, string Affiliation, IReadOnlyList<Jid> Jids);

/// <summary>A room with all that operators may see of it; nothing of what was said.</summary>
/// <param name="Configuration">"field=value", without the password.</param>
public sealed record RoomDetails(
    Jid Room, DateTimeOffset Created, IReadOnlyList<string> Configuration, string? Subject, IReadOnlyList<RoomPerson> People,
    IReadOnlyList<RoomOccupant> Occupants, long Messages);

/// <summary>What who administers a service does with its rooms: by <c>xmppctl</c>, or by commands of a client.</summary>
/// <remarks>What can't be done is told in words, for people; null is success.</remarks>
public sealed class RoomAdministration(RoomDirectory rooms, IArchiveStore archive)
{
    private const int Page = 500;
    private const string Password = "roomsecret=";

    private readonly RoomServices _services = rooms.Services;

    /// <summary>The rooms of a host by their names, without those that are locked.</summary>
    public async IAsyncEnumerable<RoomOverview> ListAsync(string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = null;
        while (await _services.Store.ListAsync(
            _services.Options.DomainOf(host), new(After: last), Page, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var room in page)
            {
                var occupants = rooms.TryFind(room.Room, out var loaded) ? loaded.Occupants.Count : 0;
                yield return new(room.Room, room.Name, occupants, room.IsListed, room.IsPersistent, room.Created);
            }
            last = page[^1].Room.Local;
        }
    }

    /// <summary>Null when there is no such room.</summary>
    public async ValueTask<RoomDetails?> ShowAsync(Jid room, CancellationToken cancellationToken)
    {
        if (HostOf(room) is not { } host)
            return null;
        var statistics = await archive.CountAllAsync(room.Domain, room, cancellationToken);
        using var turn = await rooms.EnterAsync(room, host, cancellationToken);
        var found = turn.Room;
        return !found.Exists ? null : new(
            room, found.Created,
            [.. RoomDefaults.Describe(found.Configuration).Where(value => !value.StartsWith(Password, StringComparison.Ordinal))],
            found.Subject?.Text,
            [
                .. found.Members.OrderByDescending(member => member.Affiliation)
                    .ThenBy(member => member.Jid.ToString(), StringComparer.Ordinal)
                    .Select(member => new RoomPerson(member.Jid, Muc.NameOf(member.Affiliation), member.Nick, member.Reason)),
            ],
            [
                .. found.Occupants.OrderBy(occupant => occupant.Nick, StringComparer.Ordinal).Select(occupant => new RoomOccupant(
                    occupant.Nick, Muc.NameOf(occupant.Role), Muc.NameOf(occupant.Affiliation),
                    [.. occupant.Sessions.Select(session => session.Jid)])),
            ],
            statistics.Messages);
    }

    /// <summary>Makes a room.</summary>
    /// <param name="owner">A bare JID; null: only administrators own it.</param>
    /// <param name="values">"field=value" where it isn't as usual.</param>
    public ValueTask<string?> CreateAsync(Jid room, Jid? owner, IReadOnlyList<string> values, CancellationToken cancellationToken) =>
        InAsync(room, mayBeNew: true, found => found.CreateAsync(owner, values, cancellationToken), cancellationToken);

    /// <param name="values">"field=value" of what is to be different.</param>
    public ValueTask<string?> ConfigureAsync(Jid room, IReadOnlyList<string> values, CancellationToken cancellationToken) =>
        InAsync(room, mayBeNew: false, found => found.ConfigureAsync(values, cancellationToken), cancellationToken);

    /// <param name="venue">Where the talk goes on, or null.</param>
    public ValueTask<string?> DestroyAsync(Jid room, Jid? venue, string? reason, CancellationToken cancellationToken) =>
        InAsync(room, mayBeNew: false, async found =>
        {
            await found.EndAsync(new(venue, null, reason), static () => { }, cancellationToken);
            return null;
        }, cancellationToken);

    /// <param name="jid">A bare JID, or a domain.</param>
    /// <param name="affiliation">As XEP-0045 writes it.</param>
    public ValueTask<string?> SetAffiliationAsync(
        Jid room, Jid jid, string affiliation, string? reason, CancellationToken cancellationToken) =>
        Muc.ReadAffiliation(affiliation) is { } wanted
            ? InAsync(room, mayBeNew: false, found => found.SetAffiliationAsync(jid, wanted, reason, cancellationToken), cancellationToken)
            : new($"\"{affiliation}\" is no affiliation: owner, admin, member, none and outcast are.");

    public ValueTask<string?> KickAsync(Jid room, string nick, string? reason, CancellationToken cancellationToken) =>
        InAsync(room, mayBeNew: false, found => found.KickAsync(nick, reason, cancellationToken), cancellationToken);

    /// <summary>Removes what was said, from the archive and for those who enter.</summary>
    /// <param name="before">Only what is older; null: whatever its age.</param>
    /// <param name="keep">So many of the newest messages stay.</param>
    /// <returns>How many messages were removed; or the problem.</returns>
    public async ValueTask<(int Removed, string? Problem)> PurgeAsync(
        Jid room, DateTimeOffset? before, int keep, CancellationToken cancellationToken)
    {
        var (total, removed) = (0, Page);
        for (; removed == Page; total += removed)
            removed = await archive.RemoveAsync(room, before, with: null, keep, Page, cancellationToken);
        var problem = await InAsync(room, mayBeNew: false, async found =>
        {
            found.LoadHistory(await _services.Archive.ReadLastAsync(room, _services.Options.MaxHistory, cancellationToken));
            return null;
        }, cancellationToken);
        return (total, problem);
    }

    private string? HostOf(Jid room) => room is { Local: not null, IsBare: true } ? _services.HostOf(room) : null;

    private async ValueTask<string?> InAsync(
        Jid room, bool mayBeNew, Func<Room, ValueTask<string?>> act, CancellationToken cancellationToken)
    {
        if (HostOf(room) is not { } host)
        {
            var services = _services.Hosts.Hosts.Select(_services.Options.DomainOf);
            return $"{room} is no room of this server: they are at {string.Join(", ", services)}.";
        }
        using var turn = await rooms.EnterAsync(room, host, cancellationToken);
        return turn.Room.Exists || mayBeNew ? await act(turn.Room) : $"There is no room {room}.";
    }
}
