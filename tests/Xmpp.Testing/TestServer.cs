using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Modules;
using Xmpp.Server.Transport;
using Xmpp.Server.Web;

namespace Xmpp.Testing;

/// <summary>
/// A whole server in this process, without sockets: clients speak to it over <see cref="MemoryConnection"/>s, which claim to
/// be protected by TLS. Time stands still until the test moves it. Disposing it fails the test when the server logged an
/// error that was not announced by <see cref="ExpectError"/>.
/// </summary>
public sealed class TestServer : IAsyncDisposable
{
    private static readonly Lazy<IReadOnlyList<ScramKeys>> Keys = new(() => PasswordKeys.Create(Password, 4096));

    private readonly string _directory;
    private readonly TestStore _store;
    private readonly TestLog _log;
    private readonly IReadOnlyList<ModuleEntry> _catalog;
    private XmppServer _server;
    private TestNetwork? _network;

    private TestServer(
        XmppServer server, ServerOptions options, IReadOnlyList<ModuleEntry> catalog, TestStore store, string directory, ManualTime time,
        TestLog log)
    {
        (_server, Options, _catalog, _store, _directory, Time, _log) = (server, options, catalog, store, directory, time, log);
    }

    /// <summary>The password of every account that <see cref="LoginAsync"/> makes.</summary>
    public const string Password = "secret";

    public ManualTime Time { get; }

    /// <summary>A real store that fails when the test wants it to.</summary>
    public FaultyStore Store => _store.Faulty;

    /// <summary>What connections that claim to be encrypted claim.</summary>
    private static TlsInfo Tls { get; } =
        new("TLSv1.3", "TLS_AES_128_GCM_SHA256", "localhost", null, null, new NoChannelBinding());

    private static ListenerOptions NoTls { get; } = new() { Port = 0, Tls = ListenerTls.None };

    /// <inheritdoc cref="TestClient.LeftOut"/>
    public IReadOnlyCollection<XmlName> LeftOut { get; set; } = [];

    /// <summary>What the server was last told to be.</summary>
    public ServerOptions Options { get; private set; }

    public XmppServer Server => _server;

    /// <param name="configure">Changes to the default options: one host, "localhost", and no listeners.</param>
    /// <param name="modules">What modules of the test register, behind those of the catalogue.</param>
    public static Task<TestServer> StartAsync(
        Func<ServerOptions, ServerOptions>? configure = null, params IReadOnlyList<Action<IModuleBuilder>> modules) =>
        StartAsync(network: null, configure, modules);

    /// <param name="network">Where other servers are found; null where there are none.</param>
    /// <inheritdoc cref="StartAsync(Func{ServerOptions, ServerOptions}, IReadOnlyList{Action{IModuleBuilder}})"/>
    public static async Task<TestServer> StartAsync(
        TestNetwork? network, Func<ServerOptions, ServerOptions>? configure, IReadOnlyList<Action<IModuleBuilder>> modules)
    {
        var directory = Directory.CreateTempSubdirectory("xmppchat-test-").FullName;
        var time = new ManualTime();
        var log = new TestLog();
        var options = new ServerOptions
        {
            Listeners = [],
            Http = new HttpOptions { Listeners = [], UploadStore = TestStore.UploadStore, Uploads = Path.Combine(directory, "uploads") },
            Tls = new TlsOptions { Certificates = directory },
            Authentication = new AuthenticationOptions { ScramIterations = 4096 },
            // Time doesn't pass by itself: whoever were too fast would never be read again.
            Limits = new LimitOptions { SessionBytesPerSecond = 0 },
            StreamManagement = new StreamManagementOptions { Journal = new JournalOptions { File = null } },
        };
        options = configure?.Invoke(options) ?? options;
        DevelopmentCertificates.CreateMissing(options.Tls.Certificates, options.Hosts, time);
        var store = await TestStore.OpenAsync(directory, time);
        IReadOnlyList<ModuleEntry> catalog =
        [
            .. ModuleCatalog.All,
            .. modules.Select((register, index) => new ModuleEntry($"test{index + 1}", (_, _) => new TestModule(register))),
        ];
        var server = await XmppServer.StartAsync(options, store.Faulty, catalog, time, log, network?.Resolver);
        return new TestServer(server, options, catalog, store, directory, time, log) { _network = network };
    }

