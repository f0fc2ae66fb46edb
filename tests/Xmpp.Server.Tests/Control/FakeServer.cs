using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Modules;
using Xmpp.Modules.Clients;
using Xmpp.Modules.PubSub;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Uploads;
using Xmpp.Modules.Rosters;
using Xmpp.Server.Control;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Hosting;
using Xmpp.Server.Modules;
using Xmpp.Server.Routing;
using Xmpp.Server.Sessions;
using Xmpp.Storage.Disk;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Server.Tests.Control;

/// <summary>A server as the control socket sees it, with a real store and nothing else behind.</summary>
internal sealed class FakeServer : IServerControl, IHostDirectory, IGuards, IAsyncDisposable
{
    private readonly SqliteStore _store;

    public FakeServer(string directory)
    {
        _store = SqliteStore.Open(Path.Combine(directory, "test.db"));
        Options = new()
        {
            Hosts = ["localhost", "example.org"],
            Control = new() { Socket = Path.Combine(directory, "control", "ctl.sock") },
        };
        var sessions = new SessionRegistry(() => new ModuleTable([]));
        var rosters = new RosterDirectory(_store.Rosters, sessions);
        var remote = new RemoteDomains(new(() => Options.Components), federation: null, TimeProvider.System);
        var presences = new Presences(
            sessions, rosters, this, remote, this, _store.LastSeen, TimeProvider.System, () => Options.Modules.Roster,
            (_, _) => { });
        Subscriptions = new(rosters, presences, this, remote, sessions, () => [], () => Options.Modules.Roster);
        Rooms = new(
            new RoomDirectory(
                _store.Rooms, _store.Settings, _store.AccountData, sessions, new NoStanzas(), new Administrators(_store.Settings, () => []), this,
                new ServerTasks(NullLogger<ServerTasks>.Instance, CancellationToken.None), _store.Archive,
                () => Options.Modules.ArchiveIfKept(), () => null, () => null, () => Options.Modules.Rooms, TimeProvider.System),
            _store.Archive);
        var tasks = new ServerTasks(NullLogger<ServerTasks>.Instance, CancellationToken.None);
        PubSub = new(new(
            _store.PubSub, new NodeDirectory(_store.PubSub, sessions), sessions,
            new ClientCapabilities(new ServerQueries(TimeProvider.System), tasks, () => []),
            new RemoteCapabilities(remote, rosters, tasks, () => []), new NoStanzas(), this, rosters, this,
            new Administrators(_store.Settings, () => []), tasks, TimeProvider.System, () => Options.Modules.PubSub, _ => []));
        Uploads = new(
            new DiskFiles(Path.Combine(directory, "uploads")), _store.AccountData, sessions,
            new ServerTasks(NullLogger<ServerTasks>.Instance, CancellationToken.None), new byte[32], () => Options.Modules.Uploads, TimeProvider.System);
        Clients = new(_store.Accounts, _store.AccountData, sessions, new byte[32], () => Options.Clients, TimeProvider.System);
    }

    public List<SessionInfo> Bound { get; } =
    [
        new(Jid.Parse("romeo@localhost/orchard"), "192.0.2.1:40000", "TLSv1.3", DateTimeOffset.UnixEpoch, "available", 5, SessionConnection.Resumable),
        new(Jid.Parse("juliet@localhost/phone"), "[2001:db8::1]:40001", null, DateTimeOffset.UnixEpoch, null, null, SessionConnection.Connected),
        new(Jid.Parse("juliet@localhost/balcony"), "192.0.2.2:40002", "TLSv1.2", DateTimeOffset.UnixEpoch, "away", -1, SessionConnection.Away),
    ];

    public List<(string Jid, StreamErrorCondition Reason)> Ended { get; } = [];

    public IAccountService Accounts => new AccountService(
        _store.Accounts, TimeProvider.System, () => 4096, () => new ModuleTable([]), EndSessions,
        NullLogger<AccountService>.Instance);

    public ClientDirectory Clients { get; }

    public IFederationControl? Federation { get; set; }

    public Subscriptions Subscriptions { get; }

    public RoomAdministration? Rooms { get; }

    public UploadDirectory Uploads { get; }

    public PubSubAdministration PubSub { get; }

    /// <summary>What was announced, by host.</summary>
    public List<(string Host, string Text)> Announced { get; } = [];

    public Func<ReloadReport> OnReload { get; set; } = () => new(["log.level"], [], [], []);

    public ServerOptions Options { get; set; }

    public IReadOnlyList<string> Hosts => Options.Hosts;

    public bool HasGuards => false;

    public IStore Store => _store;

    public DateTimeOffset Started { get; } = DateTimeOffset.UtcNow.AddMinutes(-1);

    public string TlsEngine => "openssl";

    public IReadOnlyList<HostCertificate> Certificates { get; } =
        [new("localhost", "localhost.crt", "localhost.key", new DateTimeOffset(2029, 2, 22, 0, 0, 0, TimeSpan.Zero), [], [])];

    public IReadOnlyList<ListenerInfo> Listeners { get; } = [new(new(IPAddress.IPv6Any, 5222), ListenerTls.StartTls)];

    public int Connections => 4;

    public int Sessions => Bound.Count;

    public QueueTotals Queues => new(1, 3, 1500);

    public CommitTotals Commits => new(12, 0, 1.5, 20);

    public IReadOnlyCollection<SessionInfo> ListSessions() => Bound;

    public bool IsLocal(Jid jid) => Hosts.Contains(jid.Domain);

    public ValueTask<GuardVerdict> CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken) => new(GuardVerdict.Pass);

    public ValueTask<int> AnnounceAsync(string host, string text, CancellationToken cancellationToken)
    {
        Announced.Add((host, text));
        return new(Bound.Count(session => session.Jid.Domain == host));
    }

    private int EndSessions(Jid jid, ISession? except, StreamError error)
    {
        Ended.Add((jid.ToString(), error.Condition));
        return Bound.RemoveAll(session => jid.IsFull ? session.Jid.Equals(jid) : session.Jid.Bare.Equals(jid));
    }

    public ValueTask<ReloadReport> ReloadAsync(CancellationToken cancellationToken) => new(OnReload());

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    /// <summary>Nobody is there to get something.</summary>
    private sealed class NoStanzas : IStanzaSender
    {
        public ValueTask<StanzaError?> SendMessageAsync(Element message, CancellationToken cancellationToken) => default;

        public ValueTask<IqReply> AskAsync(Jid to, Jid from, IqType type, Element payload, CancellationToken cancellationToken) =>
            new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));

        public StanzaError? Send(BroadcastStanza stanza, Jid to) => null;

        public StanzaError? Send(Element stanza, Jid to) => null;
    }
}
