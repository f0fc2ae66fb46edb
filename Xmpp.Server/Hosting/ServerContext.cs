using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Modules;
using Xmpp.Modules.Clients;
using Xmpp.Modules.PubSub;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Rosters;
using Xmpp.Modules.Strangers;
using Xmpp.Modules.Uploads;
using Xmpp.Server.Bytestreams;
using Xmpp.Server.Components;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Dns;
using Xmpp.Server.Federation;
using Xmpp.Server.Routing;
using Xmpp.Server.Sessions;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;
using Xmpp.Server.Web;

namespace Xmpp.Server.Hosting;

/// <summary>What the streams of a server share.</summary>
internal sealed partial class ServerContext : IDiscoRegistry, ICommandRegistry, IHostDirectory, IGuards
{
    private readonly ILogger<ServerContext> _logger;
    private ServerState? _current;

    /// <param name="clientSecret">By which clients are known again; the same after a restart.</param>
    /// <param name="dialbackSecret">By which this server knows its own dialback keys.</param>
    /// <param name="uploads">Where what people upload is kept.</param>
    /// <param name="resolver">Where other servers are found; null: by the DNS.</param>
    public ServerContext(
        IStore store, byte[] clientSecret, byte[] dialbackSecret, IFileStore uploads, IDnsResolver? resolver, TimeProvider time,
        ILoggerFactory loggers, CancellationToken stopping)
    {
        Store = store;
        ClientSecret = clientSecret;
        Time = time;
        Stopping = stopping;
        _logger = loggers.CreateLogger<ServerContext>();
        StreamLogger = loggers.CreateLogger<ClientStream>();
        Clock = new CoarseClock(time);
        Streams = new OpenStreams(time);
        Sessions = new SessionRegistry(() => Current.Modules);
        Accounts = new AccountService(
            store.Accounts, time, () => Current.Options.Authentication.ScramIterations, () => Current.Modules, Sessions.End,
            loggers.CreateLogger<AccountService>());
        Clients = new ClientDirectory(
            store.Accounts, store.AccountData, Sessions, clientSecret, () => Current.Options.Clients, time);
        Queries = new ServerQueries(time);
        Administrators = new Administrators(store.Settings, () => Current.Administrators);
        Bans = new DomainBans(store.Settings);
        Tasks = new ServerTasks(loggers.CreateLogger<ServerTasks>(), stopping);
        Messages = new MessagePipeline(this);
        Undelivered = new UndeliveredStanzas(this);
        Metrics = new ServerMetrics(this);
        Components = new ComponentDirectory(() => Current.Options.Components);
        Federation = new FederationDirectory(this, resolver ?? new ConfiguredResolver(() => Current, time), dialbackSecret);
        Remote = new RemoteDomains(Components, Federation, time);
        Privileged = new PrivilegedComponents(this);
        Delegated = new DelegatedNamespaces(this);
        Rosters = new RosterDirectory(store.Rosters, Sessions, Privileged.Push);
        Presences = new Presences(
            Sessions, Rosters, this, Remote, this, store.LastSeen, time, () => Current.Options.Modules.Roster, TellShown, Components);
        Subscriptions = new Subscriptions(
            Rosters, Presences, this, Remote, Sessions, () => Current.Modules.SubscriptionRequests, () => Current.Options.Modules.Roster);
        Capabilities = new ClientCapabilities(Queries, Tasks, () => Current.Modules.CapabilitiesKnown);
        RemoteCapabilities = new RemoteCapabilities(Remote, Rosters, Tasks, () => Current.Modules.RemoteCapabilitiesKnown);
        PubSub = new PubSubContext(
            store.PubSub, new NodeDirectory(store.PubSub, Sessions), Sessions, Capabilities, RemoteCapabilities, Messages, this, Rosters,
            this, Administrators, Tasks, time, () => Current.Options.Modules.PubSub,
            node => Current.Modules.NodeChanged.TryGetValue(node, out var handlers) ? handlers : []);
        Rooms = new RoomDirectory(
            store.Rooms, store.Settings, store.AccountData, Sessions, Messages, Administrators, this, Tasks, store.Archive,
            () => Current.Options.Modules.ArchiveIfKept(), () => Current.Modules.Waker, () => Current.Modules.Transcriber,
            () => Current.Options.Modules.Rooms, time);
        PublishedBans = new PublishedBans(
            () => Current.Options.Hosts.FirstOrDefault(Federation.IsServed) ?? Current.DefaultHost, Remote, Tasks, time);
        Web = new WebServer(this, loggers.CreateLogger<WebServer>());
        Bytestreams = new BytestreamProxy(
            () => Current.Options.Modules.Bytestreams, time, loggers.CreateLogger<BytestreamProxy>());
        Uploads = new UploadDirectory(
            uploads, store.AccountData, Sessions, Tasks, HKDF.Expand(HashAlgorithmName.SHA256, clientSecret, 32, "uploads"u8.ToArray()),
            () => Current.Options.Modules.Uploads, time);
        Router = new StanzaRouter(
            this, Sessions, Messages, new IqDispatcher(Delegated, loggers.CreateLogger<IqDispatcher>()),
            loggers.CreateLogger<StanzaRouter>());
    }

