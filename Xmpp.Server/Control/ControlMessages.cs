using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Modules.Clients;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Control;

/// <summary>
/// What is asked of the server over its control socket: one JSON object on a line, its "command" saying which, one for each connection.
/// The answer is a line <c>{"item":…}</c> for each item (each request says of which type and how many), then <c>{"end":true}</c>,
/// or <c>{"error":"…"}</c> in its place.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "command")]
[JsonDerivedType(typeof(StatusRequest), "status")]
[JsonDerivedType(typeof(ListHostsRequest), "host list")]
[JsonDerivedType(typeof(ListSessionsRequest), "session list")]
[JsonDerivedType(typeof(KickRequest), "session kick")]
[JsonDerivedType(typeof(ReloadRequest), "reload")]
[JsonDerivedType(typeof(LogRequest), "log")]
[JsonDerivedType(typeof(FindUserRequest), "user find")]
[JsonDerivedType(typeof(ListUsersRequest), "user list")]
[JsonDerivedType(typeof(AddUserRequest), "user add")]
[JsonDerivedType(typeof(SetKeysRequest), "user keys")]
[JsonDerivedType(typeof(SetEnabledRequest), "user enable")]
[JsonDerivedType(typeof(DeleteUserRequest), "user delete")]
[JsonDerivedType(typeof(ListClientsRequest), "client list")]
[JsonDerivedType(typeof(RevokeClientRequest), "client revoke")]
[JsonDerivedType(typeof(CreateInvitationRequest), "invitation create")]
[JsonDerivedType(typeof(ListInvitationsRequest), "invitation list")]
[JsonDerivedType(typeof(RevokeInvitationRequest), "invitation revoke")]
[JsonDerivedType(typeof(ShowUserRequest), "user show")]
[JsonDerivedType(typeof(ListRosterRequest), "roster list")]
[JsonDerivedType(typeof(AddContactRequest), "roster add")]
[JsonDerivedType(typeof(RemoveContactRequest), "roster remove")]
[JsonDerivedType(typeof(JoinContactsRequest), "roster join")]
[JsonDerivedType(typeof(PushRosterRequest), "roster push")]
[JsonDerivedType(typeof(ArchiveStatsRequest), "archive stats")]
[JsonDerivedType(typeof(LimitArchiveRequest), "archive limit")]
[JsonDerivedType(typeof(PurgeArchiveRequest), "archive purge")]
[JsonDerivedType(typeof(ExportArchiveRequest), "archive export")]
[JsonDerivedType(typeof(ListRoomsRequest), "room list")]
[JsonDerivedType(typeof(ShowRoomRequest), "room show")]
[JsonDerivedType(typeof(CreateRoomRequest), "room create")]
[JsonDerivedType(typeof(ConfigureRoomRequest), "room config")]
[JsonDerivedType(typeof(DestroyRoomRequest), "room destroy")]
[JsonDerivedType(typeof(SetAffiliationRequest), "room affiliation")]
[JsonDerivedType(typeof(KickOccupantRequest), "room kick")]
[JsonDerivedType(typeof(PurgeRoomRequest), "room purge")]
[JsonDerivedType(typeof(ListUploadsRequest), "upload list")]
[JsonDerivedType(typeof(CountUploadsRequest), "upload stats")]
[JsonDerivedType(typeof(DeleteUploadRequest), "upload delete")]
[JsonDerivedType(typeof(FindUploadQuotaRequest), "upload quota")]
[JsonDerivedType(typeof(SetUploadQuotaRequest), "upload quota set")]
[JsonDerivedType(typeof(ListNodesRequest), "pubsub list")]
[JsonDerivedType(typeof(ShowNodeRequest), "pubsub show")]
[JsonDerivedType(typeof(ListNodeItemsRequest), "pubsub items")]
[JsonDerivedType(typeof(ListSubscriptionsRequest), "pubsub subscriptions")]
[JsonDerivedType(typeof(DeleteNodeRequest), "pubsub delete")]
[JsonDerivedType(typeof(AnnounceRequest), "announce")]
[JsonDerivedType(typeof(ListServersRequest), "s2s list")]
[JsonDerivedType(typeof(CloseServerRequest), "s2s close")]
[JsonDerivedType(typeof(TestServerRequest), "s2s test")]
[JsonDerivedType(typeof(BanDomainRequest), "ban domain")]
[JsonDerivedType(typeof(LiftBanRequest), "ban lift")]
[JsonDerivedType(typeof(ListBansRequest), "ban list")]
public abstract record ControlRequest;

/// <summary>Answered with one <see cref="ServerStatus"/>.</summary>
public sealed record StatusRequest : ControlRequest;

/// <summary>Answered with a <see cref="HostInfo"/> for each host.</summary>
public sealed record ListHostsRequest : ControlRequest;

/// <summary>Answered with a <see cref="SessionInfo"/> for each session, ordered by JID.</summary>
/// <param name="Of">Only sessions of this bare JID, or of this host; null for all.</param>
public sealed record ListSessionsRequest(Jid? Of) : ControlRequest;

/// <summary>Answered with the number of sessions ended.</summary>
/// <param name="Jid">A full JID for one session, a bare JID for all of the account.</param>
public sealed record KickRequest(Jid Jid) : ControlRequest;

/// <summary>Answered with one <see cref="ReloadReport"/>.</summary>
public sealed record ReloadRequest : ControlRequest;

/// <summary>Answered with a <see cref="Diagnostics.LogEntry"/> for each event.</summary>
/// <param name="Count">How many of the last events.</param>
/// <param name="Follow">Whether new ones follow, until the client closes the connection.</param>
/// <param name="MinimumLevel">Less severe ones are left out.</param>
public sealed record LogRequest(int Count, bool Follow, LogLevel MinimumLevel) : ControlRequest;

