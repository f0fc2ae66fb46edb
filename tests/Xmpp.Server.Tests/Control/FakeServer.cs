using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;
using Xmpp.Server.Modules;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Server.Tests.Control;

/// <summary>A server as the control socket sees it, with a real store and nothing else behind.</summary>
internal sealed class FakeServer(string directory) : IServerControl, IAsyncDisposable
{
    private readonly SqliteStore _store = SqliteStore.Open(Path.Combine(directory, "test.db"));

    public List<SessionInfo> Bound { get; } =
    [
        new(Jid.Parse("romeo@localhost/orchard"), "192.0.2.1:40000", "TLSv1.3", DateTimeOffset.UnixEpoch, "available", 5),
        new(Jid.Parse("juliet@localhost/phone"), "[2001:db8::1]:40001", null, DateTimeOffset.UnixEpoch, null, null),
        new(Jid.Parse("juliet@localhost/balcony"), "192.0.2.2:40002", "TLSv1.2", DateTimeOffset.UnixEpoch, "away", -1),
    ];

    public List<(string Jid, StreamErrorCondition Reason)> Ended { get; } = [];

    public IAccountService Accounts => new AccountService(
        _store.Accounts, TimeProvider.System, () => 4096, () => new ModuleTable([]), EndSessions,
        NullLogger<AccountService>.Instance);

    public Func<ReloadReport> OnReload { get; set; } = () => new(["log.level"], [], [], []);

    public ServerOptions Options { get; set; } = new()
    {
        Hosts = ["localhost", "example.org"],
        Control = new() { Socket = Path.Combine(directory, "control", "ctl.sock") },
    };

    public IStore Store => _store;

    public DateTimeOffset Started { get; } = DateTimeOffset.UtcNow.AddMinutes(-1);

    public string TlsEngine => "openssl";

    public IReadOnlyList<HostCertificate> Certificates { get; } =
        [new("localhost", "localhost.crt", "localhost.key", new DateTimeOffset(2029, 2, 22, 0, 0, 0, TimeSpan.Zero), [], [])];

    public IReadOnlyList<ListenerInfo> Listeners { get; } = [new(new(IPAddress.IPv6Any, 5222), ListenerTls.StartTls)];

    public int Connections => 4;

    public int Sessions => Bound.Count;

    public IReadOnlyCollection<SessionInfo> ListSessions() => Bound;

    private int EndSessions(Jid jid, ISession? except, StreamError error)
    {
        Ended.Add((jid.ToString(), error.Condition));
        return Bound.RemoveAll(session => jid.IsFull ? session.Jid.Equals(jid) : session.Jid.Bare.Equals(jid));
    }

    public ValueTask<ReloadReport> ReloadAsync(CancellationToken cancellationToken) => new(OnReload());

    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