    private void TellShown(Jid account, Jid watcher)
    {
        if (Current.Modules.PresenceShown is not { IsEmpty: false } handlers)
            return;
        Tasks.Run($"Telling that {watcher} sees {account}", async cancellationToken =>
        {
            foreach (var handler in handlers)
                await handler(account, watcher, cancellationToken);
        });
    }

    /// <summary>What follows from the configuration, now. Read it once per stanza.</summary>
    public ServerState Current => CurrentOrNull ?? throw new InvalidOperationException("The server has not been configured.");

    public ServerState? CurrentOrNull => Volatile.Read(ref _current);

    public IStore Store { get; }

    /// <summary>Of which only what is derived leaves the server.</summary>
    public byte[] ClientSecret { get; }

    public TimeProvider Time { get; }

    public CoarseClock Clock { get; }

    public SessionRegistry Sessions { get; }

    public AccountService Accounts { get; }

    /// <summary>Which clients have access to accounts.</summary>
    public ClientDirectory Clients { get; }

    public ServerQueries Queries { get; }

    public Administrators Administrators { get; }

    /// <summary>Domains that this server does not talk to until that is lifted.</summary>
    public DomainBans Bans { get; }

    public ServerLifetime Lifetime { get; } = new();

    public ServerTasks Tasks { get; }

    /// <summary>Sessions that can be resumed, connected or not.</summary>
    public ResumableSessions Resumable { get; } = new();

    /// <summary>Where those are written down; null when they end with the process.</summary>
    public SessionJournal? Journal { get; private set; }

    public CommitmentCount Commitments { get; } = new();

    public MessagePipeline Messages { get; }

    public UndeliveredStanzas Undelivered { get; }

    public ServerMetrics Metrics { get; }

    public ComponentDirectory Components { get; }

    public FederationDirectory Federation { get; }

    public RemoteDomains Remote { get; }

    public OpenStreams Streams { get; }

    public RosterDirectory Rosters { get; }

    public Presences Presences { get; }

    public Subscriptions Subscriptions { get; }

    public ClientCapabilities Capabilities { get; }

    public RoomDirectory Rooms { get; }

    public WebServer Web { get; }

    public UploadDirectory Uploads { get; }

    public BytestreamProxy Bytestreams { get; }

    /// <summary>What contacts' clients at other servers can do.</summary>
    public RemoteCapabilities RemoteCapabilities { get; }

    /// <summary>Of others, followed.</summary>
    public PublishedBans PublishedBans { get; }

    public PubSubContext PubSub { get; }

    public PrivilegedComponents Privileged { get; }

    public DelegatedNamespaces Delegated { get; }

    public StanzaRouter Router { get; }

    public ILogger StreamLogger { get; }

    /// <summary>Cancelled when the server has told everyone that it stops.</summary>
    public CancellationToken Stopping { get; }

    public IReadOnlyList<string> Hosts => Current.Options.Hosts;

    public bool IsLocal(Jid jid) => Current.IsLocal(jid);

    bool IGuards.HasGuards => !Current.Modules.Guards.IsEmpty;

    DiscoInfo IDiscoRegistry.Describe(IqTarget target) => Delegated.Merge(Current.Modules.Describe(target), target);

