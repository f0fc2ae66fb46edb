using Microsoft.Extensions.Logging;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Modules;
using Xmpp.Modules.Clients;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Rosters;
using Xmpp.Modules.PubSub;
using Xmpp.Modules.Uploads;
using Xmpp.Server.Control;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Federation;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Hosting;

/// <summary>The server cannot start; the message says why and what to do, line by line.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A server as the operator sees it: with its configuration file, its store, its log and its control socket.</summary>
public sealed partial class ServerProcess : IServerControl, IAsyncDisposable
{
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ServerLog _log;
    private readonly ILogger<ServerProcess> _logger;
    private readonly SemaphoreSlim _reloading = new(1);
    private readonly IStore _store;
    private readonly XmppServer _server;
    private ControlServer? _control;

    private ServerProcess(
        string path, CertificateCheck certificates, IStore store, XmppServer server,
        ServerLog log, ILogger<ServerProcess> logger, TimeProvider time)
    {
        (_path, _store, _server, _log, _logger, _time) = (path, store, server, log, logger, time);
        Certificates = certificates.Certificates;
        Started = time.GetUtcNow();
    }

    public ServerOptions Options => _server.Context.Current.Options;

    public IStore Store => _store;

    public DateTimeOffset Started { get; }

    public string TlsEngine => _server.Context.Current.Tls.Engine;

    public IReadOnlyList<HostCertificate> Certificates { get; private set; }

    public IReadOnlyList<ListenerInfo> Listeners =>
    [
        .. _server.Listeners.Select(listener => new ListenerInfo(listener.EndPoint, listener.Options.Tls)),
        .. _server.Context.Web.Listeners.Select(listener => new ListenerInfo(
            listener.EndPoint, listener.Options.Tls ? ListenerTls.Direct : ListenerTls.None, IsHttp: true)),
    ];

    /// <summary>Where people chat in a browser; null where they can't.</summary>
    public string? ChatUrl => Options.Modules.Disabled.Contains("webChat") || !WebChat.IsInstalled(Options.Modules.WebChat)
        ? null
        : _server.Context.Web.UrlOf(Options.Hosts[0], "/chat");

    public int Connections => _server.Connections;

    /// <inheritdoc cref="XmppServer.EndAsked"/>
    public Task<ServerEnd> EndAsked => _server.EndAsked;

    public IAccountService Accounts => _server.Context.Accounts;

    public ClientDirectory Clients => _server.Context.Clients;

    public RoomAdministration? Rooms => Options.Modules.Disabled.Contains("rooms")
        ? null
        : new RoomAdministration(_server.Context.Rooms, _store.Archive);

    public UploadDirectory Uploads => _server.Context.Uploads;

    public PubSubAdministration PubSub => new(_server.Context.PubSub);

    public IFederationControl? Federation => _server.Context.Current.Federation is null
        ? null
        : new FederationControl(_server.Context, _server.Context.Federation);

    public Subscriptions Subscriptions => _server.Context.Subscriptions;

    public int Sessions => _server.Context.Sessions.Count;

    public QueueTotals Queues => ServerMetrics.Queues(_server.Context);

    public CommitTotals Commits => _server.Context.Metrics.Commits;

    /// <summary>Starts the server that a configuration file describes.</summary>
    /// <exception cref="StartException">It can't; nothing is left running.</exception>
    public static async Task<ServerProcess> StartAsync(string path, TimeProvider time)
    {
        var configuration = ConfigurationLoader.Load(path);
        if (!configuration.IsValid)
            throw new StartException(string.Join('\n', configuration.Problems));
        var options = configuration.Options;
        var certificates = CertificateCheck.Prepare(options, time);
        if (certificates.Problems.Count > 0)
            throw new StartException(string.Join('\n', certificates.Problems));

        var log = new ServerLog(options.Log.Level);
        var loggers = log.CreateFactory();
        var logger = loggers.CreateLogger<ServerProcess>();
        foreach (var file in certificates.Created)
            LogCreated(logger, file);
        foreach (var warning in certificates.Warnings.Concat(ServerOptionsValidator.Warnings(options)))
            LogWarning(logger, warning);
        IStore? store = null;
        XmppServer? server = null;
        try
        {
            store = await ConfiguredStore.OpenAsync(options, time, warning => LogWarning(logger, warning));
            store.StatusChanged += status => LogStore(logger, status);
            server = await XmppServer.StartAsync(options, store, time, loggers);
            var process = new ServerProcess(path, certificates, store, server, log, logger, time);
            process._control = ControlServer.Start(process, log.Buffer, time, loggers.CreateLogger<ControlServer>());
            return process;
        }
        catch (Exception failure) when (failure is StoreException or ListenException or TlsConfigurationException or ControlException)
        {
            if (server is not null)
                await server.DisposeAsync();
            if (store is not null)
                await store.DisposeAsync();
            await log.DisposeAsync();
            throw new StartException(failure.Message, failure);
        }
    }

