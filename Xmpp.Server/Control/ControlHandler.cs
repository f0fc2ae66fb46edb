using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Modules;
using Xmpp.Modules.Clients;
using Xmpp.Server.Diagnostics;

namespace Xmpp.Server.Control;

/// <summary>Answers requests, whatever way they came.</summary>
internal sealed class ControlHandler(IServerControl server, LogBuffer log, TimeProvider time)
{
    private const int FollowerQueueLimit = 1000;

    private readonly StoreAccounts _accounts = new(server.Store, time);
    private readonly StoreInvitations _invitations = new(server.Store, () => server.Options, time);
    private readonly StoreArchives _archives = new(server.Store);
    private readonly RoomControl _rooms = new(server);
    private IFederationControl Federation => server.Federation
        ?? throw new ControlException("This server doesn't talk to others: see \"s2s\" in the configuration.");

    private readonly RosterControl _rosters = new(server.Subscriptions);

    /// <param name="clientGone">Ends what would otherwise last for ever.</param>
    /// <param name="cancellationToken">The server stops.</param>
    /// <exception cref="ControlException">What the client is told.</exception>
    public IAsyncEnumerable<object> HandleAsync(
        ControlRequest request, CancellationToken clientGone, CancellationToken cancellationToken) =>
        request switch
        {
            StatusRequest => One(new(Status())),
            ListHostsRequest => HostsAsync(cancellationToken),
            ListSessionsRequest list => Sessions(list.Of).ToAsyncEnumerable(),
            KickRequest kick => One(new(server.Accounts.EndSessions(
                kick.Jid, new(StreamErrorCondition.PolicyViolation, "Ended by an administrator.")))),
            ReloadRequest => One(BoxAsync(server.ReloadAsync(cancellationToken))),
            LogRequest wanted => LogAsync(wanted, clientGone),
            FindUserRequest find => One(BoxAsync(_accounts.FindAsync(find.Jid, cancellationToken))),
            ListUsersRequest list => _accounts.ListAsync(Served(list.Host), cancellationToken),
            AddUserRequest add => One(BoxAsync(server.Accounts.AddAsync(Served(add.Jid), add.Keys, cancellationToken))),
            SetKeysRequest set => One(BoxAsync(server.Accounts.SetKeysAsync(set.Jid, set.Keys, except: null, cancellationToken))),
            SetEnabledRequest set => One(BoxAsync(server.Accounts.SetEnabledAsync(set.Jid, set.Enabled, cancellationToken))),
            DeleteUserRequest delete => One(BoxAsync(server.Accounts.RemoveAsync(delete.Jid, except: null, cancellationToken))),
            ListClientsRequest list => ClientsAsync(list.Jid, cancellationToken),
            RevokeClientRequest revoke => One(BoxAsync(server.Clients.RevokeAsync(revoke.Jid, revoke.Id, except: null, cancellationToken))),
            CreateInvitationRequest create => One(BoxAsync(_invitations.CreateAsync(create, cancellationToken))),
            ListInvitationsRequest list => _invitations.ListAsync(Served(list.Host), cancellationToken),
            RevokeInvitationRequest revoke => One(BoxAsync(_invitations.RevokeAsync(revoke.Token, cancellationToken))),
            ShowUserRequest show => One(ShowAsync(show.Jid, cancellationToken)),
            ListRosterRequest list => RosterAsync(list.Jid, cancellationToken),
            AddContactRequest add => One(_rosters.AddAsync(add, cancellationToken)),
            RemoveContactRequest remove => One(_rosters.RemoveAsync(remove, cancellationToken)),
            JoinContactsRequest join => One(_rosters.JoinAsync(join, ExistsAsync, cancellationToken)),
            PushRosterRequest push => One(_rosters.PushAsync(push, cancellationToken)),
            ArchiveStatsRequest stats => One(BoxAsync(_archives.CountAsync(stats.Of, cancellationToken))),
            LimitArchiveRequest limit => One(BoxAsync(_archives.LimitAsync(limit, cancellationToken))),
            PurgeArchiveRequest purge => One(BoxAsync(_archives.PurgeAsync(purge, cancellationToken))),
            ExportArchiveRequest export => _archives.ExportAsync(export.Jid, cancellationToken),
            ListRoomsRequest list => _rooms.ListAsync(list.Host is null ? null : Served(list.Host), cancellationToken),
            ShowRoomRequest show => One(BoxAsync(_rooms.ShowAsync(show, cancellationToken))),
            CreateRoomRequest create => One(BoxAsync(_rooms.CreateAsync(create, cancellationToken))),
            ConfigureRoomRequest configure => One(BoxAsync(_rooms.ConfigureAsync(configure, cancellationToken))),
            DestroyRoomRequest destroy => One(BoxAsync(_rooms.DestroyAsync(destroy, cancellationToken))),
            SetAffiliationRequest set => One(BoxAsync(_rooms.SetAffiliationAsync(set, cancellationToken))),
            KickOccupantRequest kick => One(BoxAsync(_rooms.KickAsync(kick, cancellationToken))),
            PurgeRoomRequest purge => One(BoxAsync(_rooms.PurgeAsync(purge, cancellationToken))),
            ListServersRequest list => Federation.List(list.Domain).ToAsyncEnumerable(),
            CloseServerRequest close => One(BoxAsync(Federation.CloseAsync(close.Domain))),
            TestServerRequest test => Federation.TestAsync(test.Local, test.Domain, clientGone),
            BanDomainRequest ban => One(BoxAsync(Federation.SetBannedAsync(ban.Domain, isBanned: true, cancellationToken))),
            LiftBanRequest lift => One(BoxAsync(Federation.SetBannedAsync(lift.Domain, isBanned: false, cancellationToken))),
            ListBansRequest => Federation.Bans.ToAsyncEnumerable(),
            ListUploadsRequest list => server.Uploads.ListAsync(list.Of, cancellationToken),
            CountUploadsRequest count => One(BoxAsync(server.Uploads.CountAsync(count.Of, cancellationToken))),
            DeleteUploadRequest delete => One(BoxAsync(server.Uploads.RemoveAsync(delete.Id, cancellationToken))),
            FindUploadQuotaRequest find => One(BoxAsync(server.Uploads.FindQuotaAsync(find.Jid, cancellationToken))),
            SetUploadQuotaRequest set => One(BoxAsync(server.Uploads.SetQuotaAsync(set.Jid, set.Bytes, cancellationToken))),
            ListNodesRequest list => server.PubSub.ListAsync(list.Owner, cancellationToken),
            ShowNodeRequest show => One(BoxAsync(server.PubSub.ShowAsync(show.Owner, show.Node, cancellationToken))),
            ListNodeItemsRequest list => server.PubSub.ListItemsAsync(list.Owner, list.Node, list.Count, cancellationToken),
            ListSubscriptionsRequest list => server.PubSub.ListSubscriptionsAsync(list.Owner, list.Node, cancellationToken),
            DeleteNodeRequest delete => One(BoxAsync(server.PubSub.DeleteAsync(delete.Owner, delete.Node, cancellationToken))),
            AnnounceRequest announce => One(AnnounceAsync(announce, cancellationToken)),
            _ => throw new ControlException($"no handler for {request.GetType().Name}"),
        };