    ValueTask<GuardVerdict> IGuards.CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken) =>
        Current.Modules.Guards.CheckAsync(stanza, cancellationToken);

    IReadOnlyList<DiscoItemsHandler> IDiscoRegistry.Items(IqTarget target) => Current.Modules.Items(target);

    IReadOnlyList<DiscoNodeHandler> IDiscoRegistry.Nodes(IqTarget target) => Current.Modules.Nodes(target);

    IReadOnlyList<AdHocCommand> ICommandRegistry.Commands(IqTarget target) => Current.Modules.Commands(target);

    AdHocCommand? ICommandRegistry.FindCommand(IqTarget target, string node) => Current.Modules.FindCommand(target, node);

    /// <summary>Puts a new state in the place of the present one, which it returns.</summary>
    public ServerState? Replace(ServerState state) => Interlocked.Exchange(ref _current, state);

    /// <summary>What the mechanisms may know of a stream, with what is offered on it.</summary>
    public SaslContext CreateSaslContext(string host, TlsInfo? tls)
    {
        var current = Current;
        var certificate = tls?.PeerCertificate;
        return current.Mechanisms.Offer(new SaslContext
        {
            Host = host,
            IsEncrypted = tls is not null,
            Accounts = Store.Accounts,
            ChannelBinding = tls?.ChannelBinding,
            ClientCertificate = certificate,
            ProvenIdentities = certificate is not null && current.ClientCertificates is { } validator
                ? validator.IdentitiesOf(certificate)
                : [],
            OfferedMechanisms = [],
        });
    }

    /// <summary>Notes when an account last logged in. A store that can't doesn't keep anybody out.</summary>
    public async ValueTask NoteLoginAsync(Jid account, CancellationToken cancellationToken)
    {
        try
        {
            await Store.Accounts.SetLastLoginAsync(account, Time.GetUtcNow(), cancellationToken);
        }
        catch (StoreException failure)
        {
            LogLoginNotNoted(account, failure.Message);
        }
    }

    /// <summary>Opens the journal and takes up the sessions that the process before has left in it.</summary>
    /// <exception cref="StoreException">Messages that were on their way into archives can't be stored.</exception>
    /// <returns>What others than those who have it are still to get.</returns>
    public async Task<IReadOnlyList<PartlySentMessage>> RestoreSessionsAsync(JournalOptions options)
    {
        if (options.File is null)
            return [];
        JournalContent left;
        try
        {
            Journal = SessionJournal.Open(options.File, options.Bytes, out left);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNoJournal(failure.Message);
            return [];
        }
        if (!left.IsTrusted)
            LogJournalNotTrusted();
        await left.CompleteStoresAsync(Store);
        var sessions = left.Sessions.Where(session => Current.IsLocal(session.Session.Jid)).ToList();
        var copies = Copies.Group(sessions.SelectMany(session => session.Stanzas));
        foreach (var leftSession in sessions)
        {
            var session = ClientSession.Restore(this, leftSession, copies);
            if (Sessions.TryAdd(session, replace: false, int.MaxValue, out _) == BindOutcome.Bound)
                Resumable.Add(leftSession.Session.Id, session);
        }
        foreach (var link in left.Links)
            Federation.Restore(link);
        foreach (var remote in left.Remotes)
            Federation.Sessions.Restore(remote);
        Journal.Begin();
        if (sessions.Count > 0)
            LogRestored(sessions.Count);
        return left.PartlySent;
    }

    /// <summary>Nobody resumes, sends or ends anything any more: what is in the journal is for the process to come.</summary>
    public void CloseJournal()
    {
        foreach (var session in Resumable.All)
            session.LeaveJournal();
        Federation.LeaveJournal();
        Journal?.Dispose();
    }

    /// <summary>A client has come back to a session from before a restart.</summary>
    public async ValueTask TellRestoredAsync(ClientSession session)
    {
        foreach (var handler in Current.Modules.SessionRestored)
        {
            try
            {
                await handler(session);
            }
            catch (Exception failure)
            {
                LogNotRestored(failure, session.Jid);
            }
        }
    }

    /// <summary>A resource was bound along with authentication: modules do what its client has asked for.</summary>
    public async ValueTask TellBoundAsync(InlineBind bind, CancellationToken cancellationToken)
    {
        foreach (var (_, handler) in Current.Modules.InlineBinds)
        {
            try
            {
                await handler(bind, cancellationToken);
            }
            catch (StoreException failure)
            {
                LogNotBoundFully(bind.Session.Jid, failure.Message);
            }
        }
    }

    /// <summary>Takes a session that is over out of everything. Once, whoever notices.</summary>
    public async ValueTask EndSessionAsync(ClientSession session)
    {
        if (!session.TryEnd())
            return;
        Sessions.Remove(session);
        Resumable.Remove(session);
        ServerQueries.End(session);
        foreach (var handler in Current.Modules.SessionEnded)
        {
            try
            {
                await handler(session);
            }
            catch (Exception bug)
            {
                LogSessionEndFailed(bug, session.Jid);
            }
        }
        await Undelivered.HandleAsync(session, session.Close());
    }

    /// <summary>The same, not now: whoever notices may hold locks.</summary>
    public void EndLater(ClientSession session) =>
        _ = Task.Run(() => Tasks.Run($"The end of {session.Jid}", _ => EndSessionAsync(session)));

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} sessions from before wait for their clients")]
    private partial void LogRestored(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sessions will end with this process, their journal can't be used: {Failure}")]
    private partial void LogNoJournal(string failure);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Sessions from before are over: the system ended without the server having been stopped")]
    private partial void LogJournalNotTrusted();

    [LoggerMessage(Level = LogLevel.Error, Message = "A module failed when the client of {Jid} came back after a restart")]
    private partial void LogNotRestored(Exception bug, Jid jid);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Jid} was bound without what the store has to say: {Failure}")]
    private partial void LogNotBoundFully(Jid jid, string failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A module failed at the end of the session {Jid}")]
    private partial void LogSessionEndFailed(Exception bug, Jid jid);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last login of {Account} could not be stored: {Failure}")]
    private partial void LogLoginNotNoted(Jid account, string failure);
}
