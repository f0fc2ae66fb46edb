using Xmpp.Core;
using Xmpp.Modules.Rooms;

namespace Xmpp.Server.Control;

/// <summary>Answered with a <see cref="RoomOverview"/> for each room.</summary>
/// <param name="Host">Only rooms of this host; null for all.</param>
public sealed record ListRoomsRequest(string? Host) : ControlRequest;

/// <summary>Answered with one <see cref="RoomDetails"/>, or none.</summary>
public sealed record ShowRoomRequest(Jid Room) : ControlRequest;

/// <summary>Makes a room. Answered with true; refused when there is one of that name, or a value is wrong.</summary>
/// <param name="Owner">A bare JID, or null.</param>
/// <param name="Values">"field=value" where it isn't as usual.</param>
public sealed record CreateRoomRequest(Jid Room, Jid? Owner, IReadOnlyList<string> Values) : ControlRequest;

/// <summary>Changes a room's configuration. Answered with true; refused when there is no such room, or a value is wrong.</summary>
/// <param name="Values">"field=value" of what is to be different.</param>
public sealed record ConfigureRoomRequest(Jid Room, IReadOnlyList<string> Values) : ControlRequest;

/// <summary>Destroys a room with its archive. Answered with true; refused when there is no such room.</summary>
/// <param name="Venue">Where the talk goes on, or null.</param>
public sealed record DestroyRoomRequest(Jid Room, Jid? Venue, string? Reason) : ControlRequest;

/// <summary>Gives somebody an affiliation. Answered with true; refused when there is no such room.</summary>
/// <param name="Jid">A bare JID, or a domain.</param>
/// <param name="Affiliation">As XEP-0045 writes it.</param>
public sealed record SetAffiliationRequest(Jid Room, Jid Jid, string Affiliation, string? Reason) : ControlRequest;

/// <summary>Removes an occupant. Answered with true; refused when there is no such room or occupant.</summary>
public sealed record KickOccupantRequest(Jid Room, string Nick, string? Reason) : ControlRequest;

/// <summary>Removes what was said in a room. Answered with the number of messages; refused when there is no such room.</summary>
/// <param name="Before">Only those older than this; null: of any age.</param>
/// <param name="Keep">So many of the newest stay.</param>
public sealed record PurgeRoomRequest(Jid Room, DateTimeOffset? Before, int Keep) : ControlRequest;
