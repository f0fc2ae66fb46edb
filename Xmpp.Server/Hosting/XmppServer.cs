using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Modules.Archive;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Uploads;
using Xmpp.Server.Components;
using Xmpp.Server.Dns;
using Xmpp.Server.Federation;
using Xmpp.Server.Modules;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;
using Xmpp.Server.Web;

namespace Xmpp.Server.Hosting;

/// <summary>The server: listeners, streams and what they share, from start to graceful end.</summary>
public sealed partial class XmppServer : IAsyncDisposable
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Of streams that come by HTTP: TLS, if any, is below that.</summary>
    private static readonly ListenerOptions OverHttp = new() { Port = 0, Tls = ListenerTls.None };

    private readonly ILoggerFactory _loggers;
    private readonly ILogger<XmppServer> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, (ListenerOptions Options, SocketListener Listener)> _listeners = new();
    private readonly SemaphoreSlim _changing = new(1);
    private readonly ServerContext _context;
    private readonly ModuleHost _modules;
    private readonly ArchiveRetention _retention;
    private readonly RoomUnloading _unloading;
    private readonly ConnectionLimiter _limiter;
    private readonly BoshEndpoint _bosh;
    private readonly IReadOnlyList<HttpRoute> _webRoutes;
    private readonly byte[] _decoySecret;
    private readonly IFileStore _uploads;
    private readonly ITimer _ticks;
    private volatile bool _isStopping;

    private XmppServer(
        IStore store, byte[] decoySecret, byte[] clientSecret, byte[] dialbackSecret, IFileStore uploads, IReadOnlyList<ModuleEntry> catalog,
        IDnsResolver? resolver, TimeProvider time, ILoggerFactory loggers)
    {
        _loggers = loggers;
        _logger = loggers.CreateLogger<XmppServer>();
        _decoySecret = decoySecret;
        _uploads = uploads;
        _context = new ServerContext(store, clientSecret, dialbackSecret, uploads, resolver, time, loggers, _stopping.Token);
        _modules = new ModuleHost(catalog, new ModuleServices(
            _context.Sessions, _context, _context, _context, _context.Administrators, _context.Accounts, _context.Messages, _context,
            _context.Queries, _context.Tasks, _context.Lifetime, _context.Rosters, _context.Presences, _context.Subscriptions,
            _context.Capabilities, _context.RemoteCapabilities, _context.Clients, _context.Rooms, _context.PubSub, _context.Uploads,
            _context.Bytestreams, _context.PublishedBans, _context.Components, _context.Privileged, _context.Remote, _context.Web,
            store, time,
            time.GetUtcNow()));
        _retention = new ArchiveRetention(
            store.Archive, new ArchiveLimitBook(store.Settings, store.AccountData), _context.Rooms.FindArchiveLimitsAsync, _context.Tasks,
            () => _context.Current.Options.ArchivedDomains(), time);
        _unloading = new RoomUnloading(_context.Rooms);
        _limiter = new ConnectionLimiter(() => _context.Current.Options.Limits, _context.Clock);
        _bosh = new BoshEndpoint(_context, connection => ServeAsync(connection, OverHttp));
        _webRoutes = [new WebSocketEndpoint(_context, connection => ServeAsync(connection, OverHttp)).Route, _bosh.Route];
        _ticks = time.CreateTimer(_ => Tick(), null, TickPeriod, TickPeriod);
    }

    /// <summary>Open connections, bound or not.</summary>
    public int Connections => _limiter.Open;

    /// <summary>Completes when an administrator asks that the server end, and says how; it is for the owner to do.</summary>
    public Task<ServerEnd> EndAsked => _context.Lifetime.Asked;

    internal ServerContext Context => _context;

    /// <summary>Where the server listens, with the ports that the system chose.</summary>
    public IReadOnlyList<(ListenerOptions Options, IPEndPoint EndPoint)> Listeners =>
        [.. _listeners.Values.Select(open => (open.Options, open.Listener.LocalEndPoint))];

    /// <summary>Starts a server.</summary>
    /// <param name="store">Open, and the caller's to close after the server.</param>
    /// <exception cref="ListenException">An address can't be listened on.</exception>
    /// <exception cref="TlsConfigurationException">A certificate or key can't be used.</exception>
    public static Task<XmppServer> StartAsync(ServerOptions options, IStore store, TimeProvider time, ILoggerFactory loggers) =>
        StartAsync(options, store, ModuleCatalog.All, time, loggers);

    /// <summary>Starts a server with other modules than the catalogue's, or that finds other servers otherwise than by the DNS.</summary>
    internal static async Task<XmppServer> StartAsync(
        ServerOptions options, IStore store, IReadOnlyList<ModuleEntry> catalog, TimeProvider time, ILoggerFactory loggers,
        IDnsResolver? resolver = null)
    {
        var decoySecret = await store.GetOrCreateSecretAsync("sasl-decoy", 32, CancellationToken.None);
        var clientSecret = await store.GetOrCreateSecretAsync("clients", 32, CancellationToken.None);
        var dialbackSecret = await store.GetOrCreateSecretAsync("dialback", 32, CancellationToken.None);
        var uploads = UploadStore.Open(options.Http, store, time, loggers.CreateLogger<UploadDirectory>());
        var server = new XmppServer(store, decoySecret, clientSecret, dialbackSecret, uploads, catalog, resolver, time, loggers);
        try
        {
            await server.ApplyAsync(options);
            server._retention.Start();
            server._unloading.Start();
            server._context.Uploads.Start();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Makes the server what the options say: at the start, and at a reload without ending a session. When something can't be
    /// done it throws, and all is as it was.
    /// </summary>
    public async Task ApplyAsync(ServerOptions options)
    {
        await _changing.WaitAsync();
        try
        {
            var state = CreateState(options);
            await _context.Administrators.LoadAsync(options.Hosts, _stopping.Token);
            await _context.Bans.LoadAsync(options.Hosts, _stopping.Token);
            var replaced = _context.Replace(state);
            try
            {
                if (replaced is null)
                {
                    var partlySent = await _context.RestoreSessionsAsync(options.StreamManagement.Journal);
                    foreach (var handler in state.Modules.Starting)
                        await handler(_stopping.Token);
                    foreach (var message in partlySent)
                    {
                        if (state.IsLocal(message.Message.Account))
                            await _context.Messages.SendRestAsync(message, _stopping.Token);
                        foreach (var handler in state.Modules.PartlySent)
                            await handler(message, _stopping.Token);
                    }
                }
                await ApplyListenersAsync(ListenersOf(state));
                _context.Bytestreams.Apply(options.Modules.BytestreamsIfAny());
                await _context.Web.ApplyAsync(options.Http);
            }
            catch
            {
                if (replaced is not null)
                {
                    _context.Replace(replaced);
                    await ApplyListenersAsync(ListenersOf(replaced));
                    _context.Bytestreams.Apply(replaced.Options.Modules.BytestreamsIfAny());
                }
                state.Dispose();
                throw;
            }
            replaced?.Dispose();
            foreach (var session in _context.Sessions.All.Where(session => !state.IsLocal(session.Jid)))
                session.End(new StreamError(StreamErrorCondition.HostGone));
            var strangers = options.Modules.StrangersIfAny();
            _context.PublishedBans.Follow(strangers.BanLists, strangers.BanListEntries);
            _context.Components.Reconsider();
            _context.Delegated.Reconsider();
            _context.Federation.Reconsider();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Takes no new connections, tells every client, and gives them until the deadline to be told.</summary>
    public async Task StopAsync()
    {
        await _changing.WaitAsync();
        _isStopping = true;
        // First: what comes to nothing since this server stops is for the process to come.
        await _context.Federation.StopAsync();
        _context.Streams.Stop();
        await ApplyListenersAsync([]);
        _context.Bytestreams.Apply(null);
        var webClosed = _context.Web.CloseAsync();
        if (_context.CurrentOrNull is { } current)
        {
            foreach (var handler in current.Modules.Stopping)
                await handler();
        }
        foreach (var stream in _context.Streams.All)
        {
            // A stream that is closed can't be resumed (XEP-0198 §5): one that is to be resumed after a restart breaks off.
            if (stream is ClientStream { Session.OutlivesProcess: true } or ServerStream { OutlivesProcess: true })
                stream.Connection.Close();
            else
                stream.End(new StreamError(StreamErrorCondition.SystemShutdown));
        }
        _context.Streams.CheckDrained();
        try
        {
            var deadline = _context.CurrentOrNull?.Options.ShutdownDeadline ?? TimeSpan.Zero;
            await Task.WhenAll(_context.Streams.Drained, webClosed).WaitAsync(deadline, _context.Time);
        }
        catch (TimeoutException)
        {
            LogNotDrained(_context.Streams.Count);
            foreach (var stream in _context.Streams.All)
                stream.Connection.Abort("the server stopped");
        }
        await _context.Web.DisposeAsync();
        // Nobody can come back to them.
        foreach (var session in _context.Resumable.Hibernating.Where(session => !session.OutlivesProcess))
            await _context.EndSessionAsync(session);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStopping)
            await StopAsync();
        await _stopping.CancelAsync();
        await _retention.DisposeAsync();
        await _unloading.DisposeAsync();
        await _context.Uploads.DisposeAsync();
        await _context.Bytestreams.DisposeAsync();
        await _context.Tasks.EndAsync();
        (_uploads as IDisposable)?.Dispose();
        await _ticks.DisposeAsync();
        _context.CloseJournal();
        _context.CurrentOrNull?.Dispose();
        _context.Metrics.Dispose();
    }

    /// <summary>Serves a connection to its end.</summary>
    internal async Task ServeAsync(Connection connection, ListenerOptions listener)
    {
        var address = connection.RemoteEndPoint.Address;
        if (!_limiter.TryAcquire(address))
        {
            LogRefused(address);
            connection.Abort("too many connections");
            return;
        }
        IServerStream stream = listener.Kind switch
        {
            ListenerKind.Components => new ComponentStream(_context, connection),
            ListenerKind.Servers => new IncomingServerStream(_context, connection, listener.Tls),
            _ => new ClientStream(_context, connection, listener.Tls),
        };
        try
        {
            await _context.Streams.RunAsync(stream);
        }
        finally
        {
            _limiter.Release(address);
        }
    }

    private void Tick()
    {
        _context.Clock.Advance();
        foreach (var stream in _context.Streams.All)
            stream.Tick();
        _context.Federation.Tick();
        _bosh.Tick();
        foreach (var session in _context.Resumable.Expired(_context.Clock.Seconds))
            _context.EndLater(session);
    }

    private ServerState CreateState(ServerOptions options)
    {
        var current = _context.CurrentOrNull;
        var throttle = ThrottleOptionsOf(options);
        return new ServerState(
            options,
            _modules.Load(ModulesOf(options), current?.Modules),
            new SaslMechanisms(options.Authentication.Mechanisms, new DecoyKeys(_decoySecret, options.Authentication.ScramIterations)),
            // What was counted survives a reload, unless it is to be counted otherwise.
            current is not null && ThrottleOptionsOf(current.Options) == throttle
                ? current.Throttle
                : new AuthenticationThrottle(throttle, _context.Time),
            TlsServer.Create(TlsOptionsOf(options)),
            options.Http.Listeners.Any(listener => listener.Tls) ? CreateWebTls(options) : null,
            options.Tls.ClientCertificateAuthorities is { } authorities
                ? ClientCertificateValidator.Load(authorities, _context.Time)
                : null,
            FederationState.Create(options, ServerCertificates(options), _context.Bans, _context.Time),
            _webRoutes);
    }

    /// <summary>A page of an archive doesn't fill a queue that ends the session, whatever is configured.</summary>
    private static ModuleOptions ModulesOf(ServerOptions options)
    {
        var (modules, queue) = (options.Modules, Math.Min(options.Limits.OutputBytes, options.StreamManagement.QueueBytes));
        return modules with
        {
            Archive = modules.Archive with { PageBytes = Math.Min(modules.Archive.PageBytes, queue / 2) },
            // What needs HTTP is not there without.
            Disabled =
            [
                .. modules.Disabled,
                .. options.Http.Listeners.Count > 0 ? [] : (string[])["hostMeta", "uploads", "webChat", "speechToText"],
                .. modules.Bytestreams.Enabled ? [] : (string[])["bytestreams"],
            ],
        };
    }

    /// <summary>The hosts' certificates, and those of services and components that have their own.</summary>
    private static List<TlsCertificate> ServerCertificates(ServerOptions options) =>
    [
        .. options.Hosts
            .Concat(options.Hosts.SelectMany(host => options.Modules.ServiceLabels().Select(service => $"{service.Label}.{host}")))
            .Concat(options.Components.List.Select(component => component.Domain))
            .Select(domain => HostCertificate.FilesOf(options.Tls.Certificates, domain))
            .Where(files => options.Hosts.Contains(files.Host) || (File.Exists(files.Certificate) && File.Exists(files.Key)))
            .Select(files => new TlsCertificate(files.Host, files.Certificate, files.Key)),
    ];

    private static SslStreamServer CreateWebTls(ServerOptions options) => new(TlsOptionsOf(options) with
    {
        ApplicationProtocols = ["http/1.1"],
        RequestClientCertificate = false,
    });

    private static TlsServerOptions TlsOptionsOf(ServerOptions options) => new()
    {
        Engine = options.Tls.Engine,
        Certificates =
        [
            .. options.Hosts.Select(host => HostCertificate.FilesOf(options.Tls.Certificates, host))
                .Select(files => new TlsCertificate(files.Host, files.Certificate, files.Key)),
        ],
        ApplicationProtocols = ["xmpp-client"], // XEP-0368 §4
        MinimumVersion = options.Tls.MinimumVersion,
        RequestClientCertificate = options.Tls.ClientCertificateAuthorities is not null,
    };

    private static AuthenticationThrottleOptions ThrottleOptionsOf(ServerOptions options) => new(
        options.Authentication.MaxFailures, options.Authentication.MaxFailuresPerAddress, options.Authentication.FailureWindow);

    private static List<ListenerOptions> ListenersOf(ServerState state) =>
    [
        .. state.Options.Listeners, .. state.Options.Components.Listeners,
        .. state.Federation is null ? [] : state.Options.S2s.OwnListeners,
    ];

    /// <summary>Opens and closes listeners until they are the given ones; those that stay are not touched.</summary>
    private async Task ApplyListenersAsync(IReadOnlyList<ListenerOptions> wanted)
    {
        var limits = _context.CurrentOrNull?.Options.Limits ?? new LimitOptions();
        var removed = _listeners.Where(open => !wanted.Any(listener => KeyOf(listener, limits) == open.Key)).ToList();
        var added = wanted.Where(listener => !_listeners.ContainsKey(KeyOf(listener, limits))).ToList();
        // First the old ones: a new one may want the same port.
        foreach (var (key, open) in removed)
        {
            await open.Listener.DisposeAsync();
            _listeners.TryRemove(key, out _);
        }
        try
        {
            foreach (var listener in added)
                Open(listener);
        }
        catch (ListenException)
        {
            foreach (var listener in added)
            {
                if (_listeners.TryRemove(KeyOf(listener, limits), out var open))
                    await open.Listener.DisposeAsync();
            }
            foreach (var (_, open) in removed)
                Open(open.Options);
            throw;
        }
    }

    private void Open(ListenerOptions options)
    {
        var limits = _context.Current.Options.Limits;
        var listener = new SocketListener(
            new SocketListenerOptions
            {
                EndPoint = new IPEndPoint(options.Address, options.Port),
                TrustedProxies = options.TrustedProxies,
                KeepAlive = new TcpKeepAlive(limits.KeepAliveInterval, TimeSpan.FromSeconds(15), Probes: 4),
                Connection = new SocketConnectionOptions
                {
                    // A stanza that is too large has to be seen to be answered.
                    MaxInputBytes = 2 * limits.StanzaBytes,
                    MaxOutputBytes = options.OutputBytes ?? limits.OutputBytes,
                    TimeProvider = _context.Time,
                },
            },
            _ => _limiter.Open < _context.Current.Options.Limits.Connections,
            connection => ServeAsync(connection, options),
            _loggers.CreateLogger<SocketListener>());
        listener.Start();
        _listeners[KeyOf(options, limits)] = (options, listener);
    }

    /// <summary>Two listeners with the same key are the same listener: all that its connections are made with is in it.</summary>
    private static string KeyOf(ListenerOptions listener, LimitOptions limits) =>
        $"{listener.Address} {listener.Port} {listener.Tls} {string.Join(',', listener.TrustedProxies)} "
        + $"{listener.Kind} {limits.StanzaBytes} {listener.OutputBytes ?? limits.OutputBytes} {limits.KeepAliveInterval}";

    [LoggerMessage(Level = LogLevel.Information, Message = "Connection from {Address} refused: too many")]
    private partial void LogRefused(IPAddress address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} connections did not end in time and are dropped")]
    private partial void LogNotDrained(int count);
}
