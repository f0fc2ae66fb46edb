using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Server.Control;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Control;

public sealed class ControlServerTests : IAsyncLifetime
{
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");
    private static readonly IReadOnlyList<ScramKeys> Keys = PasswordKeys.Create("secret", 4096);

    private readonly TemporaryDirectory _directory = new();
    private readonly LogBuffer _events = new();
    private FakeServer _server = null!;
    private ControlServer _control = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string SocketPath => _server.Options.Control.Socket;

    private ControlClient Client => new(SocketPath);

    public ValueTask InitializeAsync()
    {
        _server = new(_directory.Path);
        _control = Start();
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _control.DisposeAsync();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public void The_socket_is_for_the_owner_only() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));

    [Fact]
    public async Task The_socket_goes_with_the_server()
    {
        Assert.True(await Client.IsRunningAsync(Cancellation));
        await _control.DisposeAsync();
        Assert.False(File.Exists(SocketPath));
        Assert.False(await Client.IsRunningAsync(Cancellation));
        _control = Start();
    }

    [Fact]
    public async Task The_socket_of_a_server_that_died_is_replaced()
    {
        await _control.DisposeAsync();
        LeaveStaleSocket();

        _control = Start();

        Assert.True(await Client.IsRunningAsync(Cancellation));
    }

    [Fact]
    public async Task A_second_server_does_not_take_the_socket_of_a_first()
    {
        var refusal = Assert.Throws<ControlException>(Start);

        Assert.StartsWith("control.socket: another server listens", refusal.Message, StringComparison.Ordinal);
        Assert.True(await Client.IsRunningAsync(Cancellation));
    }

    [Fact]
    public async Task A_file_that_is_no_socket_is_kept()
    {
        await _control.DisposeAsync();
        File.WriteAllText(SocketPath, "dear diary");

        Assert.Throws<ControlException>(Start);

        Assert.Equal("dear diary", File.ReadAllText(SocketPath));
        File.Delete(SocketPath);
        _control = Start();
    }

    [Fact]
    public async Task Status_tells_how_the_server_is()
    {
        var status = await Client.SendForOneAsync<ServerStatus>(new StatusRequest(), Cancellation);

        Assert.NotNull(status);
        Assert.Equal(Environment.ProcessId, status.Pid);
        Assert.InRange(status.Uptime, 60, 120);
        Assert.Equal(3, status.Sessions);
        Assert.Equal(4, status.Connections);
        Assert.Equal([new ListenerStatus("::", 5222, ListenerTls.StartTls)], status.Listeners);
        Assert.Equal("sqlite", status.Store.Kind);
        Assert.True(status.Store.Healthy);
        Assert.InRange(status.ResidentBytes, status.HeapBytes, long.MaxValue);
        Assert.Equal(2029, status.CertificateEnds["localhost"]!.Value.Year);
    }

    [Fact]
    public async Task Sessions_are_listed_by_jid_host_or_all()
    {
        Assert.Equal(
            ["juliet@localhost/balcony", "juliet@localhost/phone", "romeo@localhost/orchard"], await SessionsAsync(null));
        Assert.Equal(["romeo@localhost/orchard"], await SessionsAsync("romeo@localhost"));
        Assert.Equal(3, (await SessionsAsync("localhost")).Count);
        Assert.Empty(await SessionsAsync("example.org"));
    }

    [Fact]
    public async Task A_session_keeps_all_its_properties_on_the_way()
    {
        var sessions = await Client.SendAsync<SessionInfo>(new ListSessionsRequest(null), Cancellation).ToListAsync(Cancellation);

        Assert.Equal(_server.Bound.OrderBy(session => session.Jid.ToString(), StringComparer.Ordinal), sessions);
    }

    [Theory]
    [InlineData("juliet@localhost", 2)]
    [InlineData("juliet@localhost/phone", 1)]
    [InlineData("nobody@localhost", 0)]
    public async Task Kick_ends_sessions_and_counts_them(string jid, int count)
    {
        Assert.Equal(count, await Client.SendForOneAsync<int>(new KickRequest(Jid.Parse(jid)), Cancellation));
        Assert.Equal([(jid, StreamErrorCondition.PolicyViolation)], _server.Ended);
    }

    [Fact]
    public async Task Hosts_are_listed_with_their_accounts_sessions_and_certificates()
    {
        await AddRomeoAsync();

        var hosts = await Client.SendAsync<HostInfo>(new ListHostsRequest(), Cancellation).ToListAsync(Cancellation);

        Assert.Equal([new("localhost", 1, 3, _server.Certificates[0].NotAfter), new HostInfo("example.org", 0, 0, null)], hosts);
    }

    [Fact]
    public async Task Reload_reports_what_changed()
    {
        _server.OnReload = () => new(["log.level"], ["listeners"], ["a: b"], ["c"]);

        var report = await Client.SendForOneAsync<ReloadReport>(new ReloadRequest(), Cancellation);

        Assert.Equivalent(_server.OnReload(), report, strict: true);
    }

    [Fact]
    public async Task An_account_can_be_added_found_and_listed()
    {
        Assert.True(await AddRomeoAsync());
        Assert.False(await AddRomeoAsync());

        var account = await Client.SendForOneAsync<AccountInfo>(new FindUserRequest(Romeo), Cancellation);

        Assert.Equal(Romeo, account!.Jid);
        Assert.True(account.Enabled);
        Assert.Null(account.LastLogin);
        Assert.Equal(4096, account.Hashes["SHA-256"]);
        var listed = await Client.SendAsync<AccountInfo>(new ListUsersRequest("localhost"), Cancellation).ToListAsync(Cancellation);
        Assert.Equal([Romeo], listed.Select(account => account.Jid));
        Assert.Null(await Client.SendForOneAsync<AccountInfo>(new FindUserRequest(Jid.Parse("nobody@localhost")), Cancellation));
        var stored = await _server.Store.Accounts.FindAsync(Romeo, Cancellation);
        Assert.Equal(StoredKeys(Keys), StoredKeys(stored!.Keys));

        static IEnumerable<string> StoredKeys(IEnumerable<ScramKeys> keys) =>
            keys.Select(key => Convert.ToHexString(key.StoredKey.Span)).Order();
    }

    [Fact]
    public async Task Changing_disabling_or_deleting_an_account_ends_its_sessions()
    {
        await AddRomeoAsync();

        Assert.True(await Client.SendForOneAsync<bool>(new SetKeysRequest(Romeo, Keys), Cancellation));
        Assert.True(await Client.SendForOneAsync<bool>(new SetEnabledRequest(Romeo, false), Cancellation));
        Assert.True(await Client.SendForOneAsync<bool>(new SetEnabledRequest(Romeo, true), Cancellation));
        Assert.True(await Client.SendForOneAsync<bool>(new DeleteUserRequest(Romeo), Cancellation));

        Assert.Equal(
            [StreamErrorCondition.Reset, StreamErrorCondition.NotAuthorized, StreamErrorCondition.NotAuthorized],
            _server.Ended.Select(ended => ended.Reason));
    }

    [Fact]
    public async Task What_does_not_exist_is_not_changed_and_nobody_is_disturbed()
    {
        Assert.False(await Client.SendForOneAsync<bool>(new SetKeysRequest(Romeo, Keys), Cancellation));
        Assert.False(await Client.SendForOneAsync<bool>(new SetEnabledRequest(Romeo, false), Cancellation));
        Assert.False(await Client.SendForOneAsync<bool>(new DeleteUserRequest(Romeo), Cancellation));
        Assert.Empty(_server.Ended);
    }

    [Theory]
    [InlineData("romeo@elsewhere.example", "elsewhere.example is not served here; the hosts are: localhost, example.org")]
    [InlineData("localhost", "localhost is not the address of an account")]
    [InlineData("romeo@localhost/orchard", "romeo@localhost/orchard is not the address of an account")]
    public async Task An_account_needs_a_name_and_a_host_that_is_served(string jid, string problem)
    {
        var refusal = await Assert.ThrowsAsync<ControlException>(
            () => Client.SendForOneAsync<bool>(new AddUserRequest(Jid.Parse(jid), Keys), Cancellation).AsTask());

        Assert.Equal(problem, refusal.Message);
    }

    [Fact]
    public async Task Log_gives_the_last_events()
    {
        Log("1", LogLevel.Warning);
        Log("2", LogLevel.Information);
        Log("3", LogLevel.Warning);

        Assert.Equal(["2", "3"], await LogAsync(new(2, Follow: false, LogLevel.Trace)));
        Assert.Equal(["1", "3"], await LogAsync(new(2, Follow: false, LogLevel.Warning)));
    }

    [Fact]
    public async Task Log_follows_until_the_client_leaves()
    {
        Log("before", LogLevel.Information);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using var entries = Follow(leaving.Token);

        Assert.True(await entries.MoveNextAsync());
        Assert.Equal("before", entries.Current.Message);
        Log("too fine", LogLevel.Debug);
        Log("after", LogLevel.Information);
        Assert.True(await entries.MoveNextAsync());
        Assert.Equal("after", entries.Current.Message);
    }

    [Fact]
    public async Task Clients_that_follow_and_leave_give_their_places_back()
    {
        Log("event", LogLevel.Information);
        // More than may be connected at the same time.
        for (var i = 0; i < 100; i++)
        {
            await using var entries = Follow(Cancellation);
            Assert.True(await entries.MoveNextAsync());
        }
    }

    [Fact]
    public async Task Followers_end_when_the_server_stops()
    {
        Log("event", LogLevel.Information);
        await using var entries = Follow(Cancellation);
        Assert.True(await entries.MoveNextAsync());

        await _control.DisposeAsync();

        await Assert.ThrowsAsync<ControlException>(() => entries.MoveNextAsync().AsTask());
        _control = Start();
    }

    [Theory]
    [InlineData("nonsense\n")]
    [InlineData("null\n")]
    [InlineData("{\"command\":\"explode\"}\n")]
    [InlineData("{\"command\":\"session kick\",\"jid\":\"@@\"}\n")]
    public async Task A_bad_request_gets_an_error(string request) =>
        Assert.StartsWith("{\"error\":", await RawAsync(request), StringComparison.Ordinal);

    [Fact]
    public async Task A_request_without_end_gets_an_error() =>
        Assert.Equal("{\"error\":\"the request is longer than 65536 bytes\"}", await RawAsync(new string(' ', 65_536)));

    [Fact]
    public async Task An_answer_can_be_read_by_any_program() =>
        Assert.Equal("""{"item":0}""", await RawAsync("""{"command":"session kick","jid":"nobody@localhost"}""" + "\n"));

    [Fact]
    public async Task A_failure_of_the_server_is_answered_without_its_details()
    {
        _server.OnReload = () => throw new InvalidOperationException("the inside of the server");

        var refusal = await Assert.ThrowsAsync<ControlException>(
            () => Client.SendForOneAsync<ReloadReport>(new ReloadRequest(), Cancellation).AsTask());

        Assert.Equal("The server failed at this; its log says how.", refusal.Message);
        Assert.True(await Client.IsRunningAsync(Cancellation));
    }

    private ControlServer Start() => ControlServer.Start(_server, _events, TimeProvider.System, NullLogger<ControlServer>.Instance);

    private ValueTask<bool> AddRomeoAsync() => Client.SendForOneAsync<bool>(new AddUserRequest(Romeo, Keys), Cancellation);

    private ValueTask<List<string>> SessionsAsync(string? of) => Client
        .SendAsync<SessionInfo>(new ListSessionsRequest(of is null ? null : Jid.Parse(of)), Cancellation)
        .Select(session => session.Jid.ToString()).ToListAsync(Cancellation);

    private ValueTask<List<string>> LogAsync(LogRequest request) =>
        Client.SendAsync<LogEntry>(request, Cancellation).Select(entry => entry.Message).ToListAsync(Cancellation);

    private IAsyncEnumerator<LogEntry> Follow(CancellationToken leave) => Client
        .SendAsync<LogEntry>(new LogRequest(10, Follow: true, LogLevel.Information), leave)
        .GetAsyncEnumerator(leave);

    private void Log(string message, LogLevel level) => _events.Add(new(DateTimeOffset.UnixEpoch, level, "Test", message));

    /// <summary>The first line of the answer.</summary>
    private async Task<string?> RawAsync(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), Cancellation);
        await socket.SendAsync(Encoding.UTF8.GetBytes(request), Cancellation);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadLineAsync(Cancellation);
    }

    private void LeaveStaleSocket()
    {
        // Bound under another name, so that disposing does not take the file along.
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(SocketPath + "1"));
            File.Move(SocketPath + "1", SocketPath);
        }
        Assert.True(File.Exists(SocketPath));
    }
}