    private async ValueTask<object?> ShowAsync(Jid account, CancellationToken cancellationToken) =>
        await _accounts.ShowAsync(account, cancellationToken) is { } details ? details with { Sessions = [.. Sessions(account)] } : null;

    private async IAsyncEnumerable<RosterItemInfo> RosterAsync(Jid account, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var item in await _accounts.ListRosterAsync(account, cancellationToken) ?? throw RosterControl.NoSuchAccount(account))
            yield return item;
    }

    private async IAsyncEnumerable<ClientInfo> ClientsAsync(Jid account, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var client in await server.Clients.ListAsync(account, cancellationToken))
            yield return client;
    }

    private async ValueTask<bool> ExistsAsync(Jid account, CancellationToken cancellationToken) =>
        await _accounts.FindAsync(account, cancellationToken) is not null;

    private async ValueTask<object?> AnnounceAsync(AnnounceRequest announce, CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var host in announce.Host is { } only ? [Served(only)] : server.Options.Hosts)
            count += await server.AnnounceAsync(host, announce.Text, cancellationToken);
        return count;
    }

    private ServerStatus Status() => new(
        SoftwareVersion.Version,
        Environment.ProcessId,
        server.Started,
        (long)(time.GetUtcNow() - server.Started).TotalSeconds,
        server.Sessions,
        server.Connections,
        server.Queues,
        server.Commits,
        [.. server.Listeners.Select(
            listener => new ListenerStatus(
                listener.EndPoint.Address.ToString(), listener.EndPoint.Port, listener.Tls, listener.IsHttp))],
        server.TlsEngine,
        Environment.WorkingSet,
        GC.GetTotalMemory(forceFullCollection: false),
        server.Store.Status,
        server.Certificates.ToDictionary(certificate => certificate.Host, certificate => certificate.NotAfter));

    private async IAsyncEnumerable<HostInfo> HostsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sessions = server.ListSessions().CountBy(session => session.Jid.Domain).ToDictionary();
        foreach (var host in server.Options.Hosts)
        {
            yield return new(
                host,
                await server.Store.Accounts.CountAsync(host, cancellationToken),
                sessions.GetValueOrDefault(host),
                server.Certificates.FirstOrDefault(certificate => certificate.Host == host)?.NotAfter);
        }
    }

    private IEnumerable<SessionInfo> Sessions(Jid? of) => server.ListSessions()
        .Where(session => of is null || session.Jid.Domain == of.Domain && (of.Local is null || session.Jid.Local == of.Local))
        .OrderBy(session => session.Jid.ToString(), StringComparer.Ordinal);

    private async IAsyncEnumerable<LogEntry> LogAsync(LogRequest wanted, [EnumeratorCancellation] CancellationToken clientGone)
    {
        if (!wanted.Follow)
        {
            foreach (var entry in log.Last(LogBuffer.DefaultCapacity).Where(IsWanted).TakeLast(wanted.Count))
                yield return entry;
            yield break;
        }
        using var follower = log.Follow(wanted.Count, FollowerQueueLimit);
        await foreach (var entry in follower.Entries.ReadAllAsync(clientGone))
        {
            if (follower.TakeMissed() is var missed and > 0)
                yield return new(
                    time.GetUtcNow(), LogLevel.Warning, nameof(LogFollower), $"{missed} events were not sent: they came too fast");
            if (IsWanted(entry))
                yield return entry;
        }

        bool IsWanted(LogEntry entry) => entry.Level >= wanted.MinimumLevel;
    }

    private Jid Served(Jid account) => account is { Local: not null, IsBare: true } && Served(account.Domain) is not null
        ? account
        : throw new ControlException($"{account} is not the address of an account");

    private string Served(string host) => server.Options.Hosts.Contains(host)
        ? host
        : throw new ControlException($"{host} is not served here; the hosts are: {string.Join(", ", server.Options.Hosts)}");

    private static async ValueTask<object?> BoxAsync<T>(ValueTask<T> task) => await task;

    /// <summary>The one item, or none when it is null.</summary>
    private static async IAsyncEnumerable<object> One(ValueTask<object?> item)
    {
        if (await item is { } value)
            yield return value;
    }
}