    /// <summary>A server whose sessions survive <see cref="RestartAsync"/>.</summary>
    public static Task<TestServer> StartWithJournalAsync(params IReadOnlyList<Action<IModuleBuilder>> modules) => StartAsync(
        options => options with
        {
            StreamManagement = options.StreamManagement with
            {
                Journal = new JournalOptions { File = Path.Combine(options.Tls.Certificates, "sessions.journal"), Bytes = 32 * 1024 * 1024 },
            },
        },
        modules);

    /// <summary>Ends the server and starts another one with the same store.</summary>
    /// <param name="isKilled">Whether the next one finds the journal as it is now, not as the server leaves it.</param>
    /// <param name="killed">Called when what will be found has been fixed, and the one has not ended.</param>
    /// <param name="before">Called when the one has ended and the other one not begun.</param>
    public async Task RestartAsync(bool isKilled, Action? killed = null, Action? before = null)
    {
        var journal = Options.StreamManagement.Journal.File!;
        var now = await File.ReadAllBytesAsync(journal);
        killed?.Invoke();
        await _server.DisposeAsync().AsTask().WaitAsync(TestClient.Patience);
        before?.Invoke();
        if (isKilled)
            await File.WriteAllBytesAsync(journal, now);
        _server = await XmppServer.StartAsync(Options, Store, _catalog, Time, _log, _network?.Resolver);
    }

    /// <summary>Changes the configuration while the server runs.</summary>
    public async Task ReloadAsync(Func<ServerOptions, ServerOptions> change)
    {
        var options = change(Options);
        await _server.ApplyAsync(options);
        Options = options;
    }

    /// <summary>Announces that the test makes the server log an error whose text contains this.</summary>
    public void ExpectError(string text) => _log.Expected.Add(text);

    /// <summary>A server that speaks HTTP on loopback, without TLS and with it, at ports that the system chooses.</summary>
    public static Task<TestServer> StartWithHttpAsync(
        Func<HttpOptions, HttpOptions>? configure = null, params IReadOnlyList<Action<IModuleBuilder>> modules) => StartAsync(
        options =>
        {
            var http = options.Http with
            {
                Listeners =
                [
                    new() { Address = IPAddress.Loopback, Port = 0, Tls = false }, new() { Address = IPAddress.Loopback, Port = 0, Tls = true },
                ],
            };
            return options with { Hosts = ["localhost", "other.example"], Http = configure?.Invoke(http) ?? http };
        },
        modules);

    /// <summary>The port of the first HTTP listener that is so.</summary>
    public int HttpPort(bool tls) => _server.Context.Web.Listeners.First(listener => listener.Options.Tls == tls).EndPoint.Port;

