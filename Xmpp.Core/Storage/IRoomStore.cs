namespace Xmpp.Core.Storage;

/// <summary>A long-lived association with a room (XEP-0045 §5.2), in the order of what it permits.</summary>
public enum Affiliation
{
    Outcast = -1,
    None,
    Member,
    Admin,
    Owner,
}

/// <summary>What somebody who isn't in a room is told of what is said there.</summary>
public enum RoomNotifications
{
    Never,

    /// <summary>When it is mentioned.</summary>
    OnMention,

    Always,
}

/// <summary>What a room keeps of somebody, whether there or not.</summary>
/// <param name="Jid">A bare JID, or whatever else the room lets have an affiliation; each once.</param>
/// <param name="Affiliation">None, too: for a nick alone, or for what is remembered of one who had another.</param>
public sealed record RoomMember(Jid Jid, Affiliation Affiliation)
{
    /// <summary>Why, as whoever granted it said; or null.</summary>
    public string? Reason { get; init; }

    /// <summary>The nick that is reserved (XEP-0045 §7.10), or null.</summary>
    public string? Nick { get; init; }

    /// <summary>What it wants to be told of while it isn't there; null: as the room decides.</summary>
    public RoomNotifications? Notifications { get; init; }

    /// <summary>Where the change that made it so stands among those of the room's list (XEP-0463), as the room counts them.</summary>
    public long Version { get; init; }
}

/// <summary>A room's subject (XEP-0045 §8.1).</summary>
/// <param name="Text">Empty when it was removed.</param>
/// <param name="Nick">Of who set it, at that time; null when it wasn't an occupant.</param>
/// <param name="By">The bare JID of who set it; null when nobody knows.</param>
/// <param name="At">In milliseconds' precision.</param>
public sealed record RoomSubject(string Text, string? Nick, Jid? By, DateTimeOffset At);

/// <summary>A room's configuration.</summary>
/// <param name="Name">For people (<c>muc#roomconfig_roomname</c>), or null.</param>
/// <param name="IsListed">Whether the service names it to everybody (<c>muc#roomconfig_publicroom</c>).</param>
/// <param name="IsPersistent">False when it goes with its last occupant (<c>muc#roomconfig_persistentroom</c>).</param>
/// <param name="Values">Everything else by name; the store doesn't know what it means.</param>
public sealed record RoomSettings(string? Name, bool IsListed, bool IsPersistent, IReadOnlyDictionary<string, string> Values);

/// <summary>A room as stored.</summary>
/// <param name="Room">Its bare JID, the key.</param>
/// <param name="Created">In milliseconds' precision.</param>
/// <param name="Settings">Its configuration.</param>
/// <param name="Subject">Null until one is set.</param>
/// <param name="Members">In no particular order.</param>
public sealed record StoredRoom(
    Jid Room, DateTimeOffset Created, RoomSettings Settings, RoomSubject? Subject, IReadOnlyList<RoomMember> Members);

/// <summary>What becomes of a room in one step, committed whole.</summary>
public sealed record RoomChange
{
    /// <summary>Takes the place of the configuration; null leaves it.</summary>
    public RoomSettings? Settings { get; init; }

    /// <summary>Takes the place of the subject; null leaves it.</summary>
    public RoomSubject? Subject { get; init; }

    /// <summary>To add or replace.</summary>
    public IReadOnlyList<RoomMember> Saved { get; init; } = [];

    /// <summary>Of whom nothing is kept any more; those that there aren't may be named.</summary>
    public IReadOnlyList<Jid> Deleted { get; init; } = [];
}

/// <summary>A room in a list.</summary>
/// <param name="Room">Its bare JID.</param>
/// <param name="Name">For people, or null.</param>
public sealed record RoomEntry(Jid Room, string? Name, bool IsListed, bool IsPersistent, DateTimeOffset Created)
{
    /// <summary>The rest of its configuration; null unless it was asked for.</summary>
    public IReadOnlyDictionary<string, string>? Values { get; init; }
}

/// <summary>Which rooms of a service are wanted.</summary>
public enum RoomFilter
{
    All,

    /// <summary>Those that everybody may know of.</summary>
    Listed,

    /// <summary>Those that aren't persistent.</summary>
    Temporary,
}

/// <summary>A part of a service's rooms in the order of their names' UTF-8 octets; null leaves an end open.</summary>
/// <param name="After">A localpart: behind that.</param>
/// <param name="Before">A localpart: in front of that.</param>
/// <param name="IsFromEnd">Whether the last ones are wanted, not the first. They are in order anyway.</param>
public sealed record RoomQuery(RoomFilter Filter = RoomFilter.All, string? After = null, string? Before = null, bool IsFromEnd = false)
{
    /// <summary>Whether <see cref="RoomEntry.Values"/> are wanted.</summary>
    public bool WithValues { get; init; }
}

/// <summary>
/// The rooms of every service. None is held in memory: their number costs nothing but room on the disk. A completed task means durably
/// committed; failures are <see cref="StoreException"/>. A room's archive (<see cref="IArchiveStore"/>) goes with it.
/// </summary>
public interface IRoomStore
{
    /// <summary>A room with all that is kept of it but its archive; null when there is none.</summary>
    ValueTask<StoredRoom?> FindAsync(Jid room, CancellationToken cancellationToken);

    /// <summary>Adds a room; false when there is one of that name.</summary>
    ValueTask<bool> AddAsync(StoredRoom room, CancellationToken cancellationToken);

    /// <summary>Applies a change; false when there is no such room.</summary>
    ValueTask<bool> ApplyAsync(Jid room, RoomChange change, CancellationToken cancellationToken);

    /// <summary>Removes a room; false when there was none.</summary>
    ValueTask<bool> RemoveAsync(Jid room, CancellationToken cancellationToken);

    /// <summary>A page of a service's rooms; its cost doesn't depend on how many there are.</summary>
    /// <param name="service">The domain.</param>
    ValueTask<IReadOnlyList<RoomEntry>> ListAsync(string service, RoomQuery query, int count, CancellationToken cancellationToken);

    /// <summary>How many rooms a service has.</summary>
    ValueTask<long> CountAsync(string service, RoomFilter filter, CancellationToken cancellationToken);

    /// <summary>A page of the rooms that keep something of somebody, with that, in the order of the rooms' addresses.</summary>
    /// <param name="person">As rooms have it.</param>
    /// <param name="after">Behind this room; null: the first page.</param>
    ValueTask<IReadOnlyList<(Jid Room, RoomMember Member)>> ListRoomsOfAsync(
        Jid person, Jid? after, int count, CancellationToken cancellationToken);
}
