using Xmpp.Core;

namespace Xmpp.Server.Control;

/// <summary>Answered with one <see cref="ArchiveInfo"/>; refused when there is no such account.</summary>
/// <param name="Of">An account or a room, a host or a service.</param>
public sealed record ArchiveStatsRequest(Jid Of) : ControlRequest;

/// <summary>
/// Removes messages from the archive of an account or a room. Answered with the number of those removed; refused when there is no such account.
/// </summary>
/// <param name="Before">Only those older than this; null: of any age.</param>
/// <param name="With">Only those with this bare JID; null: with whomever.</param>
/// <param name="Keep">So many of the newest stay.</param>
public sealed record PurgeArchiveRequest(Jid Jid, DateTimeOffset? Before, Jid? With, int Keep) : ControlRequest;

/// <summary>
/// Answered with a string for each message of the archive of an account or a room, the oldest first: a <c>&lt;result/&gt;</c> of XEP-0313.
/// Refused when there is no such account.
/// </summary>
public sealed record ExportArchiveRequest(Jid Jid) : ControlRequest;

/// <summary>
/// Sets how much the archive of an account, or each of a host or service, may hold. Answered with true; refused when there is no such
/// account.
/// </summary>
/// <param name="Of">An account, a host, or a service.</param>
/// <param name="MaxAge">Zero: any age; null: as is set for the host, or configured.</param>
/// <param name="MaxMessages">Zero: any number; null: as is set for the host, or configured.</param>
public sealed record LimitArchiveRequest(Jid Of, TimeSpan? MaxAge, int? MaxMessages) : ControlRequest;

/// <param name="Of">An account or a room, or a host or a service with all of its.</param>
/// <param name="Bytes">Of the messages themselves.</param>
/// <param name="Oldest">When the oldest message came; null when there are none.</param>
/// <param name="MaxAge">That was set for it; null when none was.</param>
/// <param name="MaxMessages">The same; of a host, for each of its accounts.</param>
public sealed record ArchiveInfo(
    Jid Of, long Messages, long Bytes, DateTimeOffset? Oldest, DateTimeOffset? Newest, TimeSpan? MaxAge, int? MaxMessages);