    /// <summary>A client to whom every name is this machine, and every certificate good enough.</summary>
    /// <param name="onCertificate">Gets the server's.</param>
    [SuppressMessage("Security", "CA5359", Justification = "It looks at them.")]
    public static HttpClient CreateHttpClient(Action<X509Certificate2>? onCertificate = null) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                onCertificate?.Invoke((X509Certificate2)certificate!);
                return true;
            },
        },
    })
    {
        Timeout = TestClient.Patience,
    };

    /// <summary>A connection on which nothing was said yet.</summary>
    /// <param name="tls">What the listener asks for.</param>
    /// <param name="isEncrypted">Whether a connection without TLS of its own claims to be encrypted.</param>
    /// <param name="address">Where the server sees the client.</param>
    public TestClient Connect(ListenerTls tls = ListenerTls.None, bool isEncrypted = true, IPAddress? address = null) =>
        Connect(new ListenerOptions { Port = 0, Tls = tls }, Options.Limits.OutputBytes, isEncrypted, address);

    /// <summary>A connection where components connect, on which nothing was said yet.</summary>
    public TestClient ConnectComponent() => Connect(
        new ListenerOptions { Port = 0, Tls = ListenerTls.None, Kind = ListenerKind.Components }, Options.Components.OutputBytes, isEncrypted: false);

    /// <summary>A connection where other servers connect, on which nothing was said yet.</summary>
    /// <param name="certificate">What TLS is to show of the peer, once it has begun.</param>
    public TestClient ConnectServer(X509Certificate2? certificate) => Connect(
        new ListenerOptions { Port = 0, Tls = ListenerTls.StartTls, Kind = ListenerKind.Servers }, Options.S2s.OutputBytes, isEncrypted: false,
        tls: Tls with { PeerCertificate = certificate });

    private TestClient Connect(ListenerOptions listener, int outputBytes, bool isEncrypted, IPAddress? address = null, TlsInfo? tls = null)
    {
        var (client, server) = MemoryConnection.CreatePair(outputBytes, address);
        server.TlsToClaim = tls ?? Tls;
        if (listener.Tls == ListenerTls.None && isEncrypted)
            server.ClaimedTls = server.TlsToClaim;
        var served = _server.ServeAsync(server, listener);
        return new TestClient(client, served) { LeftOut = LeftOut };
    }

    /// <summary>Logs a client in that then says the same again and again; completes when the server is done with it.</summary>
    /// <param name="jid">A full JID at "localhost".</param>
    /// <param name="say">Stanzas.</param>
    /// <param name="repeats">How often it says them.</param>
    /// <param name="onRepeat">See <see cref="ReplayConnection"/>.</param>
    public async Task ReplayAsync(Jid jid, string say, int repeats, Action<int> onRepeat, string first = "")
    {
        await CreateAccountAsync(jid.Bare);
        await _server.ServeAsync(new ReplayConnection(Tls, LoginOf(jid, first), Encoding.UTF8.GetBytes(say), repeats, onRepeat), NoTls);
    }

    /// <summary>An available client that says nothing more and takes everything, until the server stops.</summary>
    public async Task ConnectSinkAsync(Jid jid, string first = "")
    {
        await CreateAccountAsync(jid.Bare);
        var isReady = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _server.ServeAsync(new ReplayConnection(Tls, LoginOf(jid, first), default, repeats: null, _ => isReady.TrySetResult()), NoTls);
        await isReady.Task.WaitAsync(TestClient.Patience);
    }

    /// <summary>All that a client says until it is available.</summary>
    private static byte[] LoginOf(Jid jid, string first)
    {
        const string header =
            $"<stream:stream xmlns='jabber:client' xmlns:stream='{Namespaces.Stream}' to='localhost' version='1.0'>";
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{jid.Local}\0{Password}"));
        return Encoding.UTF8.GetBytes(
            $"{header}<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'>{credentials}</auth>{header}"
            + $"<iq type='set' id='b'><bind xmlns='{Namespaces.Bind}'><resource>{jid.Resource}</resource></bind></iq><presence/>{first}");
    }

    /// <summary>Makes the account if it isn't there.</summary>
    public async Task CreateAccountAsync(Jid account) =>
        await Store.Accounts.AddAsync(
            new Account(account, Keys.Value, Enabled: true, Time.GetUtcNow(), LastLogin: null), CancellationToken.None);

    /// <summary>A client with a bound resource that hasn't sent presence.</summary>
    /// <param name="name">The localpart at "localhost", or a bare JID.</param>
    /// <param name="resource">Null lets the server choose.</param>
    public async Task<TestClient> ConnectAsync(string name, string? resource = null)
    {
        var account = Jid.Parse(name.Contains('@') ? name : $"{name}@localhost");
        await CreateAccountAsync(account);
        var client = Connect();
        await client.LoginAsync(account, Password, resource);
        return client;
    }

    /// <summary>A client that is available, with its own presence and that of the account's older resources already received.</summary>
    public async Task<TestClient> LoginAsync(string name, string? resource = null, int priority = 0)
    {
        var client = await ConnectAsync(name, resource);
        await client.SendAsync($"<presence><priority>{priority}</priority></presence>");
        while ((await client.ReadAsync())["from"] != client.Jid.ToString())
        {
            // An older resource.
        }
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        // Time doesn't pass by itself: what waits for it would never end.
        await _server.DisposeAsync().AsTask().WaitAsync(TestClient.Patience);
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        _log.ThrowIfUnexpected();
    }

    private sealed class TestModule(Action<IModuleBuilder> register) : IXmppModule
    {
        public void Register(IModuleBuilder builder) => register(builder);
    }

    private sealed class NoChannelBinding : IChannelBinding
    {
        public IReadOnlyList<string> Types => [];

        public byte[]? Get(string type) => null;
    }
}