    public IReadOnlyCollection<SessionInfo> ListSessions() =>
    [
        .. _server.Context.Sessions.All.Select(session => new SessionInfo(
            session.Jid,
            session.Address.ToString(),
            session.Stream?.Connection.Tls?.Protocol,
            session.Since,
            session.Presence is { } presence ? presence.Show ?? "available" : null,
            session.Presence?.Priority,
            session.Stream is null ? SessionConnection.Away
                : session.Management?.Id is not null ? SessionConnection.Resumable
                : SessionConnection.Connected)),
    ];

    public ValueTask<int> AnnounceAsync(string host, string text, CancellationToken cancellationToken) =>
        new Announcements(_server.Context.Sessions, _server.Context.Messages).SendAsync(host, text, cancellationToken);

    public async ValueTask<ReloadReport> ReloadAsync(CancellationToken cancellationToken)
    {
        await _reloading.WaitAsync(cancellationToken);
        try
        {
            var report = await TryReloadAsync();
            foreach (var problem in report.Problems)
                LogNotReloaded(_logger, problem);
            if (report.Problems.Count == 0)
                LogReloaded(_logger, report.Applied.Count);
            foreach (var key in report.Applied)
                LogApplied(_logger, key);
            foreach (var key in report.NeedRestart)
                LogNeedsRestart(_logger, key);
            return report;
        }
        finally
        {
            _reloading.Release();
        }
    }

    /// <summary>Stops gracefully: see <see cref="XmppServer.StopAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_control is not null)
            await _control.DisposeAsync();
        await _server.DisposeAsync();
        await _store.DisposeAsync();
        await _log.DisposeAsync();
    }

    private async Task<ReloadReport> TryReloadAsync()
    {
        var configuration = ConfigurationLoader.Load(_path);
        if (!configuration.IsValid)
            return Failed(configuration.Problems.Select(problem => problem.ToString()));
        var changes = ConfigurationChanges.Between(Options, configuration.Options);
        var options = configuration.Options with
        {
            // What the running server can't change stays as it is, so that the next reload still tells of it.
            Directory = Options.Directory,
            Store = Options.Store,
            Sqlite = Options.Sqlite,
            Mongodb = Options.Mongodb,
            Control = Options.Control,
            Http = configuration.Options.Http with
            {
                UploadStore = Options.Http.UploadStore,
                Uploads = Options.Http.Uploads,
                S3 = Options.Http.S3,
            },
            StreamManagement = configuration.Options.StreamManagement with { Journal = Options.StreamManagement.Journal },
        };
        var certificates = CertificateCheck.Prepare(options, _time);
        if (certificates.Problems.Count > 0)
            return Failed(certificates.Problems.Select(problem => problem.ToString()));
        try
        {
            await _server.ApplyAsync(options);
        }
        catch (Exception failure) when (failure is ListenException or TlsConfigurationException)
        {
            return Failed([failure.Message]);
        }
        catch (Exception bug)
        {
            LogReloadBug(_logger, bug);
            return Failed(["internal error; see the log"]);
        }
        var replaced = certificates.Certificates
            .Where(certificate => !Certificates.Any(old => old.Host == certificate.Host && old.NotAfter == certificate.NotAfter))
            .Select(certificate => certificate.CertificateFile);
        var report = new ReloadReport(
            [.. changes.Applicable, .. replaced],
            changes.NeedRestart,
            Problems: [],
            [.. certificates.Warnings, .. ServerOptionsValidator.Warnings(options)]);
        Certificates = certificates.Certificates;
        _log.MinimumLevel = options.Log.Level;
        return report;

        static ReloadReport Failed(IEnumerable<string> problems) => new([], [], [.. problems], []);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Made {File}")]
    private static partial void LogCreated(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private static partial void LogWarning(ILogger logger, string warning);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not reloaded: {Problem}")]
    private static partial void LogNotReloaded(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Reloaded; {Count} changes")]
    private static partial void LogReloaded(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied {Key}")]
    private static partial void LogApplied(ILogger logger, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Key} was changed and comes into force with the next start")]
    private static partial void LogNeedsRestart(ILogger logger, string key);

    [LoggerMessage(Level = LogLevel.Error, Message = "The reload failed")]
    private static partial void LogReloadBug(ILogger logger, Exception bug);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store changed its state: {Status}")]
    private static partial void LogStore(ILogger logger, StoreStatus status);
}