/// <summary>Answered with one <see cref="AccountInfo"/>, or none when there is no such account.</summary>
public sealed record FindUserRequest(Jid Jid) : ControlRequest;

/// <summary>Answered with an <see cref="AccountInfo"/> for each account of the host, in the order of their names.</summary>
public sealed record ListUsersRequest(string Host) : ControlRequest;

/// <summary>Answered with false when there is an account of that name.</summary>
/// <param name="Keys">As made of the password; the password itself never passes the socket.</param>
public sealed record AddUserRequest(Jid Jid, IReadOnlyList<ScramKeys> Keys) : ControlRequest;

/// <summary>Answered with false when there is no such account.</summary>
public sealed record SetKeysRequest(Jid Jid, IReadOnlyList<ScramKeys> Keys) : ControlRequest;

/// <summary>Answered with false when there is no such account.</summary>
public sealed record SetEnabledRequest(Jid Jid, bool Enabled) : ControlRequest;

/// <summary>Answered with false when there is no such account.</summary>
public sealed record DeleteUserRequest(Jid Jid) : ControlRequest;

/// <summary>Answered with a <see cref="ClientInfo"/> for each client that has access to the account.</summary>
public sealed record ListClientsRequest(Jid Jid) : ControlRequest;

/// <summary>Answered with a <see cref="Revocation"/>.</summary>
/// <param name="Id">As <see cref="ClientInfo.Id"/> has it.</param>
public sealed record RevokeClientRequest(Jid Jid, string Id) : ControlRequest;

/// <summary>Answered with one <see cref="InvitationInfo"/>.</summary>
/// <param name="Host">Where accounts are made with it; null for the contact's host, else the first.</param>
/// <param name="Username">The localpart reserved for the invited, or null.</param>
/// <param name="Contact">The account that becomes a contact of the invited, or null.</param>
/// <param name="Validity">How long it may be used; null for what is configured.</param>
/// <param name="Uses">How often; with a username once.</param>
public sealed record CreateInvitationRequest(string? Host, string? Username, Jid? Contact, TimeSpan? Validity, int Uses) : ControlRequest;

/// <summary>Answered with an <see cref="InvitationInfo"/> for each invitation of the host that may still be used.</summary>
public sealed record ListInvitationsRequest(string Host) : ControlRequest;

/// <summary>Answered with false when there is no such invitation.</summary>
public sealed record RevokeInvitationRequest(string Token) : ControlRequest;

/// <param name="Uri">For a client to open.</param>
/// <param name="Page">The page that explains it; null when none is configured.</param>
/// <param name="Inviter">Who becomes a contact, or null.</param>
/// <param name="Username">The localpart reserved for the invited, or null.</param>
/// <param name="AllowsAccount">Whether an account may be made with it.</param>
/// <param name="Uses">How often it may still be used.</param>
public sealed record InvitationInfo(
    string Uri,
    string? Page,
    string Token,
    string Host,
    Jid? Inviter,
    string? Username,
    bool AllowsAccount,
    DateTimeOffset Expires,
    int Uses);

/// <summary>Answered with one <see cref="UserDetails"/>, or none when there is no such account.</summary>
public sealed record ShowUserRequest(Jid Jid) : ControlRequest;

/// <summary>Sends a message to everybody who is online. Answered with the number of users.</summary>
/// <param name="Host">Only to those of this host; null for all.</param>
public sealed record AnnounceRequest(string? Host, string Text) : ControlRequest;

/// <summary>An account, and what there is of it.</summary>
/// <param name="Sessions">Ordered by resource; none when no server runs.</param>
/// <param name="LastSeen">When its last available resource left; null when none did yet.</param>
/// <param name="Contacts">In its roster.</param>
/// <param name="OfflineMessages">That wait for it.</param>
public sealed record UserDetails(
    AccountInfo Account, IReadOnlyList<SessionInfo> Sessions, DateTimeOffset? LastSeen, int Contacts, int OfflineMessages);

/// <summary>An account without its keys.</summary>
/// <param name="Hashes">The SCRAM hashes that there are keys for, such as "SHA-256", with their iterations.</param>
public sealed record AccountInfo(
    Jid Jid, bool Enabled, DateTimeOffset Created, DateTimeOffset? LastLogin, IReadOnlyDictionary<string, int> Hashes)
{
    public static AccountInfo Of(Account account) => new(
        account.Jid, account.Enabled, account.Created, account.LastLogin,
        account.Keys.ToDictionary(key => key.Hash, key => key.Iterations));
}

/// <param name="CertificateEnds">Of the certificate in use; null when it isn't known.</param>
public sealed record HostInfo(string Host, long Accounts, int Sessions, DateTimeOffset? CertificateEnds);

/// <param name="Address">IP address.</param>
public sealed record ListenerStatus(string Address, int Port, ListenerTls Tls, bool IsHttp = false);

/// <param name="Uptime">Whole seconds.</param>
/// <param name="ResidentBytes">Physical memory of the process.</param>
/// <param name="HeapBytes">Of it, managed objects.</param>
/// <param name="CertificateEnds">By host.</param>
public sealed record ServerStatus(
    string Version,
    int Pid,
    DateTimeOffset Started,
    long Uptime,
    int Sessions,
    int Connections,
    QueueTotals Queues,
    CommitTotals Commits,
    IReadOnlyList<ListenerStatus> Listeners,
    string TlsEngine,
    long ResidentBytes,
    long HeapBytes,
    StoreStatus Store,
    IReadOnlyDictionary<string, DateTimeOffset?> CertificateEnds);
