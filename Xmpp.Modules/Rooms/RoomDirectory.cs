using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Rooms;

/// <summary>The rooms in memory: those that somebody is in or has lately asked something of. Others are loaded when they are named.</summary>
public sealed class RoomDirectory
{
    private readonly ConcurrentDictionary<Jid, Room> _rooms = new();

    /// <param name="settings">For secrets of the hosts.</param>
    /// <param name="accountData">For how far members have read.</param>
    /// <param name="archive">For what is said.</param>
    /// <param name="archiveOptions">As they are configured now; null when there are no archives.</param>
    /// <param name="waker">Who wakes devices now, or null.</param>
    /// <param name="transcriber">Who turns voice messages into text now, or null.</param>
    /// <param name="options">As they are configured now.</param>
    public RoomDirectory(
        IRoomStore store, ISettingStore settings, IAccountDataStore accountData, ISessionDirectory sessions, IStanzaSender stanzas,
        IAdministrators administrators, IHostDirectory hosts, IServerTasks tasks, IArchiveStore archive,
        Func<ArchiveOptions?> archiveOptions, Func<IDeviceWaker?> waker, Func<ITranscriber?> transcriber, Func<RoomOptions> options,
        TimeProvider time)
    {
        var roomArchive = new RoomArchive(archive, archiveOptions, stanzas, tasks, time);
        Services = new(
            store, sessions, stanzas, administrators, hosts, tasks, new OccupantIdKeys(settings), roomArchive,
            new RoomReadMarks(accountData, roomArchive, tasks), waker, transcriber, options, time);
    }

    internal RoomServices Services { get; }

    /// <summary>Those in memory.</summary>
    internal IEnumerable<Room> Loaded => _rooms.Values;

    /// <summary>A room in memory; false when it isn't there, or doesn't exist.</summary>
    internal bool TryFind(Jid jid, [NotNullWhen(true)] out Room? room) => _rooms.TryGetValue(jid, out room);

    /// <summary>
    /// Waits for a room until it is had, and loads it if need be. It is given back by disposing of what this gives. One that doesn't exist
    /// (<see cref="Room.Exists"/>) can be made meanwhile; else it is forgotten.
    /// </summary>
    /// <param name="jid">A bare JID.</param>
    /// <param name="host">That the service belongs to.</param>
    /// <exception cref="StoreException">It can't be loaded.</exception>
    internal async ValueTask<RoomTurn> EnterAsync(Jid jid, string host, CancellationToken cancellationToken)
    {
        while (true)
        {
            var room = _rooms.GetOrAdd(jid, static (jid, state) => new Room(jid, state.host, state.directory),
                (host, directory: this));
            await room.Mailbox.EnterAsync();
            var turn = new RoomTurn(room);
            try
            {
                if (room.IsGone)
                    continue;
                if (!room.IsLoaded)
                    await LoadAsync(room, cancellationToken);
                room.LastUsed = Services.Time.GetUtcNow();
                var entered = turn;
                turn = default;
                return entered;
            }
            finally
            {
                turn.Dispose();
            }
        }
    }

    /// <summary>How much the owners of a room let its archive hold; no limits for whoever is no room.</summary>
    public async ValueTask<ArchiveLimits> FindArchiveLimitsAsync(Jid room, CancellationToken cancellationToken)
    {
        if (Services.HostOf(room) is null)
            return ArchiveLimits.None;
        if (TryFind(room, out var loaded) && loaded is { IsLoaded: true, Exists: true })
            return loaded.Configuration.ArchiveLimits;
        return await Services.Store.FindAsync(room, cancellationToken) is { } stored
            ? RoomConfiguration.Of(stored.Settings).ArchiveLimits
            : ArchiveLimits.None;
    }

    /// <summary>Takes rooms out of memory that nobody has needed since a time.</summary>
    internal async ValueTask UnloadAsync(DateTimeOffset since)
    {
        foreach (var room in Loaded.Where(room => room.IsIdleSince(since)))
        {
            await room.Mailbox.EnterAsync();
            using var turn = new RoomTurn(room);
            if (room.IsIdleSince(since))
                room.Unload();
        }
    }

    private async ValueTask LoadAsync(Room room, CancellationToken cancellationToken)
    {
        var occupantIds = await Services.OccupantIds.GetAsync(room.Host, cancellationToken);
        var stored = await Services.Store.FindAsync(room.Jid, cancellationToken);
        var last = stored is null ? [] : await Services.Archive.ReadLastAsync(room.Jid, Services.Options.MaxHistory, cancellationToken);
        room.Load(stored, occupantIds);
        room.LoadHistory(last);
    }

    internal void Remove(Room room) => _rooms.TryRemove(new(room.Jid, room));
}

/// <summary>A room that is had by one alone, until this is disposed of.</summary>
internal readonly struct RoomTurn(Room room) : IDisposable
{
    public Room Room => room;

    public void Dispose() => room?.Exit();
}
