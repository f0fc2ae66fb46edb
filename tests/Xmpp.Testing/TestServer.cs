using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Storage.Sqlite;

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
    private readonly XmppServer _server;
    private readonly IStore _store;
    private readonly TestLog _log;

    private TestServer(XmppServer server, IStore store, string directory, ManualTime time, TestLog log)
    {
        (_server, _store, _directory, Time, _log) = (server, store, directory, time, log);
    }

    /// <summary>The password of every account that <see cref="LoginAsync"/> makes.</summary>
    public const string Password = "secret";

    public ManualTime Time { get; }

    public IStore Store => _store;

    public XmppServer Server => _server;

    /// <param name="configure">Changes to the default options: one host, "localhost", and no listeners.</param>
    public static async Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? configure = null)
    {
        var directory = Directory.CreateTempSubdirectory("xmppchat-test-").FullName;
        var time = new ManualTime();
        var log = new TestLog();
        var options = new ServerOptions
        {
            Listeners = [],
            Tls = new TlsOptions { Certificates = directory },
            Authentication = new AuthenticationOptions { ScramIterations = 4096 },
        };
        options = configure?.Invoke(options) ?? options;
        DevelopmentCertificates.CreateMissing(directory, options.Hosts, time);
        var store = SqliteStore.Open(Path.Combine(directory, "test.db"), time);
        var server = await XmppServer.StartAsync(options, store, time, log);
        return new TestServer(server, store, directory, time, log);
    }

    /// <summary>Announces that the test makes the server log an error whose text contains this.</summary>
    public void ExpectError(string text) => _log.Expected.Add(text);

    /// <summary>A connection on which nothing was said yet.</summary>
    /// <param name="tls">What the listener asks for; the connection claims to be encrypted unless it is <see cref="ListenerTls.StartTls"/>.</param>
    public TestClient Connect(ListenerTls tls = ListenerTls.None, bool isEncrypted = true)
    {
        var (client, server) = MemoryConnection.CreatePair();
        if (isEncrypted)
            server.ClaimedTls = new TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", "localhost", null, null, new NoChannelBinding());
        var served = _server.ServeAsync(server, new ListenerOptions { Port = 0, Tls = tls });
        return new TestClient(client, served);
    }

    /// <summary>Makes the account if it isn't there.</summary>
    public async Task CreateAccountAsync(Jid account) =>
        await Store.Accounts.AddAsync(new Account(account, Keys.Value, Enabled: true, Time.GetUtcNow(), LastLogin: null), CancellationToken.None);

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

    /// <summary>A client that is available, with its own presence already received.</summary>
    public async Task<TestClient> LoginAsync(string name, string? resource = null, int priority = 0)
    {
        var client = await ConnectAsync(name, resource);
        await client.SendAsync($"<presence><priority>{priority}</priority></presence>");
        await client.ExpectAsync($"<presence from='{client.Jid}' to='{client.Jid}'><priority>{priority}</priority></presence>");
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        _log.ThrowIfUnexpected();
    }

    private sealed class NoChannelBinding : IChannelBinding
    {
        public IReadOnlyList<string> Types => [];

        public byte[]? Get(string type) => null;
    }
}
